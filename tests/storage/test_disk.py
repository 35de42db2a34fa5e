import errno
import hashlib
import os

import pytest

from headstart.errors import StorageError
from headstart.storage import disk
from headstart.storage.disk import (
    check_room,
    delete,
    folder_size,
    hash_file,
    is_no_room,
    storage_error,
    writing,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_hash_is_that_of_the_content(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert hash_file(path) == hashlib.sha256(b"content").hexdigest()
    md5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    assert hash_file(path, "md5") == md5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows")
def test_a_pipe_is_not_hashed(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        hash_file(tmp_path / "pipe")


def test_whatever_is_there_is_deleted_but_not_what_a_link_points_to(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "in it").mkdir(parents=True)
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "nowhere").symlink_to("nothing")
    for name in ("file", "folder", "link", "nowhere", "nothing"):
        delete(tmp_path / name)
    assert names(tmp_path) == ["kept"]


def test_where_the_cache_is_can_be_set_if_its_disk_is_full(monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    with (
        pytest.raises(StorageError, match="set HEADSTART_CACHE"),
        writing(str(tmp_path / "features")),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_where_temporary_files_are_can_be_set_if_their_disk_is_full(monkeypatch, tmp_path):
    monkeypatch.setattr(disk.tempfile, "tempdir", str(tmp_path))
    assert f"; set {disk._TEMPORARY} to" in str(storage_error(str(tmp_path / "a"), "full"))
    assert "set T" not in str(storage_error("elsewhere", "full"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_programs_have_errors_of_their_own_for_a_full_disk(number):
    assert is_no_room(OSError(number, "the words of another language"))
    assert is_no_room(RuntimeError(f"can't write: {os.strerror(number)} [Op:SaveV2]"))
    assert not is_no_room(RuntimeError("can't write"))
    assert not is_no_room(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def test_a_graph_that_openvino_cannot_write_is_a_storage_error(tmp_path, tiny_network):
    from headstart.networks.runtime import load_openvino, write_graph

    (tmp_path / "file").touch()
    model = load_openvino().Core().read_model(tiny_network.graph)
    with pytest.raises(StorageError, match=r"Could not write .*graph\.xml: .*Free some space"):
        write_graph(model, tmp_path / "file" / "graph.xml")


def test_an_error_is_wrapped_once():
    with pytest.raises(StorageError) as caught, writing("outer"), writing("inner"):
        raise PermissionError("no")
    assert "inner" in str(caught.value)
    assert "outer" not in str(caught.value)


def test_room_is_checked_where_a_folder_will_be(tmp_path):
    check_room(tmp_path / "new" / "model", 1, "the model")
    assert names(tmp_path) == []
    with pytest.raises(StorageError, match=r"about 1,000,000,000 MB\. Received: [\d,]+ MB"):
        check_room(tmp_path / "new" / "model", 10**15, "the model")


def test_a_folder_that_can_not_be_written_is_found_before(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError("read-only")

    monkeypatch.setattr(disk.tempfile, "TemporaryFile", refuse)
    with pytest.raises(StorageError, match=r"the model must be written into .*: read-only"):
        check_room(tmp_path, 1, "the model")


def test_a_drive_that_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.Path, "exists", lambda _: False)
    with pytest.raises(StorageError, match="which is not possible"):
        check_room(tmp_path / "new" / "model", 1, "the model")


def test_the_size_of_a_folder_is_that_of_all_that_stays(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    for name, content in {"a": "12345", "inner/b": "123", "inner/c": "1"}.items():
        (tmp_path / name).write_text(content)
    assert folder_size(tmp_path) == 9
    assert folder_size(tmp_path / "nowhere") == 0
    stat_of = type(tmp_path).stat

    def stat(self, **options):
        if self.name == "c":
            raise FileNotFoundError  # another process deleted it
        return stat_of(self, **options)

    monkeypatch.setattr(type(tmp_path), "stat", stat)
    assert folder_size(tmp_path) == 8
