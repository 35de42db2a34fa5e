"""Processes that decode images: killed at any moment, or left by a parent that is killed."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from tests.images.odd_images import encoded, photo
from tests.images.odd_workers import is_running, pids, use_processes

from headstart.images.reader import load, read_images
from headstart.images.resizing import Resize
from headstart.images.sources import BytesSource

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no such signals"),
]

SECONDS = 60
RESIZE = Resize("crop", 64, 64)

# Reads images for ever, and says which processes decode them.
READ = """
import itertools, sys, threading
import pytest
from tests.images.odd_images import encoded, photo
from tests.images.odd_workers import pids, use_processes
from headstart.images.reader import read_images
from headstart.images.resizing import Resize
from headstart.images.sources import BytesSource

data = encoded(photo(300, 300), "JPEG")
with pytest.MonkeyPatch.context() as patch:
    used = use_processes(patch)
    endless = (BytesSource(str(i), data) for i in itertools.count())
    for i, _ in enumerate(read_images(endless, Resize("crop", 64, 64), workers=2)):
        if i == 40:
            print(*pids(used[0]), flush=True)
"""


def test_killed_workers_lose_no_image(monkeypatch, rounds, seed, attacked):
    chance = random.Random(seed)
    used = use_processes(monkeypatch)
    kinds = [encoded(photo(300, 300, seed=i), "JPEG") for i in range(7)]
    expected = [load(i, BytesSource("x", data), RESIZE) for i, data in enumerate(kinds)]
    n, killed = 300 * rounds, 0
    sources = (BytesSource(str(i), kinds[i % len(kinds)]) for i in range(n))
    for item in read_images(sources, RESIZE, workers=2):
        # An image is lost after two kills in a row. These are rarer.
        if item.index % 40 == 39:
            os.kill(chance.choice(pids(used[0])), signal.SIGKILL)
            killed += 1
        assert item.error is None
        assert (item.pixels == expected[item.index % len(kinds)].pixels).all()
    assert item.index == n - 1
    attacked("workers killed", killed)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent(how, attacked):
    reading = subprocess.Popen(
        [sys.executable, "-c", READ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    with reading:
        workers = list(map(int, reading.stdout.readline().split()))
        assert len(workers) == 2
        assert all(map(is_running, workers))
        # Ctrl-C reaches all processes of a terminal.
        (os.killpg if how == signal.SIGINT else os.kill)(reading.pid, how)
        reading.wait(SECONDS)
        said = reading.stderr.read()
    assert soon(lambda: not any(map(is_running, workers)))
    assert said.count("Traceback") == (how == signal.SIGINT)  # the parent's own
    attacked("parents of workers ended", 1)


def soon(holds):
    """Wait until something holds, which must not take long."""
    limit = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True
