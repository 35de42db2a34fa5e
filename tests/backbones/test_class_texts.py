"""Classes that are given as texts."""

from dataclasses import replace

import numpy as np
import pytest
from tests.backbones.tiny_texts import TEXTS, write_tokenizer, write_tower

from headstart.backbones import class_texts
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.class_texts import class_vectors, prompts, texts_of
from headstart.backbones.weights import WeightsFile
from headstart.errors import DownloadError, UsageError, WeightsMismatch
from headstart.storage.cache_folder import cache_dir
from headstart.storage.disk import hash_file

pytest.importorskip("tokenizers")

ROW = replace(get_backbone("clip_vit_b32"), texts=TEXTS)
CLASSES = ["a rickshaw", "a horse cart", "tiger"]


@pytest.fixture
def weights(tmp_path):
    write_tower(tmp_path / "tower.safetensors")
    write_tokenizer(tmp_path / "tokenizer.json")
    return WeightsFile(
        tmp_path / "tower.safetensors", hash_file(tmp_path / "tower.safetensors"), "given"
    )


def test_the_article_of_a_class_gives_way_to_that_of_the_template():
    classes = ["a rickshaw", "An apple", "the a cappella choir", "ant", "a"]
    assert prompts(classes, ["a {}.", "{}"]) == [
        *("a rickshaw.", "rickshaw", "a apple.", "apple", "a a cappella choir."),
        *("a cappella choir", "a ant.", "ant", "a a.", "a"),
    ]


def test_braces_in_a_class_are_text():
    assert prompts(["{}", "{0}"], ["a {}."]) == ["a {}.", "a {0}."]


@pytest.mark.parametrize("classes", [[], ["tiger"], ["tiger", " "], ["tiger", "A Tiger"]])
def test_classes_must_be_different_texts(classes):
    with pytest.raises(UsageError, match="at least two different texts"):
        prompts(classes, ["a {}."])


@pytest.mark.parametrize("template", ["a photo", "{} and {}", ""])
def test_a_template_must_have_one_place(template):
    with pytest.raises(UsageError, match=r"must have \{\} once"):
        prompts(CLASSES, [template])


def test_the_work_is_bounded():
    with pytest.raises(UsageError, match="50,000 texts"):
        prompts([str(number) for number in range(501)], ["{}"] * 100)


def test_a_backbone_without_texts_is_refused_with_those_that_read_them():
    with pytest.raises(UsageError, match="clip_vit_b32 or siglip2_vit_b16"):
        texts_of(get_backbone("dinov2_small"))


def test_a_vector_is_the_mean_over_the_templates(weights):
    both = class_vectors(ROW, weights, CLASSES, ["a {}", "a photo of a {}"])
    first, second = (
        class_vectors(ROW, weights, CLASSES, [template]).vectors
        for template in ("a {}", "a photo of a {}")
    )
    mean = first + second
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(both.vectors, mean, atol=1e-5)
    assert both.scale == pytest.approx(20)


def test_vectors_are_kept_by_what_they_are_made_of(weights, monkeypatch):
    found = class_vectors(ROW, weights, CLASSES)
    monkeypatch.setattr(class_texts, "text_vectors", None)
    again = class_vectors(ROW, weights, CLASSES)
    np.testing.assert_array_equal(found.vectors, again.vectors)
    for changed in ({"classes": CLASSES[::-1]}, {"templates": ["{}"]}):
        with pytest.raises(TypeError):
            class_vectors(ROW, weights, **{"classes": CLASSES, **changed})
    with pytest.raises(TypeError):
        class_vectors(ROW, replace(weights, sha256="0" * 64), CLASSES)


@pytest.mark.parametrize("content", [b"", b"PK", None])
def test_damaged_vectors_are_made_again(content, weights):
    found = class_vectors(ROW, weights, CLASSES)
    (kept,) = (cache_dir() / "texts").glob("*.npz")
    if content is None:
        np.savez(kept, vectors=np.full((3, 16), np.nan, np.float32), scale=np.array(1.0))
    else:
        kept.write_bytes(content)
    again = class_vectors(ROW, weights, CLASSES)
    np.testing.assert_array_equal(found.vectors, again.vectors)


def test_a_published_tokenizer_with_another_hash_is_refused(weights):
    official = replace(TEXTS.tokenizer, digest="0" * 64)
    (weights.path.parent / "tokenizer.json").rename(weights.path.parent / official.filename)
    row = replace(ROW, texts=replace(TEXTS, tokenizer=official))
    with pytest.raises(WeightsMismatch, match="published hash"):
        class_vectors(row, weights, CLASSES)


@pytest.mark.usefixtures("offline")
def test_without_a_tokenizer_it_is_said_where_to_put_it(weights, monkeypatch):
    monkeypatch.setattr("headstart.hub.connections.PAUSE", 0)
    (weights.path.parent / "tokenizer.json").unlink()
    with pytest.raises(DownloadError, match=r"copy it as tiny\.json into the folder"):
        class_vectors(ROW, weights, CLASSES)
