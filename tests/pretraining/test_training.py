"""The data that a network is trained on. The training itself is in test_job.py."""

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.augmentation.settings import Augmentation
from headstart.data.labelled_images import LabelledImages
from headstart.errors import UsageError
from headstart.images.sources import ArraySource, BytesSource
from headstart.pretraining import training as room
from headstart.pretraining.plan import Job
from headstart.pretraining.settings import Pretraining
from headstart.training.history import Epoch
from headstart.training.pixels import Pixels


def images(shades, label):
    sources = [ArraySource(str(s), np.full((40, 40, 3), s, np.uint8)) for s in shades]
    return sources, [label] * len(shades)


def joined(*parts):
    sources, labels = (list(chain(*column)) for column in zip(*parts, strict=True))
    return LabelledImages(sources, labels, ["dark", "bright"])


@pytest.fixture
def job(tmp_path, tiny_network):
    """A job with 10 training and 4 validation images, two of them unreadable."""
    broken = [BytesSource("broken.png", b"no image")], ["dark"]
    settings = Pretraining(
        size=32, batch_size=5, label_smoothing=0.0, augmentation=Augmentation.none(), workers=2
    )
    return Job(
        settings=settings,
        train=joined(broken, images(range(5), "dark"), images(range(200, 205), "bright")),
        validation=joined(images([20], "dark"), broken, images([220, 221], "bright")),
        teacher=tiny_network,
        precision="f32",
        folder=Path(tmp_path),
        trained_on="shades",
        license="none",
        progress=Recorder(),
    )


def test_the_batches_hold_the_readable_images_with_their_classes_and_teacher_targets(job):
    pixels = room._decode(job, job.train, 40, "train", job.progress)
    assert [item.source.name for item in pixels.unreadable] == ["broken.png"]
    batches = room._batches(job, pixels, job.progress)
    shown = []
    for batch in batches.epoch(0, [32, 32]):
        classes, targets = batch.targets
        np.testing.assert_array_equal(batch.inputs[:, 0, 0, 0] > 100, classes.argmax(axis=1) == 1)
        assert targets.shape == (5, 16)
        shown += batch.inputs[:, 0, 0, 0].tolist()
    assert sorted(shown) == [*range(5), *range(200, 205)]
    assert (job.folder / "teacher_targets.raw").exists()


def test_the_validation_set_holds_the_readable_images_of_the_sample(job):
    validation = room._validation_set(job, job.validation_sample(), job.progress)
    (batch,) = validation.batches()
    assert batch.shape == (3, 32, 32, 3)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[:, 0, 0, 0] > 100, validation.labels == 1)


def test_epochs_that_can_not_be_written_do_not_end_the_training(tmp_path):
    progress = Recorder()
    epoch = Epoch(epoch=1, seconds=1, size=32, learning_rate=0.1, loss=1, accuracy=0.5)
    (tmp_path / "curves.png").mkdir()
    room._write_epochs([epoch], 1, tmp_path, progress)
    (said,) = progress.said
    assert "could not be written" in said
    assert "curves.png" in said
    (tmp_path / "curves.png").rmdir()
    room._write_epochs([epoch], 1, tmp_path, progress)
    assert {file.name for file in tmp_path.iterdir()} == {"curves.png", "history.csv"}


def test_images_of_the_same_names_with_other_contents_are_refused(tmp_path):
    pixels = Pixels(np.zeros((1, 2, 2, 3), np.uint8), np.zeros(1, np.int64), (), digest="a")
    for _ in range(2):
        room._check_same(tmp_path, pixels)
    with pytest.raises(UsageError, match=r"other contents\. Restore .*--restart"):
        room._check_same(tmp_path, replace(pixels, digest="b"))
