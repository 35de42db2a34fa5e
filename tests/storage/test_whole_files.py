import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.errors import StorageError
from headstart.storage import whole_files
from headstart.storage.whole_files import whole_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_closed_pipe_is_not_taken_for_a_file_that_can_not_be_written(tmp_path):
    with pytest.raises(BrokenPipeError), whole_file(tmp_path / "table.csv"):
        raise BrokenPipeError
    assert list(tmp_path.iterdir()) == []


def test_a_whole_file_replaces_the_path_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "new" / "answers.csv"
    with whole_file(path) as temporary:
        temporary.write_text("all of it")
        assert not path.exists()
    assert path.read_text() == "all of it"
    assert names(path.parent) == ["answers.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_a_whole_file_is_as_readable_as_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    with whole_file(tmp_path / "whole") as temporary:
        temporary.touch()
    assert stat.S_IMODE((tmp_path / "whole").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path):
    target, link = tmp_path / "deep" / "table.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    with whole_file(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(tmp_path.rglob("*")) == [target.parent, target, link]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_or_a_device_is_written_to_and_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with whole_file(pipe) as temporary:
            temporary.write_text("new")
        assert os.read(reading, 100) == b"new"
    finally:
        os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_an_exception_keeps_the_old_file(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("ha")
        raise RuntimeError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["answers.csv"]


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "answers.csv"
    with (
        pytest.raises(StorageError, match=r"answers\.csv.*No space left.*Free some space") as told,
        whole_file(path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []
    assert "HEADSTART_CACHE" not in str(told.value)


def test_a_path_below_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match="Could not write"),
        whole_file(tmp_path / "file" / "answers.csv"),
    ):
        pass


KILLED = """
import os, signal, sys
from pathlib import Path
from headstart.storage.whole_files import whole_file
with whole_file(Path(sys.argv[1])) as new:
    new.write_text("half of it")
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
def test_the_next_file_takes_the_name_that_a_killed_process_left(tmp_path):
    path = tmp_path / "table.csv"
    start(path, "killed").communicate(timeout=60)
    assert names(tmp_path) == [".table-headstart-1.csv"]
    with start(path, "working") as working:
        try:
            assert working.stdout.readline() == "ready\n"
            assert names(tmp_path) == [".table-headstart-1.csv"]
            with whole_file(path) as temporary:
                assert temporary.name == ".table-headstart-2.csv"
                assert temporary.read_text() == ""
                temporary.write_text("all of it")
        finally:
            working.kill()
    assert path.read_text() == "all of it"
    assert names(tmp_path) == [".table-headstart-1.csv", "table.csv"]
    with whole_file(path):
        pass
    assert names(tmp_path) == ["table.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other links and no pipes")
def test_what_stands_under_the_name_of_a_temporary_file_is_not_written_to(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("the user's")
    (tmp_path / ".a-headstart-1.csv").symlink_to(victim)
    os.mkfifo(tmp_path / ".a-headstart-2.csv")
    (tmp_path / ".a-headstart-3.csv").mkdir()
    os.link(victim, tmp_path / ".a-headstart-4.csv")
    with whole_file(tmp_path / "a.csv") as temporary:
        temporary.write_text("new")
        assert temporary.name == ".a-headstart-4.csv"
    assert victim.read_text() == "the user's"
    assert (tmp_path / "a.csv").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_two_at_once_have_files_of_their_own(tmp_path):
    with (
        whole_file(tmp_path / "a.csv") as one,
        whole_file(tmp_path / "a.csv") as other,
    ):
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a.csv").read_text() == "one"
    assert names(tmp_path) == ["a.csv"]


def test_no_file_is_open_when_it_is_renamed_where_there_are_no_locks(tmp_path, monkeypatch):
    """Windows renames no open file."""

    def replace(self, target):
        opened = Path("/dev/fd").iterdir() if Path("/dev/fd").exists() else ()
        assert self.name not in {Path(os.path.realpath(each)).name for each in opened}
        return renamed(self, target)

    renamed = type(tmp_path).replace
    monkeypatch.setattr(whole_files, "lock", lambda _: None)
    monkeypatch.setattr(type(tmp_path), "replace", replace)
    for content in ("first", "second"):
        with whole_file(tmp_path / "a.csv") as temporary:
            temporary.write_text(content)
    assert (tmp_path / "a.csv").read_text() == "second"
    assert names(tmp_path) == ["a.csv"]


def test_a_name_that_is_free_again_is_not_deleted(tmp_path):
    """Once a file is renamed, another process may take its temporary name."""
    with whole_file(tmp_path / "a.csv") as one:
        pass
    with whole_file(tmp_path / "a.csv") as other:
        assert other == one
