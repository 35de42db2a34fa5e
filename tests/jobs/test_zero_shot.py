"""Zero-shot classification, with a tiny network and a tiny text tower."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.backbones.tiny_texts import TEXTS, write_tokenizer, write_tower

import headstart as hs
from headstart.backbones.class_texts import class_vectors
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.weights import find_weights
from headstart.cli.main import main
from headstart.errors import UnknownBackbone, UsageError
from headstart.jobs.zero_shot import open_zero_shot
from headstart.prediction.scoring import softmax

pytest.importorskip("tokenizers")

CLASSES = ["a rickshaw", "a horse cart", "tiger"]


@pytest.fixture
def tower(tiny_network, stand_in, monkeypatch, tmp_path):
    """A file with a text tower, for which clip_vit_b32 is the tiny network."""
    stand_in(tiny_network)
    for room in ("backbones.class_texts", "jobs.zero_shot"):
        monkeypatch.setattr(f"headstart.{room}.texts_of", lambda _: TEXTS)
    write_tower(tmp_path / "tower.safetensors")
    write_tokenizer(tmp_path / "tokenizer.json")
    return tmp_path / "tower.safetensors"


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{seed}.png")
    return folder


def test_probabilities_are_those_of_scaled_products(tower, images, tiny_network):
    spec = NetworkSpec("clip_vit_b32", weights=tower)
    predictor = open_zero_shot(spec, CLASSES)
    features = hs.Embedder(tiny_network).transform(str(images))
    row = next(row for row in hs.backbones() if row.name == "clip_vit_b32")
    found = class_vectors(row, find_weights(row, tower), CLASSES)
    expected = softmax(found.scale * features @ found.vectors.T)
    np.testing.assert_allclose(predictor.predict_proba(str(images)), expected, atol=1e-3)
    assert predictor.labels == tuple(CLASSES)
    assert predictor.decision is None


def test_predict_takes_classes(tower, images):
    found = hs.predict(str(images), "clip_vit_b32", classes=CLASSES, weights=tower, top=2)
    assert [len(predictions) for predictions in found] == [2, 2, 2]
    assert {each.label for predictions in found for each in predictions} <= set(CLASSES)
    other = hs.predict(
        str(images), "clip_vit_b32", classes=CLASSES, templates=["{}", "a {}"], weights=tower
    )
    assert other[0][0].probability != found[0][0].probability


def test_a_saved_model_predicts_the_same_without_texts(tower, images, tmp_path):
    model = hs.zero_shot(CLASSES, tmp_path / "model", weights=tower)
    expected = open_zero_shot(NetworkSpec("clip_vit_b32", weights=tower), CLASSES)
    tower.unlink()
    loaded = hs.load(tmp_path / "model")
    np.testing.assert_allclose(
        loaded.predict_proba(str(images)), expected.predict_proba(str(images)), atol=1e-5
    )
    assert loaded.description.head == "zero_shot"
    assert model.predictor.decision is None
    assert "Not trained on images" in (tmp_path / "model" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"backbone": "auto"}, "name of a backbone that reads texts"),
        ({"backbone": "clip_vit_b32", "pooling": "avg"}, "features that the backbone was trained"),
        ({"backbone": "clip_vit_b32", "layer": "class_token"}, "layer='class_token'"),
        ({"backbone": "clip_vit_b32", "mirror": True}, "mirror=True"),
    ],
)
def test_what_texts_can_not_be_compared_with_is_refused(asked, why, tower):
    with pytest.raises(UsageError, match=why):
        open_zero_shot(NetworkSpec(**asked, weights=tower), CLASSES)


def test_a_head_starts_with_the_texts(tower, images, tiny_network):
    start = hs.text_start(CLASSES, "clip_vit_b32", weights=tower)
    scorer = open_zero_shot(NetworkSpec("clip_vit_b32", weights=tower), CLASSES).scorer
    np.testing.assert_array_equal(np.stack([*start.values()], axis=1), scorer.weights)
    head = hs.LogisticHead(C=1e-9, start=start)
    classifier = hs.ImageClassifier(tiny_network, head=head, cache=False, error_target=None)
    paths = sorted(map(str, images.iterdir()))
    classifier.fit(paths, CLASSES)
    texts = np.stack([start[label] for label in classifier.classes_], axis=1)
    expected = softmax(classifier.features(paths) @ texts)  # the penalty leaves only them
    np.testing.assert_allclose(classifier.predict_proba(paths), expected, atol=1e-3)


@pytest.mark.usefixtures("offline")
def test_a_network_that_reads_no_texts_is_refused_before_any_download():
    with pytest.raises(UsageError, match="clip_vit_b32 or siglip2_vit_b16"):
        open_zero_shot(NetworkSpec("mobilenet_v2"), CLASSES)
    with pytest.raises(UsageError, match="two different texts"):
        open_zero_shot(NetworkSpec("siglip2_vit_b16"), ["tiger"])
    with pytest.raises(UnknownBackbone):
        open_zero_shot(NetworkSpec("clip_vit_b23"), CLASSES)


@pytest.mark.usefixtures("offline")
def test_a_backbone_that_reads_texts_asks_for_them():
    with pytest.raises(UsageError, match="Give them as texts"):
        hs.predict([], "siglip2_vit_b16")


def test_a_folder_that_is_taken_is_refused_before_a_download(tower, tmp_path, monkeypatch):
    hs.zero_shot(CLASSES, tmp_path / "model", weights=tower)
    monkeypatch.setattr("headstart.jobs.zero_shot.open_zero_shot", None)
    with pytest.raises(UsageError, match="already"):
        hs.zero_shot(CLASSES, tmp_path / "model", weights=tower)


def test_a_saved_model_is_no_backbone_that_reads_texts(tower, tmp_path):
    hs.zero_shot(CLASSES, tmp_path / "model", weights=tower)
    with pytest.raises(UsageError, match="model', a saved model, which has classes of its own"):
        open_zero_shot(NetworkSpec(tmp_path / "model"), CLASSES)


def test_a_trained_model_takes_no_texts(make_predictor):
    with pytest.raises(UsageError, match="classes of its own"):
        hs.predict([], make_predictor(), classes=CLASSES)
    with pytest.raises(UsageError, match="Templates need classes"):
        hs.predict([], "clip_vit_b32", templates=["a {}"])


def test_the_command_takes_classes_and_saves(tower, images, tmp_path, capsys):
    words = ["predict", str(images), "--model", "clip_vit_b32", "--weights", str(tower), "--json"]
    texts = ["--classes", *CLASSES, "--template", "a {}", "--save", str(tmp_path / "model")]
    assert main([*words, *texts]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3
    assert set(hs.load(tmp_path / "model").classes_) == set(CLASSES)
    assert main([*words, *texts]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*words, *texts, "--overwrite"]) == 0


@pytest.mark.parametrize("flag", [["--template", "a {}"], ["--save", "model"]])
def test_the_options_of_texts_need_classes(flag, images, capsys):
    assert main(["predict", str(images), *flag]) == 2
    assert "needs --classes" in capsys.readouterr().err
    assert main(["predict", str(images), "--classes", "a", "b", "--overwrite"]) == 2
    assert "--overwrite needs --save" in capsys.readouterr().err
