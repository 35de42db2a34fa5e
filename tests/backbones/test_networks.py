"""Converted networks on disk: whole or absent, whatever happens."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.backbones import convert, network_cache
from headstart.backbones.classes import imagenet_classes
from headstart.backbones.network import load_network, save_network
from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.errors import (
    ConversionError,
    DamagedModel,
    NewerFormat,
    NotASavedModel,
    SavedModelError,
    StorageError,
    UsageError,
)
from headstart.storage import cache_dir

SHAPES = {"features": [1280], "feature_map": [7, 7, 1280], "probabilities": [1000]}


class Conversions:
    """Stands in for the real thing and counts."""

    def __init__(self):
        self.count = 0
        self.outputs = SHAPES

    def __call__(self, row, weights, size, graph, feature_layer=None):
        self.count += 1
        self.feature_layer = feature_layer
        graph.write_text(f"<net {row.name} {size}>")
        graph.with_suffix(".bin").write_bytes(weights.read_bytes())
        return {"outputs": self.outputs, "macs": 300}


@pytest.fixture
def conversions(monkeypatch):
    conversions = Conversions()
    monkeypatch.setattr(convert, "convert", conversions)
    return conversions


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "own.weights.h5"
    path.write_bytes(b"numbers")
    return path


@pytest.fixture
def network(conversions, weights):
    assert conversions.count == 0
    return find_network(NetworkSpec("mobilenet_v2", weights=weights))


def test_network_is_described(network):
    assert network.name == "mobilenet_v2"
    assert network.size == (224, 224)
    assert network.outputs == {name: tuple(shape) for name, shape in SHAPES.items()}
    assert network.classes == imagenet_classes()
    assert network.graph.is_file()
    assert network.folder == cache_dir() / "networks" / network.key


def test_second_time_it_is_read_back_equal(network, conversions, weights):
    assert find_network(NetworkSpec("MobileNetV2", weights=weights)) == network
    assert conversions.count == 1


def test_folder_and_network_are_taken_as_they_are(network, conversions):
    assert find_network(NetworkSpec(network)) is network
    assert find_network(NetworkSpec(network.folder)) == network
    assert find_network(NetworkSpec(str(network.folder))) == network
    assert conversions.count == 1


def test_own_number_of_classes_has_no_names(conversions, weights):
    conversions.outputs = {**SHAPES, "probabilities": [5]}
    assert find_network(NetworkSpec("mobilenet_v2", weights=weights)).classes is None


def test_other_weights_and_sizes_are_kept_apart(network, conversions, weights):
    smaller = find_network(NetworkSpec("mobilenet_v2", weights=weights, size=(96, 128)))
    weights.write_bytes(b"other numbers")
    other = find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert len({network.key, smaller.key, other.key}) == 3
    assert smaller.size == (96, 128)
    assert conversions.count == 3


def test_other_versions_are_kept_apart(network, weights, monkeypatch):
    monkeypatch.setattr(convert, "FORMAT", convert.FORMAT + 1)
    assert find_network(NetworkSpec("mobilenet_v2", weights=weights)).key != network.key


def truncate(path):
    path.write_bytes(path.read_bytes()[:-2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [truncate, flip, Path.unlink])
@pytest.mark.parametrize("name", ["graph.xml", "graph.bin", "network.json"])
def test_damaged_network_is_found_out_and_made_again(network, conversions, weights, harm, name):
    harm(network.folder / name)
    with pytest.raises(SavedModelError, match=name.replace(".", r"\.")):
        load_network(network.folder)
    assert find_network(NetworkSpec("mobilenet_v2", weights=weights)) == network
    assert load_network(network.folder) == network
    assert conversions.count == 2


def test_failed_conversion_leaves_nothing(weights, monkeypatch):
    def fail(*_, **__):
        raise ConversionError("no such operation")

    monkeypatch.setattr(convert, "convert", fail)
    with pytest.raises(ConversionError):
        find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert [path.suffix for path in (cache_dir() / "networks").iterdir()] == [".lock"]


def test_unwritable_cache_is_said_by_name(conversions, weights, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(weights / "below a file"))
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert conversions.count == 0


def test_read_only_cache_is_read(network, weights, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(network_cache.filelock, "FileLock", refuse)
    assert find_network(NetworkSpec("mobilenet_v2", weights=weights)) == network


@pytest.mark.parametrize("size", [(31, 224), (224, 16)])
def test_size_too_small_is_refused(size):
    with pytest.raises(UsageError, match=r"at least 32 x 32 pixels\. Received"):
        find_network(NetworkSpec("mobilenet_v2", size=size))


def test_a_converted_network_keeps_its_size(network):
    assert find_network(NetworkSpec(network, size=(224, 224))) is network
    for known in (network, network.folder):
        with pytest.raises(UsageError, match=r"of 224 x 224 pixels\. Received size 96 x"):
            find_network(NetworkSpec(known, size=(96, 128)))


def test_features_of_another_layer_are_another_network(network, conversions, weights):
    other = find_network(NetworkSpec("mobilenet_v2", weights=weights, layer="block_16_project_BN"))
    assert conversions.feature_layer == other.layer == "block_16_project_BN"
    assert other.key != network.key
    assert load_network(other.folder) == other
    with pytest.raises(UsageError, match=r"features of its own choice\. Received layer"):
        find_network(NetworkSpec(network, layer="block_16_project_BN"))


def test_name_that_is_neither_is_refused(tmp_path):
    for named in (tmp_path, str(tmp_path)):
        with pytest.raises(NotASavedModel, match=r"must hold .*network\.json"):
            find_network(NetworkSpec(named))


def test_saved_copy_stands_alone(network, tmp_path):
    copy = save_network(network, tmp_path / "model" / "network")
    assert copy == replace(network, folder=tmp_path / "model" / "network")
    assert load_network(copy.folder) == copy


def describe(folder, **changes):
    path = folder / "network.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_newer_format_is_refused_by_name(network):
    describe(network.folder, format=99)
    with pytest.raises(NewerFormat, match="Update headstart"):
        load_network(network.folder)


@pytest.mark.parametrize("name", ["size", "outputs", "classes"])
def test_foreign_description_is_refused(network, name):
    describe(network.folder, **{name: 3})
    with pytest.raises(NotASavedModel, match="what headstart writes"):
        load_network(network.folder)


def test_altered_hash_is_damage(network):
    describe(network.folder, files={})
    with pytest.raises(DamagedModel):
        load_network(network.folder)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_description_is_refused_by_name(tmp_path, content):
    (tmp_path / "network.json").write_bytes(content)
    with pytest.raises(SavedModelError):
        load_network(tmp_path)


@pytest.mark.parametrize("text", ['{"format": 1e999, "files": {}}', "[" * 100_000])
def test_what_json_stumbles_over_is_refused_by_name(tmp_path, text):
    (tmp_path / "network.json").write_text(text)
    with pytest.raises(NotASavedModel, match="what headstart writes"):
        load_network(tmp_path)


SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from headstart.backbones import convert, networks
from headstart.backbones.spec import NetworkSpec

def fake(row, weights, size, graph, **_):
    graph.write_text("half")
    with Path(sys.argv[2]).open("a") as log:
        log.write("x")
    if sys.argv[3] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.5)
    graph.with_suffix(".bin").write_bytes(b"whole")
    return {"outputs": {"features": [3]}, "macs": 1}

convert.convert = fake
print(networks.find_network(NetworkSpec("mobilenet_v2", weights=sys.argv[1])).key)
"""


def start(weights, log, how):
    command = [sys.executable, "-c", SCRIPT, str(weights), str(log), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_two_processes_convert_once(weights, tmp_path):
    processes = [start(weights, tmp_path / "log", "live") for _ in range(2)]
    keys = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(keys) == 1
    assert (tmp_path / "log").read_text() == "x"


def test_killed_conversion_leaves_nothing_that_counts(weights, tmp_path, conversions):
    killed = start(weights, tmp_path / "log", "die")
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    network = find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert conversions.count == 1
    left = {path.name for path in (cache_dir() / "networks").iterdir()}
    assert left == {network.key, f"{network.key}.lock"}
