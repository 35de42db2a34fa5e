"""Conversion in a process of its own, with files a user may have."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from headstart.backbones import convert, summary
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.network import load_network
from headstart.backbones.networks import find_network
from headstart.backbones.runtime import load_openvino
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.summary import summarise
from headstart.errors import ConversionError, StorageError, WeightsMismatch

ROW = get_backbone("mobilenet_v3_small")


@pytest.fixture(scope="session")
def files(converter, tmp_path_factory):
    """Weights files by their number of classes."""
    folder = tmp_path_factory.mktemp("files")
    paths = {classes: folder / f"{classes}.weights.h5" for classes in (1000, 5, None)}
    for classes, path in paths.items():
        converter.ask(task="save", builder=ROW.builder, classes=classes, path=str(path))
    return paths


def export(converter, folder, weights, row=ROW, size=(32, 48)):
    graph = folder / "graph.xml"
    request = {"backbone": row.name, "weights": str(weights), "size": size, "graph": str(graph)}
    return graph, json.loads(converter.ask(task="export", **request))


@pytest.mark.parametrize("classes", [1000, 5, None])
def test_classifier_is_what_the_file_has(converter, files, tmp_path, classes):
    _, answer = export(converter, tmp_path, files[classes])
    expected = {"features": [576], "feature_map": [1, 2, 576]}
    if classes is not None:
        expected["probabilities"] = [classes]
    assert answer["outputs"] == expected


@pytest.mark.parametrize(
    ("layer", "shape"),
    [("expanded_conv_8_project", 96), ("expanded_conv_8_add", None), ("conv_2", 1024)],
)
def test_features_may_come_from_any_layer(converter, files, tmp_path, layer, shape):
    graph = tmp_path / "graph.xml"
    request = {"backbone": ROW.name, "weights": str(files[5]), "size": (64, 64)}
    answer = json.loads(
        converter.ask(task="export", **request, graph=str(graph), feature_layer=layer)
    )
    if shape is None:
        assert "Did you mean expanded_conv_" in answer["refused"]
        return
    assert answer["outputs"]["features"] == [shape]
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    answers = load_openvino().Core().compile_model(graph, "CPU")(images)
    maps = answers["feature_map"]
    np.testing.assert_allclose(answers["features"], maps.mean((1, 2)), rtol=0.05, atol=1e-3)


def test_layers_may_come_out_by_their_names(converter, files, tmp_path):
    graph = tmp_path / "graph.xml"
    request = {"backbone": ROW.name, "weights": str(files[5]), "size": (64, 64)}
    layers = ["expanded_conv_8_project", "expanded_conv_2_add"]
    answer = json.loads(converter.ask(task="export", **request, graph=str(graph), layers=layers))
    assert answer["outputs"] == {layers[0]: [2, 2, 96], layers[1]: [8, 8, 24]}


def test_all_files_give_the_same_kind_of_features(converter, files, tmp_path):
    graph, _ = export(converter, tmp_path, files[None])
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 48, 3), np.uint8)
    answers = load_openvino().Core().compile_model(graph, "CPU")(images)
    features, feature_map = answers["features"], answers["feature_map"]
    np.testing.assert_allclose(features, feature_map.mean((1, 2)), rtol=0.05, atol=1e-3)


def test_converted_network_moves_no_feature_map(converter, files, tmp_path):
    graph, _ = export(converter, tmp_path, files[1000])
    nodes = load_openvino().Core().read_model(graph).get_ordered_ops()
    kinds = [node.get_type_name() for node in nodes]
    assert kinds.count("Transpose") == 2  # the image coming in, the feature map going out


def test_vgg_drops_its_classifier_at_another_size(converter, tmp_path):
    weights = tmp_path / "vgg.weights.h5"
    converter.ask(task="save", builder="VGG16", classes=None, path=str(weights))
    _, answer = export(converter, tmp_path, weights, get_backbone("vgg16"), (64, 32))
    assert answer["outputs"] == {"features": [512], "feature_map": [2, 1, 512]}


def test_other_network_is_refused(converter, files, tmp_path):
    _, answer = export(converter, tmp_path, files[1000], get_backbone("mobilenet_v2"))
    assert re.search(r"Weights for mobilenet_v2 must be 262 arrays", answer["mismatch"])
    assert "It has as many numbers as mobilenet_v3_small" in answer["mismatch"]


def test_whole_way_through_the_real_process(files):
    network = find_network(NetworkSpec(ROW.name, weights=files[1000], size=(32, 32)))
    assert network.outputs["probabilities"] == (1000,)
    assert load_network(network.folder) == network


@pytest.mark.parametrize(
    ("said", "error"),
    [("mismatch", WeightsMismatch), ("unwritable", StorageError)],
)
def test_what_the_process_refuses_is_refused_here(monkeypatch, said, error):
    end(monkeypatch, stdout=json.dumps({said: "the reason"}))
    with pytest.raises(error, match="the reason"):
        convert.ask_keras("export", backbone="vgg16")


@pytest.mark.parametrize("said", ["", "Keras says hello", "[1]", '{"outputs": {}}'])
def test_process_that_fails_is_reported(monkeypatch, said):
    end(monkeypatch, returncode=1 if said.startswith("{") else 0, stdout=said)
    with pytest.raises(ConversionError, match=r"vgg16 could not be converted(.|\n)*out of memory"):
        convert.ask_keras("export", backbone="vgg16")


def end(monkeypatch, *, returncode=0, stdout):
    """Let the process end like that."""
    done = subprocess.CompletedProcess([], returncode, stdout=stdout, stderr="out of memory")
    monkeypatch.setattr(convert.subprocess, "run", lambda *_, **__: done)


@pytest.fixture
def _same_process(converter, monkeypatch):
    def ask(task, **request):
        return json.loads(converter.ask(task=task, **request))

    monkeypatch.setattr(summary, "ask_keras", ask)


@pytest.mark.usefixtures("_same_process")
def test_summary_lists_layers_shapes_and_weights():
    whole = summarise(ROW)
    assert whole.parameters == ROW.parameters
    assert whole.weights_bytes == 4 * ROW.parameters
    assert whole.layers[0].shape == (224, 224, 3)
    stem = next(layer for layer in whole.layers if layer.kind == "Conv2D")
    assert stem.shape == (112, 112, 16)
    assert stem.weights == (("kernel", (3, 3, 3, 16)),)


@pytest.mark.usefixtures("_same_process")
def test_summary_of_a_file_shows_what_it_has(files):
    whole = summarise(ROW, weights=files[5], size=(64, 64))
    assert whole.layers[-1].shape == (5,)


def test_importing_the_room_loads_nothing_heavy():
    modules = (
        "architectures catalogue classes convert download folders network networks "
        "pooling spec summary variants weights weights_layout"
    )
    check = "; ".join(f"import headstart.backbones.{name}" for name in modules.split())
    check += "; import sys; assert not {'keras', 'openvino', 'h5py', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
