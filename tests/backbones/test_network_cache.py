"""The cache of converted networks: made once, whole or absent, whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from headstart.backbones import network_cache
from headstart.backbones.network import FILES, load_network
from headstart.backbones.network_cache import cached_network
from headstart.errors import ConversionError, SavedModelError, StorageError
from headstart.storage import cache_dir


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


def test_read_only_cache_is_read(made, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    network = cached_network("tiny-1", made)
    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(network_cache.filelock, "FileLock", refuse)
    assert cached_network("tiny-1", made) == network


SCRIPT = """
import os, shutil, signal, sys, time
from dataclasses import replace
from pathlib import Path
from headstart.backbones.network import load_network
from headstart.backbones.network_cache import cached_network

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
