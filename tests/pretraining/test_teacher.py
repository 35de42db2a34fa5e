import json

import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.errors import ImageError, UsageError
from headstart.images.sources import ArraySource, BytesSource
from headstart.pretraining.teacher import teacher_targets

SCRIPT = """
import json
import keras
import numpy as np
from headstart.pretraining.settings import Pretraining
from headstart.pretraining.teacher import compiled_with_teacher
from headstart.training.batches import Batch

image = keras.Input((8,))
features = keras.layers.Dense(4, name="features")(image)
network = keras.Model(image, keras.layers.Dense(3, "softmax")(features))
settings = Pretraining(momentum=0.5, teacher_weight=2, label_smoothing=0)
alone, taught = (compiled_with_teacher(keras, network, settings, n) for n in (None, 6))
x, classes = np.ones((5, 8), np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
directions = np.ones((5, 6), np.float32)
said, pupil = (np.asarray(each, np.float64) for each in taught.model(x))
pupil /= np.linalg.norm(pupil, axis=1, keepdims=True)
loss, _ = taught.train(Batch(x, [classes, directions / np.sqrt(6)]), 0.0)
print(json.dumps({
    "outputs": [len(alone.model.outputs), len(taught.model.outputs)],
    "shapes": [list(each.shape) for each in taught.model.outputs],
    "loss": float(loss),
    "classes": float(-np.log((said * classes).sum(axis=1)).mean()),
    "alike": float((pupil / np.sqrt(6)).sum(axis=1).mean()),
    "optimizer": [float(alone.optimizer.momentum), bool(alone.optimizer.nesterov)],
}))
"""


def arrays(n=6):
    random = np.random.default_rng(0)
    return [ArraySource(str(i), random.integers(0, 256, (20, 30, 3), np.uint8)) for i in range(n)]


def test_the_targets_are_directions_around_the_mean(tiny_network, tmp_path):
    targets = teacher_targets(arrays(40), tiny_network, tmp_path / "targets")
    assert targets.shape == (40, 16)
    assert targets.dtype == np.float16
    np.testing.assert_allclose(np.linalg.norm(targets.astype(float), axis=1), 1, atol=2e-3)
    same = teacher_targets(arrays(1) * 2, tiny_network, tmp_path / "same")
    assert np.isfinite(same).all()


def test_the_targets_tell_images_apart_as_the_teacher_does(tiny_network, tmp_path):
    sources = arrays(40)
    targets = teacher_targets([*sources, sources[0]], tiny_network, tmp_path / "targets")
    alike = targets.astype(float) @ targets[0].astype(float)
    assert alike[40] == pytest.approx(1, abs=1e-2)
    assert alike[1:40].max() < 0.99


def test_an_unreadable_image_is_named_and_leaves_no_file(tiny_network, tmp_path):
    broken = BytesSource("broken.png", b"no image")
    with pytest.raises(ImageError, match=r"broken\.png"):
        teacher_targets([*arrays(2), broken], tiny_network, tmp_path / "targets")
    assert not (tmp_path / "targets").exists()


def test_it_runs_on_the_device_that_is_asked_for(tiny_network, tmp_path, monkeypatch):
    def check(device):
        if device == "gpu":
            raise UsageError("no GPU")

    monkeypatch.setattr("headstart.features.extractor.check_device", check)
    with pytest.raises(UsageError, match="no GPU"):
        teacher_targets(arrays(3), tiny_network, tmp_path / "targets", device="gpu")


def test_progress_counts_every_image(tiny_network, tmp_path):
    progress = Recorder()
    teacher_targets(arrays(3), tiny_network, tmp_path / "targets", progress=progress)
    assert progress.bars == [["running the teacher", 3, "image", 3]]


def test_with_a_teacher_the_network_has_a_second_loss(python):
    process = python("-c", SCRIPT)
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.strip().rpartition("\n")[2])
    assert found["outputs"] == [1, 2]
    assert found["shapes"] == [[None, 3], [None, 6]]
    assert found["loss"] == pytest.approx(found["classes"] - 2 * found["alike"], rel=1e-5)
    assert found["optimizer"] == [0.5, True]
