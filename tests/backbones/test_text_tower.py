"""Text towers: tokens, vectors, and damaged files."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.backbones import transformers_reference as theirs
from tests.backbones.tiny_texts import TEXTS, WIDTH, text_arrays, write_tokenizer, write_tower

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.text_tower import read_tokenizer, text_vectors, tokens
from headstart.errors import MissingExtra, WeightsMismatch

pytest.importorskip("tokenizers")


@pytest.fixture
def tokenizer(tmp_path):
    write_tokenizer(tmp_path / "tokenizer.json")
    return read_tokenizer(tmp_path / "tokenizer.json")


@pytest.fixture
def tower(tmp_path):
    write_tower(tmp_path / "tower.safetensors")
    return tmp_path / "tower.safetensors"


def test_texts_become_tokens_between_first_and_last(tokenizer):
    found = tokens(tokenizer, ["A Tiger", "a horse cart."], TEXTS)
    assert found.tolist() == [[2, 3, 10, 1, 0, 0], [2, 3, 8, 9, 6, 1]]


def test_a_tower_that_sees_all_places_gets_all(tokenizer):
    found = tokens(tokenizer, ["tiger"], replace(TEXTS, causal=False, first=(), length=5))
    assert found.tolist() == [[10, 1, 0, 0, 0]]


def test_what_is_too_long_is_cut_and_still_ends(tokenizer):
    (found,) = tokens(tokenizer, ["a photo of a tiger a photo of a tiger a photo"], TEXTS)
    assert len(found) == TEXTS.length
    assert found[-1] == TEXTS.last


def test_vectors_have_the_length_1_and_depend_on_nothing_else(tokenizer, tower):
    texts = ["a tiger", "a horse", "a horse cart of a tiger", *["a cart"] * 40]
    ids = tokens(tokenizer, texts, TEXTS)
    vectors, scale = text_vectors(tower, ids, TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert scale == pytest.approx(20)
    alone, _ = text_vectors(tower, tokens(tokenizer, ["a horse"], TEXTS), TEXTS)
    np.testing.assert_allclose(alone[0], vectors[1], atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def without(name):
    return {key: array for key, array in text_arrays().items() if key != name}


FC1 = "text_model.encoder.layers.1.mlp.fc1.weight"


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        (without("logit_scale"), "no array logit_scale"),
        (without(FC1), "no array"),
        ({**text_arrays(), FC1: np.full((4 * WIDTH, WIDTH), np.nan, np.float32)}, "finite"),
        ({**text_arrays(), FC1: np.zeros((4 * WIDTH, WIDTH), np.int64)}, "finite numbers"),
        ({**text_arrays(), FC1: np.zeros((7, 3), np.float32)}, "MatMul"),
        ({**text_arrays(), "logit_scale": np.array(1e6, np.float32)}, "math range"),
    ],
)
def test_files_without_a_whole_tower_are_refused(arrays, why, tokenizer, tmp_path):
    write_tower(tmp_path / "x", arrays)
    with pytest.raises(WeightsMismatch, match=why):
        text_vectors(tmp_path / "x", tokens(tokenizer, ["tiger"], TEXTS), TEXTS)


def test_a_tokenizer_of_another_tower_is_refused(tower):
    with pytest.raises(WeightsMismatch, match="rows that are needed"):
        text_vectors(tower, np.array([[2, 500, 1]]), TEXTS)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"model": {"type": "BPE"}}'])
def test_what_is_no_tokenizer_is_refused(content, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(WeightsMismatch, match="must be a tokenizer"):
        read_tokenizer(tmp_path / "tokenizer.json")


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"\[text\]"):
        read_tokenizer(tmp_path / "tokenizer.json")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clip_vit_b32", "siglip2_vit_b16"])
def test_vectors_equal_those_of_transformers(name, tmp_path):
    row = get_backbone(name)
    theirs.network(name).save_pretrained(tmp_path)
    rng, how = np.random.default_rng(0), row.texts
    ids = np.full((5, 12 if how.causal else how.length), how.pad)
    for count, line in enumerate(ids, start=3):
        words = rng.integers(3, 400, count)
        line[: len(how.first) + count + 1] = [*how.first, *words, how.last]
    expected, expected_scale = theirs.text_vectors(row, ids)
    found, scale = text_vectors(tmp_path / "model.safetensors", ids, how)
    assert scale == pytest.approx(expected_scale)
    assert np.abs(found - expected).max() <= 1e-5
