"""Killed at any point, a pre-training continues to the same end, and no file is damaged."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from headstart.backbones.folders import read_backbone
from headstart.backbones.weights import FOLDER_WEIGHTS
from headstart.training.checkpoints import load_checkpoint

pytestmark = pytest.mark.slow

# Checkpoints after every step, so that a kill finds many different states.
JOB = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
import headstart.training.loop as training
from headstart.pretraining.job import pretrain
from headstart.pretraining.settings import Pretraining
from headstart.progress import NoProgress
training._SECONDS_BETWEEN_CHECKPOINTS = 0
class Told(NoProgress):
    def say(self, message):
        print(message, flush=True)
pretrain(
    sys.argv[1],
    sys.argv[2],
    Pretraining(size=32, epochs=5, batch_size=8, learning_rate=0.05, precision="f32"),
    progress=Told(),
)
"""


def start(dataset, out):
    command = [sys.executable, "-c", JOB, str(dataset), str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def step_of(work):
    """Return the step that the last checkpoint was made after; 0 without one."""
    path = work / "last.npz"
    return load_checkpoint(path).facts["step"] if path.exists() else 0


def wait_for_another_step(process, work):
    """Wait for a new checkpoint, or the end of the process."""
    before = step_of(work)
    while process.poll() is None and step_of(work) == before:
        time.sleep(0.05)


def weights(folder):
    import h5py

    found = {}
    with h5py.File(folder / FOLDER_WEIGHTS) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if item.shape else {})
                        if hasattr(item, "shape") else None)  # fmt: skip
    return found


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "net"
    with start(dataset, out) as process:
        process.communicate()
    assert process.returncode == 0
    return out


def test_killed_five_times_it_ends_like_an_undisturbed_one(dataset, undisturbed, tmp_path):
    out, work = tmp_path / "net", tmp_path / "net.training"
    chance = random.Random(0)
    killed_at = []
    for _ in range(5):
        with start(dataset, out) as process:
            wait_for_another_step(process, work)
            time.sleep(chance.uniform(0, 0.5))
            process.kill()
        assert not out.exists()
        killed_at.append(step_of(work))
    assert killed_at == sorted(set(killed_at))
    with start(dataset, out) as process:
        process.communicate()
    assert process.returncode == 0
    assert read_backbone(out).top1 == pytest.approx(read_backbone(undisturbed).top1, abs=1 / 7)
    _alike(weights(out), weights(undisturbed))
    assert not work.exists()


def _alike(one, other):
    assert one.keys() == other.keys()
    for name in one:
        scale = np.abs(other[name]).max()
        np.testing.assert_allclose(one[name], other[name], atol=0.02 * scale, err_msg=name)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_leaves_a_checkpoint_of_the_last_step(dataset, tmp_path):
    out, work = tmp_path / "net", tmp_path / "net.training"
    command = [sys.executable, "-m", "headstart", "pretrain", str(dataset), "--out", str(out)]
    # So many epochs that it is still at work, at a rate that so small batches stand.
    settings = ["--size", "32", "--epochs", "1000", "--batch-size", "8", "--learning-rate", "0.05"]
    with subprocess.Popen([*command, *settings], stderr=subprocess.PIPE, text=True) as process:
        wait_for_another_step(process, work)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert load_checkpoint(work / "last.npz").facts["step"] > 8
    assert not out.exists()
