import os

import pytest

from headstart.storage import locks
from headstart.storage.locks import is_at, lock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")


@pytest.fixture
def handles(tmp_path):
    """Return three handles of the same file, each opened anew."""
    (tmp_path / "file").touch()
    opened = [os.open(tmp_path / "file", os.O_RDWR) for _ in range(3)]
    yield opened
    for each in opened:
        os.close(each)


def test_an_exclusive_lock_allows_no_other(handles):
    one, other, _ = handles
    assert lock(one)
    assert lock(other) is False
    assert lock(other, exclusive=False) is False


def test_a_shared_lock_allows_shared_ones(handles):
    one, other, third = handles
    assert lock(one, exclusive=False)
    assert lock(other, exclusive=False)
    assert lock(third) is False


def test_where_there_are_no_locks_there_is_none(handles, monkeypatch):
    monkeypatch.setattr(locks.sys, "platform", "win32")
    assert lock(handles[0]) is None


def test_a_drive_without_locks(handles, monkeypatch):
    import fcntl

    def refuse(*_):
        raise OSError("not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert lock(handles[0]) is None


def test_a_file_that_was_replaced_is_not_at_its_path(tmp_path, handles):
    path = tmp_path / "file"
    assert is_at(handles[0], path)
    path.rename(tmp_path / "other")
    assert not is_at(handles[0], path)
    path.symlink_to(tmp_path / "other")
    assert not is_at(handles[0], path)
