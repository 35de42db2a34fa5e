"""`headstart.predict` and what stands behind it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.choosing import LastResortWarning
from headstart.backbones.spec import NetworkSpec
from headstart.errors import (
    ImageNotFound,
    NotASavedModel,
    UsageError,
    WeightsMismatch,
    WeightsNotFound,
)
from headstart.features.settings import FeatureSettings
from headstart.jobs.predict import open_predictor
from headstart.networks.classes import ClassName


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
    from headstart.features.compiling import compile_network

    engine = compile_network(network, outputs=("probabilities",))
    image = Image.fromarray(pixels(0)).resize((32, 32), Image.Resampling.BILINEAR)
    expected = engine.infer(np.asarray(image)[None])["probabilities"][0]
    found = {prediction.id: prediction.probability for prediction in predictions}
    assert [found[f"n{i}"] for i in range(5)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_the_same_image_in_any_form_gets_the_same_answer(network, tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(pixels(0)).save(path)
    forms = [str(path), path, path.read_bytes(), pixels(0), Image.fromarray(pixels(0))]
    answers = hs.predict(forms, network)
    assert all(answer == answers[0] for answer in answers)
    assert hs.predict(str(path), network) == [answers[0]]
    assert hs.predict(tmp_path, network) == [answers[0]]


def test_an_image_that_can_not_be_read_does_not_fail_the_others(network):
    images = [pixels(0), b"no image", pixels(1), "nowhere.jpg"]
    found = hs.predict(images, network, on_error="return")
    assert [type(each) for each in found] == [list, hs.ImageUnsupported, list, hs.ImageNotFound]
    assert found[::2] == hs.predict(images[::2], network)
    assert "image 1" in str(found[1])
    with pytest.raises(UsageError, match="on_error must be one of raise, return"):
        hs.predict(images, network, on_error="skip")


def test_an_image_that_can_not_be_read_is_raised_by_name(network):
    with pytest.raises(ImageNotFound, match=r"nothing\.jpg"):
        hs.predict(["nothing.jpg"], network)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"top": 0}, "top must be a whole number of at least 1"),
        ({"resize": "stretch"}, "resize must be one of"),
        ({"precision": "f16"}, "precision must be one of"),
    ],
)
def test_arguments_that_are_wrong(network, settings, says):
    with pytest.raises(UsageError, match=says):
        hs.predict([pixels(0)], network, **settings)


def test_a_gpu_that_is_not_there_is_refused_before_a_network_is_looked_for(monkeypatch):
    def refuse(device):
        raise UsageError(f"no {device}")

    monkeypatch.setattr("headstart.jobs.predict.check_device", refuse)
    with pytest.raises(UsageError, match="no gpu"):
        hs.predict([pixels(0)], "no-such-network", device="gpu")


def test_a_network_without_classes_can_not_predict(tiny_network):
    with pytest.raises(UsageError, match="Train a head on it"):
        open_predictor(tiny_network)


@pytest.fixture
def classifier(network):
    images, labels = [np.full((40, 40, 3), v, np.uint8) for v in (5, 250) * 4], [False, True] * 4
    return hs.ImageClassifier(network).fit(images, labels)


def test_a_trained_model_answers_with_the_users_own_labels(classifier, tmp_path):
    images = [np.full((40, 40, 3), v, np.uint8) for v in (5, 250)]
    model = classifier.save(tmp_path / "model")
    (first,), (second,) = hs.predict(images, model=model, top=1)
    assert (first.id, first.label) == ("False", False)
    assert (second.id, second.label) == ("True", True)
    for same in (tmp_path / "model", str(tmp_path / "model"), model.predictor):
        assert hs.predict(images, model=same, top=1) == [[first], [second]]
    for trained in (model, classifier):  # also where a backbone is expected
        assert hs.predict(images, trained, top=1) == [[first], [second]]
    again = hs.predict(images, model=model, top=1, resize="squash", precision="f32")
    assert again == [[first], [second]]
    assert [found[0].label for found in hs.predict(images, model=classifier)] == [False, True]


def test_a_trained_model_prepares_images_as_in_training(classifier):
    for settings, says in (
        ({"resize": "crop"}, "as in training, by 'squash'"),
        ({"precision": "f16"}, "precision must be one of"),
    ):
        with pytest.raises(UsageError, match=says):
            open_predictor(classifier, FeatureSettings(**settings))


def test_the_precision_of_a_trained_model_can_be_chosen(classifier):
    assert open_predictor(classifier).precision == classifier.precision_.precision
    assert open_predictor(classifier, FeatureSettings(precision="bf16")).precision == "bf16"


def test_a_predictor_is_opened_already(classifier):
    opened = open_predictor(classifier.predictor_)
    assert opened.extractor is classifier.predictor_.extractor
    assert opened.scorer is classifier.predictor_.scorer


@pytest.mark.parametrize("named", [hs.ImageClassifier(), 7])
def test_what_can_not_predict_is_refused(named):
    with pytest.raises(UsageError, match=r"or a fitted ImageClassifier\. Received"):
        open_predictor(named)
    with pytest.raises(UsageError, match=r"or a fitted ImageClassifier\. Received"):
        hs.predict([pixels(0)], named)


def test_either_a_backbone_or_a_model_answers():
    for settings in ({"backbone": "mini"}, {"weights": "w.h5"}):
        with pytest.raises(UsageError, match="either a backbone or a model"):
            hs.predict([pixels(0)], model="my-model", **settings)


def test_a_trained_model_takes_no_weights(classifier):
    with pytest.raises(
        UsageError, match=r"belong to a backbone\. Received: weights='w.h5', size=9"
    ):
        hs.predict([pixels(0)], classifier, weights="w.h5", size=9)


def test_a_saved_model_takes_no_weights(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    with pytest.raises(UsageError, match="its weights inside"):
        open_predictor(NetworkSpec(tmp_path / "model", weights="w.h5"))
    # A permission changes nothing.
    open_predictor(NetworkSpec(tmp_path / "model", allow_non_commercial=True))


def test_a_variant_of_a_network_is_described_by_a_spec(network):
    spec = NetworkSpec(network, mirror=True)
    assert open_predictor(spec).network.mirror
    assert hs.predict([pixels(0)], spec) == hs.predict([pixels(0)[:, ::-1]], spec)
    assert hs.predict([pixels(0)], network, mirror=True) == hs.predict([pixels(0)], spec)


@pytest.mark.parametrize("asked", [{"pooling": "max"}, {"layer": "conv"}])
def test_features_that_a_network_has_no_classes_for_are_refused(network, asked):
    with pytest.raises(UsageError, match="on others, train a head"):
        hs.predict([pixels(0)], network, **asked)


def test_progress_is_shown(network):
    progress = Recorder()
    hs.predict([pixels(0)], network, progress=progress)
    assert progress.bars == [["predicting", 1, "image", 1]]


@pytest.fixture
def found(network, stand_in):
    """Let the tiny network stand in for every backbone; return the names asked for."""
    return stand_in(network)


@pytest.mark.usefixtures("offline")
def test_without_weights_and_network_mini_answers_and_a_warning_says_so(found):
    with pytest.warns(LastResortWarning, match="headstart uses mini"):
        (answer,) = hs.predict([pixels(0)], top=1)
    assert len(answer) == 1
    progress = Recorder()
    open_predictor("auto", progress=progress)
    assert len(progress.said) == 1
    assert found == ["mini", "mini"]


def test_weights_on_this_machine_are_used_without_a_notice(found, offline):
    (offline / "mobilenet_imagenet.weights.h5").touch()
    hs.predict([pixels(0)], top=1)
    assert found == ["mobilenet"]


def test_damaged_weights_on_this_machine_are_an_error(offline):
    (offline / get_backbone("efficientnet_b0").weights.filename).write_bytes(b"cut short")
    with pytest.raises(WeightsMismatch, match="must have the published hash"):
        hs.predict([pixels(0)])


@pytest.mark.usefixtures("offline")
def test_a_named_network_is_never_replaced():
    with pytest.raises(WeightsNotFound, match="must exist"):
        hs.predict([pixels(0)], "mobilenet", weights="nowhere.h5")
    with pytest.raises(UsageError, match="name the backbone"):
        hs.predict([pixels(0)], weights="nowhere.h5")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("kind", [Path, str])
def test_a_backbones_folder_is_not_taken_for_a_saved_model(tmp_path, kind):
    (tmp_path / "backbone.json").write_text("{}")
    with pytest.raises(NotASavedModel, match=r"backbone\.json"):
        hs.predict([pixels(0)], kind(tmp_path))
