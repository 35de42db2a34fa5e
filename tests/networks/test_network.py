"""A converted network on disk: read back, refused by name, or made once for the cache."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.errors import (
    ConversionError,
    DamagedModel,
    NewerFormat,
    NotASavedModel,
    SavedModelError,
    StorageError,
)
from headstart.networks import network as network_module
from headstart.networks.classes import ClassName
from headstart.networks.network import (
    DESCRIPTION,
    FILES,
    cached_network,
    load_network,
    write_description,
)
from headstart.networks.runtime import load_processor
from headstart.storage import clearing
from headstart.storage.cache_folder import cache_dir
from headstart.storage.clearing import clear

OLD = Path(__file__).parents[1] / "fixtures" / "networks"
CLASSES = tuple(ClassName(f"n{i}", name) for i, name in enumerate(["ant", "bee", "cat"]))


@pytest.fixture
def network(tiny_network, tmp_path):
    """A network in a folder of its own, with a value for every fact."""
    folder = tmp_path / "network"
    folder.mkdir()
    for name in FILES:
        shutil.copyfile(tiny_network.folder / name, folder / name)
    network = replace(
        tiny_network,
        folder=folder,
        classes=(*CLASSES, ClassName("n3", "dog"), ClassName("n4", "elk")),
        layer="stem",
        pooling="max",
        mirror=True,
        interpolation="bicubic",
        antialias=False,
        license="MIT",
        source="He et al.",
        weights_source="https://example.org/weights.h5",
    )
    write_description(network, folder)
    return network


def change(network, **entries):
    DESCRIPTION.write(network.folder, {**DESCRIPTION.read(network.folder), **entries})


def test_every_fact_is_read_back(network):
    assert load_network(network.folder) == network


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["cut", "alter", "remove"])
def test_damaged_file_is_found_out(network, name, harm):
    path = network.folder / name
    content = path.read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if harm == "cut" else b"?" + content[1:])
    with pytest.raises(DamagedModel, match=rf"{name} is missing or altered"):
        load_network(network.folder)


def test_another_network_that_takes_the_place_meanwhile_is_loaded_whole(
    network, make_network, tmp_path, monkeypatch
):
    def read(folder):
        entries = described(folder)
        if not replaced:  # once the first network's description is read
            replaced.append(folder.rename(tmp_path / "old"))
            other.folder.rename(folder)
        return entries

    other = make_network(seed=7)
    write_description(other, other.folder)
    replaced, described = [], DESCRIPTION.read
    monkeypatch.setattr(type(DESCRIPTION), "read", lambda _, folder: read(folder))
    assert load_network(network.folder) == replace(other, folder=network.folder)


def test_missing_hash_is_damage(network):
    change(network, files={})
    with pytest.raises(DamagedModel):
        load_network(network.folder)


def test_newer_format_is_refused(network):
    change(network, format=99)
    with pytest.raises(NewerFormat, match="Update headstart"):
        load_network(network.folder)


@pytest.mark.parametrize("name", ["size", "outputs", "classes", "files"])
def test_foreign_entry_is_refused(network, name):
    change(network, **{name: 3})
    with pytest.raises(NotASavedModel, match="what headstart writes"):
        load_network(network.folder)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers()))
@pytest.mark.parametrize("name", ["size", "outputs", "classes", "files"])
def test_any_entry_is_read_or_refused_by_name(network, name, value):
    text = (network.folder / DESCRIPTION.name).read_text()
    described = {**json.loads(text), name: value}
    del described["digest"]  # older versions wrote none
    (network.folder / DESCRIPTION.name).write_text(json.dumps(described))
    try:
        load_network(network.folder)
    except SavedModelError:
        pass
    finally:
        (network.folder / DESCRIPTION.name).write_text(text)


def test_network_of_format_1_is_read_and_runs():
    network = load_network(OLD / "format-1")
    assert (network.name, network.size, network.layer) == ("tiny", (8, 8), "conv")
    assert (network.resize, network.crop_fraction) == ("squash", 0.9)
    assert (network.interpolation, network.antialias) == ("bilinear", True)
    assert (network.pooling, network.mirror) == ("auto", True)
    assert network.classes == CLASSES
    assert network.license is network.source is network.weights_source is None
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    found = load_processor().compile_model(network.graph, "CPU", f32)(images)["features"]
    np.testing.assert_allclose(found[:, 1], [0.09713279, 0.39276874], rtol=1e-5)


def test_network_of_format_2_without_a_digest_is_read(tmp_path):
    for name in FILES:
        shutil.copyfile(OLD / "format-1" / name, tmp_path / name)
    shutil.copyfile(OLD / "format-2" / DESCRIPTION.name, tmp_path / DESCRIPTION.name)
    assert "digest" not in json.loads((tmp_path / DESCRIPTION.name).read_text())
    assert load_network(tmp_path) == replace(load_network(OLD / "format-1"), folder=tmp_path)


@pytest.mark.parametrize(
    "entries",
    [
        {"size": [10**6, 10**6]},
        {"size": [32, -32]},
        {"outputs": {"features": [10**12]}},
        {"outputs": {"feature_map": [8, 8, 16]}},
        {"classes": [["n0", "ant"]]},
        {"crop_fraction": 1e-300},
        {"resize": "stretch"},
        {"macs": -1},
    ],
    ids=str,
)
def test_facts_that_no_network_has_are_refused(network, entries):
    change(network, **entries)
    with pytest.raises(NotASavedModel, match=f"{next(iter(entries))} is"):
        load_network(network.folder)


def test_an_altered_class_name_is_noticed(network):
    path = network.folder / DESCRIPTION.name
    path.write_text(path.read_text().replace("bee", "bed"))
    with pytest.raises(DamagedModel, match="was altered"):
        load_network(network.folder)


@pytest.fixture
def made(tiny_network):
    """Return what makes a copy of the tiny network; it counts in ``made.count``."""

    def make(folder):
        make.count += 1  # type: ignore[attr-defined] # a function has no such attribute yet
        for name in FILES:
            shutil.copyfile(tiny_network.folder / name, folder / name)
        return replace(tiny_network, key="tiny-1", folder=folder)

    make.count = 0  # type: ignore[attr-defined]
    return make


def left():
    return sorted(path.name for path in (cache_dir() / "networks").iterdir())


def test_network_is_made_once(made, tiny_network):
    network = cached_network("tiny-1", made)
    folder = cache_dir() / "networks" / "tiny-1"
    assert network == replace(tiny_network, key="tiny-1", folder=folder)
    assert cached_network("tiny-1", made) == load_network(folder) == network
    assert made.count == 1


def cut(path):
    path.write_bytes(path.read_bytes()[:-2])


def alter(path):
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, alter, Path.unlink])
@pytest.mark.parametrize("name", ["graph.xml", "graph.bin", "network.json"])
def test_damaged_network_is_made_again(made, harm, name):
    network = cached_network("tiny-1", made)
    harm(network.folder / name)
    with pytest.raises(SavedModelError, match=name.replace(".", r"\.")):
        load_network(network.folder)
    assert cached_network("tiny-1", made) == load_network(network.folder) == network
    assert made.count == 2


@pytest.mark.parametrize(
    "put",
    [
        Path.touch,
        getattr(os, "mkfifo", Path.touch),
        lambda folder: folder.symlink_to("nowhere"),
        lambda folder: folder.symlink_to(folder.name),
    ],
)
def test_what_is_in_the_place_of_a_network_is_replaced(made, put):
    folder = cache_dir() / "networks" / "tiny-1"
    folder.parent.mkdir(parents=True)
    put(folder)
    assert cached_network("tiny-1", made) == load_network(folder)
    assert not folder.is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows")
@pytest.mark.parametrize("name", ["graph.xml", "graph.bin", "network.json"])
def test_a_network_with_a_pipe_in_the_place_of_a_file_is_made_again(made, name):
    folder = cached_network("tiny-1", made).folder
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert cached_network("tiny-1", made) == load_network(folder)
    assert made.count == 2


def test_failure_leaves_nothing():
    def fail(folder):
        (folder / "graph.xml").write_text("half")
        raise ConversionError("no such operation")

    with pytest.raises(ConversionError):
        cached_network("tiny-1", fail)
    assert left() == ["tiny-1.lock"]


def test_unwritable_cache_is_refused(made, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        cached_network("tiny-1", made)
    assert made.count == 0


def test_what_a_process_left_that_was_killed_after_it_made_the_network_is_removed(made):
    network = cached_network("tiny-1", made)
    left = network.folder.with_name(f".{network.folder.name}-abcd1234")
    left.mkdir()
    (left / ".in-use").touch()
    assert cached_network("tiny-1", made) == network
    assert not left.exists()


def test_read_only_cache_is_read(made, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    network = cached_network("tiny-1", made)
    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(network_module.filelock, "FileLock", refuse)
    assert cached_network("tiny-1", made) == network


SCRIPT = """
import os, shutil, signal, sys, time
from dataclasses import replace
from pathlib import Path
from headstart.networks.network import cached_network, load_network

