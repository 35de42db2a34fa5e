"""Files are whole or absent."""

import errno
import hashlib
import os
import stat
import subprocess
import sys

import pytest

from headstart import storage
from headstart.errors import StorageError, UsageError
from headstart.storage import cache_dir, writing


def test_a_closed_pipe_is_not_taken_for_a_file_that_can_not_be_written(tmp_path):
    with pytest.raises(BrokenPipeError), storage.whole_file(tmp_path / "table.csv"):
        raise BrokenPipeError
    assert list(tmp_path.iterdir()) == []


def test_a_hash_is_that_of_the_content(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert storage.hash_file(path) == hashlib.sha256(b"content").hexdigest()
    md5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    assert storage.hash_file(path, "md5") == md5


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_replaces_the_path_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "new" / "answers.csv"
    with storage.whole_file(path) as temporary:
        temporary.write_text("all of it")
        assert not path.exists()
    assert path.read_text() == "all of it"
    assert names(path.parent) == ["answers.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_a_whole_file_is_as_readable_as_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    with storage.whole_file(tmp_path / "whole") as temporary:
        temporary.touch()
    assert stat.S_IMODE((tmp_path / "whole").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path):
    target, link = tmp_path / "deep" / "table.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    with storage.whole_file(link) as temporary:
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
        with storage.whole_file(pipe) as temporary:
            temporary.write_text("new")
        assert os.read(reading, 100) == b"new"
    finally:
        os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_an_exception_keeps_the_old_file(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), storage.whole_file(path) as temporary:
        temporary.write_text("ha")
        raise RuntimeError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["answers.csv"]


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "answers.csv"
    with (
        pytest.raises(StorageError, match=r"answers\.csv.*No space left.*Free some space") as told,
        storage.whole_file(path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []
    assert "HEADSTART_CACHE" not in str(told.value)


def test_where_the_cache_is_can_be_set_if_its_disk_is_full(monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    with (
        pytest.raises(StorageError, match="set HEADSTART_CACHE"),
        storage.writing(str(tmp_path / "features")),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_graph_that_openvino_cannot_write_is_a_storage_error(tmp_path, tiny_network):
    from headstart.backbones.runtime import load_openvino, write_graph

    (tmp_path / "file").touch()
    model = load_openvino().Core().read_model(tiny_network.graph)
    with pytest.raises(StorageError, match=r"Could not write .*graph\.xml: .*Free some space"):
        write_graph(model, tmp_path / "file" / "graph.xml")


def test_a_path_below_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match="Could not write"),
        storage.whole_file(tmp_path / "file" / "answers.csv"),
    ):
        pass


def test_an_error_is_wrapped_once():
    with pytest.raises(StorageError) as caught, storage.writing("outer"), storage.writing("inner"):
        raise PermissionError("no")
    assert "inner" in str(caught.value)
    assert "outer" not in str(caught.value)


def test_a_whole_folder_replaces_the_path(tmp_path):
    path = tmp_path / "models" / "mine"
    with storage.whole_folder(path) as temporary:
        (temporary / "a").write_text("1")
        (temporary / "inner").mkdir()
        (temporary / "inner" / "b").write_text("2")
        assert not path.exists()
    assert (path / "inner" / "b").read_text() == "2"
    assert names(path.parent) == ["mine"]


def test_an_exception_leaves_no_folder(tmp_path):
    with pytest.raises(RuntimeError), storage.whole_folder(tmp_path / "mine") as temporary:
        (temporary / "a").write_text("1")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_folder_written_meanwhile_is_kept(tmp_path):
    path = tmp_path / "mine"
    with storage.whole_folder(path) as temporary:
        (temporary / "a").write_text("second")
        path.mkdir()
        (path / "a").write_text("first")
    assert (path / "a").read_text() == "first"
    assert names(tmp_path) == ["mine"]


def test_a_file_at_the_path_of_a_whole_folder_is_an_error(tmp_path):
    (tmp_path / "mine").write_text("a file")
    with (
        pytest.raises(StorageError, match=r"Could not write .*mine"),
        storage.whole_folder(tmp_path / "mine"),
    ):
        pass
    assert (tmp_path / "mine").read_text() == "a file"
    assert names(tmp_path) == ["mine"]


KILLED = """
import os, signal, sys
from pathlib import Path
from headstart.storage import whole_folder
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
            with storage.whole_folder(path) as new:
                assert set(tmp_path.iterdir()) == {
                    tmp_path / ".mine[1]-notes", new.parent, *in_use
                }  # fmt: skip
                (new / "a").write_text("all of it")
        finally:
            working.kill()
    assert (path / "a").read_text() == "all of it"


RESERVED = """
import os, signal, sys
from pathlib import Path
from headstart.storage import reserved
with reserved(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_one_process_at_a_time_works_for_a_name(tmp_path):
    path = tmp_path / "new" / "mine"
    command = [sys.executable, "-c", RESERVED, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as working:
        try:
            assert working.stdout.readline() == "ready\n"
            with (
                pytest.raises(UsageError, match=r"Only one process.*mine, and another one does"),
                storage.reserved(path),
            ):
                pass
            storage.remove_remains(path)
            assert names(path.parent) == [".mine-reserved"]
            with storage.reserved(path.with_name("other")):
                pass
        finally:
            working.kill()
    storage.remove_remains(path)  # it was killed
    assert names(path.parent) == []
    with storage.reserved(path), storage.whole_folder(path) as new:
        (new / "a").write_text("1")
    assert names(path.parent) == ["mine"]


def test_a_reservation_leaves_nothing(tmp_path):
    with storage.reserved(tmp_path / "new" / "deep" / "mine"):
        assert (tmp_path / "new").exists()
    assert names(tmp_path) == []


def test_a_folder_that_is_deleted_while_it_is_reserved_is_made_again(tmp_path, monkeypatch):
    import filelock

    def acquire(self, **options):
        if not deleted:
            deleted.append(1)
            storage.shutil.rmtree(tmp_path / ".mine-reserved")
            raise FileNotFoundError
        return acquired(self, **options)

    deleted, acquired = [], filelock.FileLock.acquire
    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with storage.reserved(tmp_path / "mine"):
        assert (tmp_path / ".mine-reserved" / ".in-use").exists()


KILLED_FILE = """
import os, signal, sys
from pathlib import Path
from headstart.storage import whole_file
with whole_file(Path(sys.argv[1])) as new:
    new.write_text("half of it")
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_next_file_takes_the_name_that_a_killed_process_left(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    monkeypatch.setattr(sys.modules[__name__], "KILLED", KILLED_FILE)
    start(path, "killed").communicate(timeout=60)
    assert names(tmp_path) == [".table-headstart-1.csv"]
    with start(path, "working") as working:
        try:
            assert working.stdout.readline() == "ready\n"
            assert names(tmp_path) == [".table-headstart-1.csv"]
            with storage.whole_file(path) as temporary:
                assert temporary.name == ".table-headstart-2.csv"
                assert temporary.read_text() == ""
                temporary.write_text("all of it")
        finally:
            working.kill()
    assert path.read_text() == "all of it"
    assert names(tmp_path) == [".table-headstart-1.csv", "table.csv"]
    with storage.whole_file(path):
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
    with storage.whole_file(tmp_path / "a.csv") as temporary:
        temporary.write_text("new")
        assert temporary.name == ".a-headstart-4.csv"
    assert victim.read_text() == "the user's"
    assert (tmp_path / "a.csv").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_two_at_once_have_files_of_their_own(tmp_path):
    with (
        storage.whole_file(tmp_path / "a.csv") as one,
        storage.whole_file(tmp_path / "a.csv") as other,
    ):
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a.csv").read_text() == "one"
    assert names(tmp_path) == ["a.csv"]


def test_a_folder_that_was_left_before_it_was_locked_is_removed(tmp_path):
    for name in (".mine-abcd1234", ".mine-notes", ".mine-abcd_efg"):
        (tmp_path / name).mkdir()
    (tmp_path / ".mine-abcd_efg" / "a").touch()  # not empty: whose is it?
    storage.remove_remains(tmp_path / "mine")
    assert names(tmp_path) == [".mine-abcd_efg", ".mine-notes"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other links")
def test_remains_are_not_looked_for_behind_links(tmp_path):
    real = tmp_path / "real"
    (real / "a").mkdir(parents=True)
    (real / ".in-use").touch()
    (tmp_path / ".mine-abcd1234").symlink_to(real)
    storage.remove_remains(tmp_path / "mine")
    assert (real / "a").is_dir()


def test_the_lock_of_a_folder_is_deleted_last(tmp_path, monkeypatch):
    """Without it nobody could tell whose the rest is."""
    with storage.folder_beside(tmp_path / "mine") as new:
        (new / "a").touch()
        outer = new.parent
        monkeypatch.setattr(storage.shutil, "rmtree", lambda *_, **__: None)
        monkeypatch.setattr(storage, "_empty", lambda folder: (folder / "mine" / "a").unlink())
    assert [path.name for path in outer.iterdir() if path.is_file()] == [".in-use"]


def test_a_temporary_folder_is_deleted_and_a_full_disk_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.tempfile, "tempdir", str(tmp_path))
    with storage.temporary_folder() as folder:
        (folder / "a").touch()
        assert folder.is_relative_to(tmp_path)
    assert names(tmp_path) == []
    with pytest.raises(StorageError, match="No space left"), storage.temporary_folder():
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_room_is_checked_where_a_folder_will_be(tmp_path):
    storage.check_room(tmp_path / "new" / "model", 1, "the model")
    assert names(tmp_path) == []
    with pytest.raises(StorageError, match=r"about 1,000,000,000 MB\. Received: [\d,]+ MB"):
        storage.check_room(tmp_path / "new" / "model", 10**15, "the model")


def test_a_folder_that_can_not_be_written_is_found_before(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError("read-only")

    monkeypatch.setattr(storage.tempfile, "TemporaryFile", refuse)
    with pytest.raises(StorageError, match=r"the model must be written into .*: read-only"):
        storage.check_room(tmp_path, 1, "the model")


def test_a_drive_that_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.Path, "exists", lambda _: False)
    with pytest.raises(StorageError, match="which is not possible"):
        storage.check_room(tmp_path / "new" / "model", 1, "the model")


def test_the_environment_sets_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    assert storage.cache_dir() == tmp_path
    monkeypatch.delenv("HEADSTART_CACHE")
    assert storage.cache_dir().name == "headstart"


def test_the_size_of_a_folder_is_that_of_all_that_stays(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    for name, content in {"a": "12345", "inner/b": "123", "inner/c": "1"}.items():
        (tmp_path / name).write_text(content)
    assert storage.folder_size(tmp_path) == 9
    assert storage.folder_size(tmp_path / "nowhere") == 0
    stat_of = type(tmp_path).stat

    def stat(self, **options):
        if self.name == "c":
            raise FileNotFoundError  # another process deleted it
        return stat_of(self, **options)

    monkeypatch.setattr(type(tmp_path), "stat", stat)
    assert storage.folder_size(tmp_path) == 8


@pytest.mark.parametrize("answer", ["~/.cache/headstart", RuntimeError("no home")])
def test_without_a_home_directory_a_folder_is_asked_for(monkeypatch, tmp_path, answer):
    def usual(*_):
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.delenv("HEADSTART_CACHE")
    monkeypatch.setattr("headstart.storage.platformdirs.user_cache_dir", usual)
    with pytest.raises(UsageError, match="Set HEADSTART_CACHE to a folder"):
        cache_dir()
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Could not write"), writing("it"):
        (tmp_path / "file" / "below").mkdir()
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
