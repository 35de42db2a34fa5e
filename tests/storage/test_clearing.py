"""The cache is cleared, but not under a process that uses it."""

import os
import subprocess
import sys

import filelock
import pytest

from headstart.storage import clearing
from headstart.storage.cache_folder import cache_dir
from headstart.storage.clearing import clear, hold
from headstart.storage.whole_folders import whole_folder


@pytest.fixture
def networks():
    """A cache with two networks, a download and what a killed process left."""
    folder = cache_dir() / "networks"
    for name in ("one", "two", ".one-abcd_f12"):
        (folder / name).mkdir(parents=True)
        (folder / name / "graph.xml").write_text(name)
    (folder / ".one-abcd_f12" / ".in-use").touch()
    (cache_dir() / "weights").mkdir()
    (cache_dir() / "weights" / "w.h5").write_text("weights")
    (cache_dir() / "weights" / "w.h5.part").write_text("half")
    return folder


@pytest.fixture(autouse=True)
def _nothing_held(monkeypatch):
    monkeypatch.setattr(clearing, "_held", {})


def test_everything_of_one_kind_is_deleted(networks):
    (networks / "one.lock").touch()
    assert clear("networks") == []
    assert not networks.exists()
    assert (cache_dir() / "weights" / "w.h5").exists()
    assert clear("weights") == []
    assert [path.name for path in cache_dir().iterdir()] == []
    assert clear("weights") == []


USING = """
import sys
from pathlib import Path
from headstart.storage.clearing import hold
print(hold(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def test_what_a_process_uses_stays_until_it_ends(networks):
    command = [sys.executable, "-c", USING, str(networks / "one" / "graph.xml")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as using:
        try:
            assert using.stdout.readline() == "True\n"
            assert clear("networks") == ["one"]
            assert (networks / "one" / "graph.xml").read_text() == "one"
            assert not (networks / "two").exists()
        finally:
            using.kill()
    assert clear("networks") == []
    assert not networks.exists()


def test_what_is_being_made_or_downloaded_stays(networks):
    with (
        filelock.FileLock(networks / "three.lock"),
        whole_folder(networks / "three") as new,
        filelock.FileLock(cache_dir() / "weights" / "w.h5.lock"),
    ):
        (new / "graph.xml").write_text("three")
        assert clear("networks") == ["three"]
        assert clear("weights") == ["w.h5"]
    assert (networks / "three" / "graph.xml").read_text() == "three"
    assert (cache_dir() / "weights" / "w.h5.part").read_text() == "half"


def test_a_cache_is_cleared_where_no_lock_fits(networks, monkeypatch):
    def acquire(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    assert clear("networks") == []
    # Nobody can tell whether a process works in this one.
    assert [path.name for path in networks.iterdir()] == [".one-abcd_f12"]


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes no open file")
def test_what_is_cleared_at_this_moment_is_not_held(networks):
    graph = networks / "one" / "graph.xml"
    with clearing._unused(networks / "one") as is_unused:
        assert is_unused
        assert not hold(graph)
    assert hold(graph)
    assert clear("networks") == ["one"]
    clearing.release(graph)
    assert clear("networks") == []
    assert not hold(graph)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(networks):
    for name in ("one", "two"):
        (networks / name / "graph.xml").unlink()
    os.mkfifo(networks / "one" / "graph.xml")
    os.mkfifo(networks / "three")
    assert not hold(networks / "one" / "graph.xml")
    assert clear("networks") == []
    assert not networks.exists()


def test_so_many_files_are_held(networks, monkeypatch):
    monkeypatch.setattr(clearing, "_MOST_HELD", 1)
    assert hold(networks / "one" / "graph.xml")
    assert hold(networks / "two" / "graph.xml")
    assert clear("networks") == ["two"]
