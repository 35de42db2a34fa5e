"""`headstart.learning_curve` as Python calls it."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.errors import DatasetError


def test_pairs_and_datasets_agree_and_the_unreadable_is_named(images, labelled, tiny_network):
    curve = hs.learning_curve(images, backbone=tiny_network)
    assert curve.n == 24
    assert curve.measured[-1].accuracy == 1
    assert hs.learning_curve(labelled, backbone=tiny_network).to_dict() == curve.to_dict()
    progress = Recorder()
    broken = [*images[0], b"no image"], [*images[1], 1]
    assert hs.learning_curve(broken, backbone=tiny_network, progress=progress).n == 24
    assert any(line.startswith("Left out: ") for line in progress.said)


def test_files_with_the_same_content_are_on_one_side(tiny_network):
    def png(seed):
        written = io.BytesIO()
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(written, "png")
        return written.getvalue()

    # Noise with labels by chance: only copies could be known again.
    images = [png(seed) for seed in range(12)] * 4
    labels = ["heads" if seed % 2 else "tails" for seed in range(12)] * 4
    curve = hs.learning_curve((images, labels), backbone=tiny_network)
    assert curve.measured[-1].accuracy < 0.9
    assert np.diff(curve.measured[-1].interval) > 0.4


def test_too_few_images_are_refused(tiny_network, images):
    few = images[0][:6] + images[0][-6:], [0] * 6 + [1] * 6
    progress = Recorder()
    with pytest.raises(DatasetError, match="at least 20 images"):
        hs.learning_curve(few, backbone=tiny_network, progress=progress)
    assert not any("prediction sets" in line for line in progress.said)
