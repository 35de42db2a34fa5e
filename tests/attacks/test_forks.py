"""Forks at any moment, while threads predict and cache: a child answers or is told at once."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from headstart import ImageClassifier

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
]

# Long enough for a child on a busy machine; a child that hangs would take for ever.
SECONDS_PER_CHILD = 60

WORK = """
import faulthandler, os, random, signal, sys, threading, time, warnings
import headstart as hs

warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
told = hs.ForkError  # the first name that is used makes forks wait for imports
FOLDER, BACKBONE, N, SEED, SECONDS, *IMAGES = sys.argv[1:]
EXPECTED = ["red", "blue"] * (len(IMAGES) // 2)
chance = random.Random(int(SEED))
stop = threading.Event()
shared = []


def predict():
    if not shared:
        shared.append(hs.load(FOLDER))
    assert list(shared[0].predict(IMAGES)) == EXPECTED


def load():
    assert list(hs.load(FOLDER).predict(IMAGES)) == EXPECTED


def embed():
    assert hs.Embedder(BACKBONE).transform(IMAGES).shape[0] == len(IMAGES)


WAYS = [predict, load, embed]


def again_and_again(way):
    while not stop.is_set():
        way()


def child(way):
    faulthandler.dump_traceback_later(float(SECONDS), exit=True)
    try:
        way()
    except told:
        return 7
    return 0


threads = [threading.Thread(target=again_and_again, args=[way]) for way in WAYS]
for thread in threads:
    thread.start()
ends = []
for _ in range(int(N)):
    # The first ones come while the threads still import what they need.
    time.sleep(chance.expovariate(1 / chance.choice([0.002, 0.05, 0.5])))
    way = chance.choice(WAYS)
    pid = os.fork()
    if not pid:
        sys.exit(child(way))
    ends.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
predict()
print(*ends)
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("images")
    paths = []
    for i in range(12):
        pixels = random.integers(0, 90, (40, 40, 3), np.uint8)
        pixels[..., 2 * (i % 2)] += 120
        paths.append(str(folder / f"{i:02}.png"))
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def folder(tiny_network, images, tmp_path_factory):
    place = tmp_path_factory.mktemp("model") / "model"
    ImageClassifier(tiny_network, cache=False).fit(images, ["red", "blue"] * 6).save(place)
    return place


def test_threads_work_while_another_forks(
    folder, network_folder, images, tmp_path, rounds, seed, attacked
):
    forks = 12 * rounds
    script = tmp_path / "forks.py"
    script.write_text(WORK, "utf-8")
    words = [script, folder, network_folder, forks, seed, SECONDS_PER_CHILD, *images]
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=SECONDS_PER_CHILD * (forks + 2),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = done.stdout.split()
    attacked("forks while threads predict, load and cache", len(ends))
    assert len(ends) == forks
    assert set(ends) <= {"0", "7"}, done.stderr
