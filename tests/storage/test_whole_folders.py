import os
import subprocess
import sys

import pytest

from headstart.errors import StorageError
from headstart.storage import whole_folders
from headstart.storage.whole_folders import (
    folder_beside,
    remove_remains,
    temporary_folder,
    whole_folder,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_folder_replaces_the_path(tmp_path):
    path = tmp_path / "models" / "mine"
    with whole_folder(path) as temporary:
        (temporary / "a").write_text("1")
        (temporary / "inner").mkdir()
        (temporary / "inner" / "b").write_text("2")
        assert not path.exists()
    assert (path / "inner" / "b").read_text() == "2"
    assert names(path.parent) == ["mine"]


def test_an_exception_leaves_no_folder(tmp_path):
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "mine") as temporary:
        (temporary / "a").write_text("1")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_folder_written_meanwhile_is_kept(tmp_path):
    path = tmp_path / "mine"
    with whole_folder(path) as temporary:
        (temporary / "a").write_text("second")
        path.mkdir()
        (path / "a").write_text("first")
    assert (path / "a").read_text() == "first"
    assert names(tmp_path) == ["mine"]


def test_no_folder_for_temporary_files_is_an_error_of_storage(monkeypatch):
    def refuse():
        raise FileNotFoundError("No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(whole_folders.tempfile, "gettempdir", refuse)
    with pytest.raises(StorageError, match=r"temporary files: No usable"), temporary_folder():
        pass


def test_a_file_at_the_path_of_a_whole_folder_is_an_error(tmp_path):
    (tmp_path / "mine").write_text("a file")
    with (
        pytest.raises(StorageError, match=r"Could not write .*mine"),
        whole_folder(tmp_path / "mine"),
    ):
        pass
    assert (tmp_path / "mine").read_text() == "a file"
    assert names(tmp_path) == ["mine"]


KILLED = """
import os, signal, sys
from pathlib import Path
from headstart.storage.whole_folders import whole_folder
with whole_folder(Path(sys.argv[1])) as new:
    (new / "a").write_text("half of it")
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    print("ready", flush=True)
    sys.stdin.read()
"""


def start(path, how):
    command = [sys.executable, "-c", KILLED, str(path), how]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_next_run_removes_what_a_killed_one_left_and_not_what_is_in_use(tmp_path):
    path = tmp_path / "mine[1]"
    (tmp_path / ".mine[1]-notes").mkdir()  # the user's
    start(path, "killed").communicate(timeout=60)
    killed = set(tmp_path.iterdir())
    assert len(killed) == 2
    with start(path, "working") as working:
        try:
            assert working.stdout.readline() == "ready\n"
            in_use = set(tmp_path.iterdir()) - killed
            with whole_folder(path) as new:
                assert set(tmp_path.iterdir()) == {
                    tmp_path / ".mine[1]-notes", new.parent, *in_use
                }  # fmt: skip
                (new / "a").write_text("all of it")
        finally:
            working.kill()
    assert (path / "a").read_text() == "all of it"


def test_a_folder_that_was_left_before_it_was_locked_is_removed(tmp_path):
    for name in (".mine-abcd1234", ".mine-notes", ".mine-abcd_efg"):
        (tmp_path / name).mkdir()
    (tmp_path / ".mine-abcd_efg" / "a").touch()  # not empty: whose is it?
    remove_remains(tmp_path / "mine")
    assert names(tmp_path) == [".mine-abcd_efg", ".mine-notes"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other links")
def test_remains_are_not_looked_for_behind_links(tmp_path):
    real = tmp_path / "real"
    (real / "a").mkdir(parents=True)
    (real / ".in-use").touch()
    (tmp_path / ".mine-abcd1234").symlink_to(real)
    remove_remains(tmp_path / "mine")
    assert (real / "a").is_dir()


def test_the_lock_of_a_folder_is_deleted_last(tmp_path, monkeypatch):
    """Without it nobody could tell whose the rest is."""
    with folder_beside(tmp_path / "mine") as new:
        (new / "a").touch()
        outer = new.parent
        monkeypatch.setattr(whole_folders.shutil, "rmtree", lambda *_, **__: None)
        monkeypatch.setattr(
            whole_folders, "_empty", lambda folder: (folder / "mine" / "a").unlink()
        )
    assert [path.name for path in outer.iterdir() if path.is_file()] == [".in-use"]


def test_a_temporary_folder_is_deleted_and_a_full_disk_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(whole_folders.tempfile, "tempdir", str(tmp_path))
    with temporary_folder() as folder:
        (folder / "a").touch()
        assert folder.is_relative_to(tmp_path)
    assert names(tmp_path) == []
    with pytest.raises(StorageError, match="No space left"), temporary_folder():
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []
