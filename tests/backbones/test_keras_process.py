"""Conversions and summaries by a process of their own."""

import json
import subprocess
import sys

import pytest

from headstart.backbones import keras_process
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.keras_process import (
    REPORTED,
    LayerSummary,
    Summary,
    ask_keras,
    summarise,
)
from headstart.backbones.spec import NetworkSpec
from headstart.errors import ConversionError
from headstart.networks.network import load_network
from headstart.processes.asking import Reply, last_json_line


def test_whole_way_through_the_real_process(files, small):
    network = find_network(NetworkSpec(small.name, weights=files[1000], size=(32, 32)))
    assert network.outputs["probabilities"] == (1000,)
    assert load_network(network.folder) == network


@pytest.fixture
def end(monkeypatch):
    """Let the process end in some way."""

    def let(*, returncode=0, stdout):
        reply = Reply(last_json_line(stdout), returncode, "out of memory")
        monkeypatch.setattr(keras_process, "ask", lambda *_: reply)

    return let


@pytest.mark.parametrize("kind", REPORTED)
def test_reported_errors_are_raised_here(end, kind):
    answer = {"error": kind.__name__, "message": "the reason"}
    end(stdout=f"Keras says hello\n{json.dumps(answer)}\n")
    with pytest.raises(kind, match="the reason"):
        ask_keras("export", get_backbone("vgg16"))


@pytest.mark.parametrize("stdout", ["", "Keras says hello", "[1]", '{"outputs": {}}'])
def test_other_failures_are_conversion_errors(end, stdout):
    end(returncode=1 if stdout.startswith("{") else 0, stdout=stdout)
    with pytest.raises(ConversionError, match=r"vgg16 could not be converted(.|\n)*out of memory"):
        ask_keras("export", get_backbone("vgg16"))


def test_backbone_folder_is_part_of_the_request(monkeypatch, small):
    def ask(_module, message, _environment):
        asked.append(json.loads(message))
        return Reply({}, 0, "")

    asked, mini = [], get_backbone("mini")
    monkeypatch.setattr(keras_process, "ask", ask)
    for row in (small, mini):
        ask_keras("summarise", row, size=[8, 8])
    assert asked == [
        {"task": "summarise", "backbone": small.name, "folder": "", "size": [8, 8]},
        {"task": "summarise", "backbone": "mini", "folder": str(mini.folder), "size": [8, 8]},
    ]


def test_keras_file_in_the_current_directory_is_not_run(tmp_path, monkeypatch, small):
    (tmp_path / "keras.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(REPORTED, match="can't be read"):
        ask_keras("export", small, weights="keras.py", size=[32, 32])


def test_importing_the_room_loads_nothing_heavy():
    modules = (
        "backbones.architectures backbones.catalogue backbones.choosing backbones.finding "
        "backbones.folders backbones.keras_process backbones.resolving backbones.spec "
        "backbones.weights hub.download networks.classes networks.network networks.pooling "
        "networks.variants"
    )
    check = "; ".join(f"import headstart.{name}" for name in modules.split())
    check += "; import sys; assert not {'keras', 'openvino', 'h5py', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)


@pytest.fixture
def _one_process_for_all(converter, monkeypatch):
    def ask(task, row, **request):
        return json.loads(converter.ask(task=task, backbone=row.name, **request))

    monkeypatch.setattr(keras_process, "ask_keras", ask)


@pytest.mark.usefixtures("_one_process_for_all")
def test_layers_have_shapes_and_weights(small):
    whole = summarise(small)
    assert whole.size == small.size
    assert whole.parameters == small.parameters
    assert whole.weights_bytes == 4 * small.parameters
    assert whole.layers[0].shape == (224, 224, 3)
    stem = next(layer for layer in whole.layers if layer.kind == "Conv2D")
    assert stem == LayerSummary(
        name="conv",
        kind="Conv2D",
        shape=(112, 112, 16),
        parameters=3 * 3 * 3 * 16,
        weights=(("kernel", (3, 3, 3, 16)),),
    )


@pytest.mark.usefixtures("_one_process_for_all")
def test_summary_of_a_file_has_the_files_classifier_and_the_size_asked_for(small, files):
    whole = summarise(small, weights=files[5], size=(64, 64))
    assert whole.layers[0].shape == (64, 64, 3)
    assert whole.layers[-1].shape == (5,)


def test_figures_are_sums(small):
    layers = (LayerSummary("a", "Dense", (2,), 10, ()), LayerSummary("b", "Dense", (3,), 5, ()))
    assert Summary(small, (32, 32), layers).parameters == 15
    assert Summary(small, (32, 32), layers).weights_bytes == 60
