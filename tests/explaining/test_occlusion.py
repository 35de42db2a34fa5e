from types import SimpleNamespace

import numpy as np

from headstart.explaining.occlusion import CELLS, occlusion_map


class Engine:
    """Computes the brightness of the left upper eighth, and counts images."""

    def __init__(self):
        self.n = 0

    def stream(self, tagged):
        for tag, image in tagged:
            self.n += 1
            yield tag, {"features": np.float32([image[:4, :4].mean() / 255])}


class Predictor:
    extractor = SimpleNamespace(output="features")

    @staticmethod
    def probabilities(values):
        share = 0.1 + 0.8 * values[:, 0]
        return np.stack([share, 1 - share], axis=1)


def test_what_a_class_depends_on_is_found():
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:4, :4] = 255
    engine = Engine()
    found = occlusion_map(Predictor(), engine, pixels, 0)
    assert (found.shape, found.dtype) == ((CELLS, CELLS), np.float32)
    assert np.unravel_index(found.argmax(), found.shape) == (0, 0)
    # Covers of two cells: nothing beyond the next cell is covered together with the corner.
    assert np.abs(found[2:]).max() == 0 == np.abs(found[:, 2:]).max()
    assert engine.n == 1 + (CELLS + 1) ** 2
    np.testing.assert_allclose(occlusion_map(Predictor(), engine, pixels, 1), -found, rtol=1e-4)


def test_an_image_smaller_than_the_grid_and_not_square_is_covered_too():
    found = occlusion_map(Predictor(), Engine(), np.full((5, 40, 3), 9, np.uint8), 0)
    assert found.shape == (CELLS, CELLS)
    assert not found.any()


def test_certain_probabilities_give_finite_values():
    class Certain(Predictor):
        @staticmethod
        def probabilities(values):
            share = (values[:, 0] > 0.9).astype(np.float32)
            return np.stack([share, 1 - share], axis=1)

    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:4, :4] = 255
    assert np.isfinite(occlusion_map(Certain(), Engine(), pixels, 0)).all()