original, log, how = load_network(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]

def make(folder):
    shutil.copyfile(original.folder / "graph.xml", folder / "graph.xml")
    with log.open("a") as file:
        file.write("x")
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.5)
    shutil.copyfile(original.folder / "graph.bin", folder / "graph.bin")
    return replace(original, key="tiny-1")

print(cached_network("tiny-1", make).key)
"""


def start(network_folder, log, how):
    command = [sys.executable, "-c", SCRIPT, str(network_folder), str(log), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_two_processes_make_it_once(network_folder, tmp_path):
    processes = [start(network_folder, tmp_path / "log", "live") for _ in range(2)]
    keys = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert keys == {"tiny-1"}
    assert (tmp_path / "log").read_text() == "x"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_remains_of_a_killed_process_are_removed(network_folder, tmp_path, made):
    killed = start(network_folder, tmp_path / "log", "die")
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(left()) == 2
    cached_network("tiny-1", made)
    assert made.count == 1
    assert left() == ["tiny-1", "tiny-1.lock"]


def test_a_network_that_is_used_is_not_cleared(made, network_folder, tmp_path):
    network = cached_network("tiny-1", made)
    assert clear("networks") == ["tiny-1"]
    assert load_network(network.folder) == network
    with start(network_folder, tmp_path / "log", "live") as another:
        another.communicate(timeout=60)
    assert clear("networks") == ["tiny-1"]
    clearing.release(network.graph)
    assert clear("networks") == []
    assert cached_network("tiny-1", made) == network
    assert made.count == 2
