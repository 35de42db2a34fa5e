"""Whether worker processes pay; how they are asked and end is tested with what they do.

See tests/images/test_workers.py and tests/training/test_views.py.
"""

import sys

import pytest

from headstart.processes.worker import MOST_WORKERS, WorkerEnded, WorkerProcess, most_workers


def test_a_process_that_does_not_greet_has_ended():
    worker = WorkerProcess("this")  # greets nobody
    with pytest.raises(WorkerEnded):
        worker.greet({"a": "b"})
    worker.end()
    assert not worker.usable


class TestWhetherTheyPay:
    @pytest.mark.parametrize(
        ("threads", "cores", "n"),
        [(1, 64, 0), (4, 64, 0), (16, 4, 0), (16, 16, 16), (8, 16, 8), (16, 8, 8)],
    )
    def test_there_are_as_many_as_cores_and_threads(self, threads, cores, n):
        assert most_workers(threads, cores) == n

    def test_there_are_not_more_than_can_be_kept_busy(self):
        assert most_workers(200, 200) == MOST_WORKERS

    def test_python_without_its_lock_needs_none(self, monkeypatch):
        monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
        assert most_workers(16, 16) == 0

    @pytest.mark.parametrize("program", ["/usr/bin/uwsgi", "", None])
    def test_no_program_is_started_that_is_not_python(self, program, monkeypatch):
        monkeypatch.setattr(sys, "executable", program)
        assert most_workers(16, 16) == 0

    def test_a_frozen_program_starts_none(self, monkeypatch):
        monkeypatch.setattr(sys, "frozen", True, raising=False)
        assert most_workers(16, 16) == 0
