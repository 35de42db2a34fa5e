"""Processes that decode images, in tests: ready when they are needed, and with odd behaviour."""

import os
import threading

import pytest

from headstart.images import reader, workers
from headstart.images.workers import Worker, Workers
from headstart.processes import worker
from headstart.processes.pool import Pool

#: A worker for which the first word of an image's name is an order.
ODD = """
import os, pathlib
from headstart.images import preparing, worker
from headstart.processes.serving import run

prepare = preparing.Preparation.__call__


def obey(self, data, name):
    order, _, file = name.partition(" ")
    if order == "exit" or (order == "exit-once" and not pathlib.Path(file).exists()):
        pathlib.Path(file or os.devnull).touch()
        os._exit(3)
    if order == "abort":
        os.abort()
    if order == "print":
        os.write(1, b"this is no message")
    return prepare(self, data, name)


preparing.Preparation.__call__ = obey
run(worker.serve)
"""


def use_processes(monkeypatch: pytest.MonkeyPatch, program: str = "") -> list[Workers]:
    """Have `read_images` use two processes after the first image of each thread.

    Return what it uses, one for each time that it decodes.
    """
    used: list[Workers] = []
    ready = threading.Event()
    prepare, start = Workers.prepare, Pool._start

    def prepare_and_wait(self: Workers, data: bytes, name: str):
        if self not in used:
            used.append(self)
        try:
            return prepare(self, data, name)
        finally:
            assert ready.wait(60)

    def start_and_tell(self: Pool[Worker]) -> None:
        start(self)
        ready.set()

    monkeypatch.setattr(Workers, "prepare", prepare_and_wait)
    monkeypatch.setattr(Pool, "_start", start_and_tell)
    monkeypatch.setattr(reader, "usable_cores", lambda: 2)
    monkeypatch.setattr(worker, "THREADS_SCALE_TO", 1)
    monkeypatch.setattr(workers, "WORTH_WORKERS", 1)
    monkeypatch.setattr(workers, "_FIRST", 1)
    if program:
        use_program(monkeypatch, program)
    return used


def use_program(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have worker processes run this code instead of a module."""
    monkeypatch.setattr(worker, "_RUN", ("-c", code))


def pids(of: Workers) -> list[int]:
    """Return the processes that work, after `use_processes` on a system with signals."""
    return [seat.worker._process.pid for seat in of._pool._seats if seat.worker is not None]


def is_running(pid: int) -> bool:
    """Tell whether a process exists and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def starter_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "headstart-starter"]
