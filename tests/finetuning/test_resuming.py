"""Killed at any point, a fine-tuning continues to the same end, and no file is damaged."""

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

import headstart as hs
from headstart.training.checkpoints import load_checkpoint

pytestmark = pytest.mark.slow

# Checkpoints after every step, so that a kill finds many different states.
JOB = """
import sys
import headstart.training.loop as training
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.settings import FineTuning
from headstart.jobs.train import train
training._SECONDS_BETWEEN_CHECKPOINTS = 0
Comparison.keeps_tuned = property(lambda _: True)
train(
    sys.argv[1], sys.argv[2], backbone="mini", size=(48, 48), resize="squash",
    fine_tuning=FineTuning(epochs=3, batch_size=8, views=2, validation=2, precision="f32"),
)
"""


@pytest.fixture
def start(dataset, shared_cache):
    def started(out):
        return subprocess.Popen(
            [sys.executable, "-c", JOB, str(dataset), str(out)],
            env={
                **os.environ,
                "KERAS_BACKEND": "tensorflow",
                "HEADSTART_CACHE": str(shared_cache),
            },
        )

    return started


def steps(work):
    """Return the steps that the last checkpoints of all its trainings were made after."""
    return sum(load_checkpoint(path).facts["step"] for path in work.glob("*/last.npz"))


def wait_for_another_step(process, work):
    before = steps(work)
    while process.poll() is None and steps(work) == before:
        time.sleep(0.02)


def test_killed_five_times_it_ends_like_an_undisturbed_one(start, dataset, tmp_path):
    with start(tmp_path / "undisturbed") as process:
        pass
    assert process.returncode == 0
    out, work = tmp_path / "model", tmp_path / "model.training"
    chance = random.Random(0)
    killed_at = []
    for _ in range(5):
        with start(out) as process:
            wait_for_another_step(process, work)
            time.sleep(chance.uniform(0, 0.5))
            process.kill()
        assert not out.exists()
        killed_at.append(steps(work))
    assert killed_at == sorted(set(killed_at))
    with start(out) as process:
        pass
    assert process.returncode == 0
    assert not work.exists()
    probabilities = [
        hs.load(folder).predict_proba(dataset) for folder in (tmp_path / "undisturbed", out)
    ]
    np.testing.assert_allclose(probabilities[1], probabilities[0], atol=0.01)
