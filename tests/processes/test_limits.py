"""Limits of memory for processes that read files of strangers."""

import subprocess
import sys

import pytest

from headstart.processes import limits
from headstart.processes.limits import TOO_MUCH_MEMORY, limit_memory

TAKE = """
import sys
from headstart.processes.limits import limit_memory
limit_memory(600_000_000)
try:
    taken = [bytearray(50_000_000) for _ in range(int(sys.argv[1]))]
except MemoryError:
    sys.exit(3)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux refuses memory")
@pytest.mark.parametrize(("pieces", "status"), [(2, 0), (40, 3)])
def test_memory_beyond_the_limit_is_refused(pieces, status):
    command = [sys.executable, "-c", TAKE, str(pieces)]
    assert subprocess.run(command, check=False).returncode == status


@pytest.mark.skipif(sys.platform == "win32", reason="resource is not there")
def test_watched_process_ends_itself(monkeypatch):
    ended = []
    monkeypatch.setattr(limits.os, "_exit", ended.append)
    limits._watch(1)
    assert ended == [TOO_MUCH_MEMORY]


def test_windows_has_no_limit(monkeypatch):
    monkeypatch.setattr(limits.os, "name", "nt")
    limit_memory(1)
    assert bytearray(1000)
