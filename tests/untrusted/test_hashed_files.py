"""A hash is remembered only as long as the file can't have changed."""

import hashlib
import os

import pytest

from headstart.untrusted import hashed_files
from headstart.untrusted.hashed_files import hash_open, known_hash

HOUR = 3600


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(hashed_files, "_hashes", {})


@pytest.fixture
def later(monkeypatch):
    """Have everything that was written so far be an hour old."""
    now = hashed_files.time.time_ns()
    monkeypatch.setattr(hashed_files.time, "time_ns", lambda: now + HOUR * 10**9)


def hashed(path):
    with path.open("rb") as file:
        return hash_open(file), known_hash(file)


def of(content):
    return hashlib.sha256(content).hexdigest()


def test_a_file_that_was_just_written_is_hashed_each_time(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert hashed(path) == (of(b"one"), None)


@pytest.mark.usefixtures("later")
def test_a_settled_file_is_hashed_once(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert hashed(path) == (of(b"one"), of(b"one"))
    monkeypatch.setattr(hashed_files.hashlib, "file_digest", None)
    assert hashed(path) == (of(b"one"), of(b"one"))


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("how", ["written", "replaced", "with the old time"])
def test_a_change_is_seen(tmp_path, how):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert hashed(path)[1] == of(b"one")
    times = path.stat()
    if how == "replaced":
        path.rename(tmp_path / "aside")
    path.write_bytes(b"two")
    if how == "with the old time":
        if os.name == "nt":
            pytest.skip("Windows keeps no time of the last change of a time")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert hashed(path)[0] == of(b"two")


@pytest.mark.usefixtures("later")
def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    digest = hashlib.file_digest

    def slow(file, kind):
        path.write_bytes(b"longer")
        return digest(file, kind)

    monkeypatch.setattr(hashed_files.hashlib, "file_digest", slow)
    assert hashed(path)[1] is None


@pytest.mark.usefixtures("later")
def test_so_many_files_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(hashed_files, "_REMEMBERED", 2)
    for name in "abc":
        (tmp_path / name).write_text(name)
        hashed(tmp_path / name)
    assert list(hashed_files._hashes.values()) == [of(b"b"), of(b"c")]


def test_a_file_that_is_too_long_is_not_hashed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with path.open("rb") as file:
        assert hash_open(file, 5)
        with pytest.raises(OSError, match="more than 4 bytes"):
            hash_open(file, 4)
