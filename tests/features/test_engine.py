"""What every engine does, shown on OpenVINO's."""

import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.features.openvino_engine import OpenVinoEngine


@pytest.fixture
def engine(tiny_network):
    return OpenVinoEngine(tiny_network, "f32", ("features",))


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), np.uint8)


def test_a_batch_has_the_shape_and_type_that_is_promised(engine):
    values = engine.infer(images(3))
    assert values["features"].shape == (3, 16)
    assert values["features"].dtype == np.float32


def test_an_empty_batch_is_empty(tiny_network):
    engine = OpenVinoEngine(tiny_network, "f32", ("feature_map",))
    assert engine.infer(images(0))["feature_map"].shape == (0, 8, 8, 16)


def test_a_batch_is_its_images_one_by_one(engine):
    batch = images(5)
    together = engine.infer(batch)["features"]
    alone = [engine.infer(image[None])["features"][0] for image in batch]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(
    "image", [np.zeros((32, 31, 3), np.uint8), np.zeros((32, 32, 3), np.float32)]
)
def test_an_image_that_does_not_fit_is_refused(engine, image):
    with pytest.raises(UsageError, match=r"tiny takes uint8 RGB images of shape \(32, 32, 3\)"):
        engine.infer(image[None])
