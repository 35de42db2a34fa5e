"""Fine-tuning of networks that no row of the catalogue builds."""

import contextlib
import json
import types
from dataclasses import replace
from pathlib import Path

import pytest

from headstart.errors import UsageError
from headstart.finetuning import rebuilt_network as room
from headstart.finetuning import split_network
from headstart.finetuning.rebuilt_network import frozen_graph, rebuilt_network
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.split_network import split_graph
from headstart.networks.keras_graph import NotRebuilt

SCRIPT = Path(__file__).with_name("rebuilding.py")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_a_graph_is_split_trained_and_written_back(python, dataset, mini_folder, tmp_path, backend):
    pytest.importorskip(backend)
    process = python(SCRIPT, mini_folder, dataset, tmp_path, KERAS_BACKEND=backend)
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.strip().rpartition("\n")[2])
    assert found["crossing"]
    assert found["upper"] < 1e-3
    assert found["moved"] > 0.01
    assert found["written"] < 1e-3
    assert found["same"] == [True, True, True]
    assert found["result"] == [True, True]
    assert found["epochs"] == 2
    assert found["loaded"] == pytest.approx(1, abs=1e-3)


@pytest.fixture
def mini_folder(tmp_path):
    """The folder of a network that no row builds: it has mini's graph and another name."""
    from shutil import copytree

    from headstart.backbones.finding import find_network
    from headstart.backbones.spec import NetworkSpec
    from headstart.networks.network import write_description

    network = find_network(NetworkSpec("mini", size=48))
    folder = tmp_path / "foreign"
    copytree(network.folder, folder)
    write_description(replace(network, name="foreign", key="foreign-1", folder=folder), folder)
    return folder


def test_an_operation_that_keras_has_not_is_refused_with_what_can_be_done(
    tiny_network, monkeypatch
):
    def refuse(*_, **__):
        raise NotRebuilt("FakeQuantize")

    monkeypatch.setattr(room, "rebuild", refuse)
    with pytest.raises(UsageError, match=r"tiny, with FakeQuantize\. Train a head on it"):
        rebuilt_network(types.SimpleNamespace(), tiny_network)


def test_a_network_of_8_bits_is_refused_before_keras_builds_anything(tiny_network):
    with pytest.raises(UsageError, match=r"tiny, whose weights have 8 bits\. Train a head on it"):
        rebuilt_network(types.SimpleNamespace(), replace(tiny_network, quantised=True))


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("/layer4/layer4.0/conv1/Conv", "layer4_layer4_0_conv1_Conv"),
        ("Convolution:3", "Convolution_3"),
        ("block_16", "block_16"),
        ("last-stage", "last-stage"),
        ("all", "all"),
        ("-20", "-20"),
        (-20, -20),
    ],
)
def test_the_freeze_point_is_named_as_the_file_names_it(tiny_network, monkeypatch, where, meant):
    points = []
    rebuilt = types.SimpleNamespace(model=types.SimpleNamespace(layers=[]))
    monkeypatch.setattr(split_network, "kept_dtype_policy", contextlib.nullcontext)
    monkeypatch.setattr(split_network, "rebuilt_network", lambda *_: rebuilt)
    monkeypatch.setattr(split_network, "freeze", lambda *given: points.append(given[-1]))
    split_graph(types.SimpleNamespace(), tiny_network, FineTuning(where=where), "f32")
    assert points == [meant]


def test_views_of_another_size_are_refused(tiny_network):
    with pytest.raises(UsageError, match=r"view_size must be the size of a network .* 32"):
        split_graph(types.SimpleNamespace(), tiny_network, FineTuning(view_size=64, views=0), "f32")


def test_a_freeze_point_behind_a_padding_is_refused(tiny_network, tmp_path):
    rebuilt = types.SimpleNamespace(places={})
    with pytest.raises(UsageError, match=r"the layer after 'padding'\. Take a layer before"):
        frozen_graph(rebuilt, tiny_network, ["padding"], tmp_path)
