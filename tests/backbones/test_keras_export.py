"""The process that converts: what it writes for the files that a user may have."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from headstart.backbones import keras_export
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.keras_process import REPORTED
from headstart.errors import UnknownBackbone
from headstart.networks.runtime import load_openvino, load_processor


@pytest.mark.parametrize("classes", [1000, 5, None])
def test_classifier_is_that_of_the_file(export, files, classes):
    _, answer = export(files[classes])
    expected = {"features": [576], "feature_map": [1, 2, 576]}
    if classes is not None:
        expected["probabilities"] = [classes]
    assert answer["outputs"] == expected
    assert answer["macs"] > 0


def test_layers_are_outputs_by_their_names(export, files):
    layers = ["expanded_conv_8_project", "expanded_conv_2_add"]
    _, answer = export(files[5], size=(64, 64), layers=layers)
    assert answer["outputs"] == {layers[0]: [2, 2, 96], layers[1]: [8, 8, 24]}


def test_converted_network_transposes_no_feature_map(export, files):
    graph, _ = export(files[1000])
    nodes = load_openvino().Core().read_model(graph).get_ordered_ops()
    kinds = [node.get_type_name() for node in nodes]
    assert kinds.count("Transpose") == 2  # the image at the start, the feature map at the end


def test_vgg_loses_its_classifier_at_another_size(converter, export, tmp_path):
    weights = tmp_path / "vgg.weights.h5"
    converter.ask(task="save", builder="VGG16", classes=None, path=str(weights))
    _, answer = export(weights, get_backbone("vgg16"), (64, 32))
    assert answer["outputs"] == {"features": [512], "feature_map": [2, 1, 512]}


def test_weights_of_another_network_are_refused(export, files):
    _, answer = export(files[1000], get_backbone("mobilenet_v2"))
    assert answer["error"] == "WeightsMismatch"
    assert "Weights for mobilenet_v2 must be 262 arrays" in answer["message"]
    assert "mobilenet_v3_small has as many" in answer["message"]


@pytest.mark.parametrize("kind", REPORTED)
def test_reported_errors_are_answers(monkeypatch, kind):
    def fail(_):
        raise kind("the reason")

    monkeypatch.setitem(keras_export.TASKS, "export", fail)
    found = keras_export.answer({"task": "export"})
    assert found == {"error": kind.__name__, "message": "the reason"}


def test_a_disk_that_is_full_is_an_answer(monkeypatch):
    def fail(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(keras_export.TASKS, "export", fail)
    found = keras_export.answer({"task": "export"})
    assert found["error"] == "StorageError"
    assert "No space left on device. Free some space" in found["message"]
    monkeypatch.setitem(keras_export.TASKS, "export", lambda _: {}[0])
    with pytest.raises(KeyError):
        keras_export.answer({"task": "export"})


def test_their_subclasses_are_reported_as_they_are_known():
    request = {"task": "summarise", "backbone": "nothing", "folder": ""}
    assert keras_export.answer(request)["error"] == UnknownBackbone.__base__.__name__


def test_other_errors_end_the_process():
    with pytest.raises(KeyError):
        keras_export.answer({"task": "nothing"})


def test_features_of_a_file_without_classifier_are_the_means_of_the_map(export, files):
    graph, _ = export(files[None])
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 48, 3), np.uint8)
    answers = load_processor().compile_model(graph, "CPU")(images)
    features, feature_map = answers["features"], answers["feature_map"]
    np.testing.assert_allclose(features, feature_map.mean((1, 2)), rtol=0.05, atol=1e-3)


@pytest.mark.skipif(os.name == "nt", reason="there, nothing tells who has started a process")
def test_it_ends_if_its_parent_was_killed_before_it_began():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    command = [sys.executable, "-P", "-m", "headstart.backbones.keras_export", str(gone.pid)]
    # Nothing comes from its standard input: it would wait for ever.
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(timeout=100) == 1
