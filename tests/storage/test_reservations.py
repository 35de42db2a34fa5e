import os
import subprocess
import sys

import pytest

from headstart.errors import UsageError
from headstart.storage import reservations
from headstart.storage.reservations import reserved
from headstart.storage.whole_folders import remove_remains, whole_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


RESERVED = """
import os, signal, sys
from pathlib import Path
from headstart.storage.reservations import reserved
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
                reserved(path),
            ):
                pass
            remove_remains(path)
            assert names(path.parent) == [".mine-reserved"]
            with reserved(path.with_name("other")):
                pass
        finally:
            working.kill()
    remove_remains(path)  # it was killed
    assert names(path.parent) == []
    with reserved(path), whole_folder(path) as new:
        (new / "a").write_text("1")
    assert names(path.parent) == ["mine"]


def test_a_reservation_leaves_nothing(tmp_path):
    with reserved(tmp_path / "new" / "deep" / "mine"):
        assert (tmp_path / "new").exists()
    assert names(tmp_path) == []


def test_a_folder_that_is_deleted_while_it_is_reserved_is_made_again(tmp_path, monkeypatch):
    import filelock

    def acquire(self, **options):
        if not deleted:
            deleted.append(1)
            reservations.shutil.rmtree(tmp_path / ".mine-reserved")
            raise FileNotFoundError
        return acquired(self, **options)

    deleted, acquired = [], filelock.FileLock.acquire
    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with reserved(tmp_path / "mine"):
        assert (tmp_path / ".mine-reserved" / ".in-use").exists()
