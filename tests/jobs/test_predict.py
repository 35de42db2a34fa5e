"""`headstart.predict` and what stands behind it."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.choosing import LastResortWarning
from headstart.backbones.classes import ClassName
from headstart.data import as_source
from headstart.errors import (
    ImageDamaged,
    ImageNotFound,
    NotASavedModel,
    UsageError,
    WeightsMismatch,
    WeightsNotFound,
)
from headstart.jobs.predict import Answer, Prediction, open_recogniser


@pytest.fixture(scope="module")
def network(tiny_network):
    names = tuple(ClassName(f"n{i}", f"class {i}") for i in range(5))
    return dataclasses.replace(tiny_network, classes=names)


def pixels(seed):
    return np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)


def test_the_most_probable_classes_come_first(network):
    found = hs.predict([pixels(0), pixels(1)], network, top=3)
    assert [len(predictions) for predictions in found] == [3, 3]
    for predictions in found:
        probabilities = [prediction.probability for prediction in predictions]
        assert probabilities == sorted(probabilities, reverse=True)
        for prediction in predictions:
            assert prediction.label == f"class {prediction.id[1:]}"


def test_probabilities_are_those_of_the_network(network):
    (predictions,) = hs.predict([pixels(0)], network, top=5, resize="squash", precision="f32")
    from headstart.features.engine import compile_network

    engine = compile_network(network, outputs=("probabilities",))
    image = Image.fromarray(pixels(0)).resize((32, 32), Image.Resampling.BILINEAR)
    expected = engine.infer(np.asarray(image)[None])["probabilities"][0]
    found = {prediction.id: prediction.probability for prediction in predictions}
    assert [found[f"n{i}"] for i in range(5)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_the_same_picture_in_any_form_gets_the_same_answer(network, tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(pixels(0)).save(path)
    forms = [str(path), path, path.read_bytes(), pixels(0), Image.fromarray(pixels(0))]
    answers = hs.predict(forms, network)
    assert all(answer == answers[0] for answer in answers)
    assert hs.predict(str(path), network) == [answers[0]]
    assert hs.predict(tmp_path, network) == [answers[0]]


def test_a_picture_that_can_not_be_read_is_raised_by_name(network):
    with pytest.raises(ImageNotFound, match=r"nothing\.jpg"):
        hs.predict(["nothing.jpg"], network)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"top": 0}, "top must be at least 1"),
        ({"resize": "stretch"}, "resize rule must be one of"),
        ({"precision": "int8"}, "precision must be one of"),
    ],
)
def test_arguments_that_are_wrong(network, settings, says):
    with pytest.raises(UsageError, match=says):
        hs.predict([pixels(0)], network, **settings)


def test_a_network_without_classes_is_no_recogniser(tiny_network):
    with pytest.raises(UsageError, match="Train a head on it"):
        open_recogniser(tiny_network)


def test_a_saved_model_answers_with_the_users_own_labels(network, tmp_path):
    pictures, labels = [np.full((40, 40, 3), v, np.uint8) for v in (5, 250) * 4], [False, True] * 4
    model = hs.ImageClassifier(network).fit(pictures, labels).save(tmp_path / "model")
    (first,), (second,) = hs.predict(pictures[:2], model, top=1)
    assert (first.id, first.label) == ("False", False)
    assert (second.id, second.label) == ("True", True)
    assert hs.predict(pictures[:2], tmp_path / "model", top=1) == [[first], [second]]
    again = hs.predict(pictures[:2], model, top=1, resize="pad", precision="f32")
    assert again == [[first], [second]]


def test_an_endless_stream_is_answered_as_it_comes(network):
    def endless():
        for seed in range(10**9):
            yield as_source(pixels(seed % 3), seed)

    answers = open_recogniser(network).answers(endless(), top=1)
    first = [next(answers) for _ in range(50)]
    answers.close()
    assert [answer.path for answer in first[:2]] == ["image 0", "image 1"]
    assert first[0].predictions == first[3].predictions


def test_records_are_json():
    source = as_source("a.jpg")
    answered = Answer(
        source, (Prediction("n1", "ant", 0.5),), notes=("animated: first frame of 2",)
    )
    refused = Answer(source, error=ImageDamaged("cut short"))
    assert json.loads(json.dumps(answered.to_record())) == {
        "path": "a.jpg",
        "predictions": [{"id": "n1", "label": "ant", "probability": 0.5}],
        "notes": ["animated: first frame of 2"],
    }
    assert refused.to_record() == {
        "path": "a.jpg",
        "error": {"type": "ImageDamaged", "message": "cut short"},
    }


@pytest.fixture
def found(network, stand_in):
    """Let the tiny network stand in for every backbone; return the names asked for."""
    return stand_in(network)


@pytest.mark.usefixtures("offline")
def test_without_weights_and_network_mini_answers_and_a_warning_says_so(found):
    with pytest.warns(LastResortWarning, match="mini is used"):
        (answer,) = hs.predict([pixels(0)], top=1)
    assert len(answer) == 1
    progress = Recorder()
    open_recogniser("auto", progress=progress)
    assert len(progress.said) == 1
    assert found == ["mini", "mini"]


def test_what_is_at_hand_is_taken_without_a_word(found, offline):
    (offline / "mobilenet_imagenet.weights.h5").touch()
    hs.predict([pixels(0)], top=1)
    assert found == ["mobilenet"]


def test_damaged_weights_at_hand_are_an_error_and_not_passed_over(offline):
    (offline / get_backbone("efficientnet_b0").weights.filename).write_bytes(b"cut short")
    with pytest.raises(WeightsMismatch, match="must have the published hash"):
        hs.predict([pixels(0)])


@pytest.mark.usefixtures("offline")
def test_a_named_network_is_never_replaced():
    with pytest.raises(WeightsNotFound, match="must exist"):
        hs.predict([pixels(0)], "mobilenet", weights="nowhere.h5")
    with pytest.raises(UsageError, match="name it as the model"):
        hs.predict([pixels(0)], weights="nowhere.h5")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("kind", [Path, str])
def test_a_backbones_folder_is_not_taken_for_a_saved_model(tmp_path, kind):
    (tmp_path / "backbone.json").write_text("{}")
    with pytest.raises(NotASavedModel, match=r"backbone\.json"):
        hs.predict([pixels(0)], kind(tmp_path))
