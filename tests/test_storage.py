"""Files are whole or absent."""

import errno
import hashlib
import os
import stat

import pytest

from headstart import storage
from headstart.errors import StorageError


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
        pytest.raises(StorageError, match=r"answers\.csv.*No space left.*Free some space"),
        storage.whole_file(path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


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


def test_the_environment_sets_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    assert storage.cache_dir() == tmp_path
    monkeypatch.delenv("HEADSTART_CACHE")
    assert storage.cache_dir().name == "headstart"


def test_clearing_deletes_one_kind():
    for kind, content in {"features": "12345", "networks": "123"}.items():
        (storage.cache_dir() / kind / "inner").mkdir(parents=True)
        (storage.cache_dir() / kind / "inner" / "file").write_text(content)
    assert storage.folder_size(storage.cache_dir() / "features") == 5
    storage.clear_cache("features")
    storage.clear_cache("weights")
    assert storage.folder_size(storage.cache_dir() / "features") == 0
    assert storage.folder_size(storage.cache_dir() / "networks") == 3
