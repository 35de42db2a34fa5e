"""Position embeddings for another grid."""

import numpy as np
import pytest

from headstart.backbones.position_grids import bicubic


def test_values_stay_where_the_size_stays():
    np.testing.assert_array_equal(bicubic(7, 7), np.eye(7))


def test_rows_are_averages():
    np.testing.assert_allclose(bicubic(37, 16).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("size", "to"), [(37, 16), (7, 14), (14, 3), (5, 40)])
def test_it_interpolates_as_torch_does(size, to):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).normal(size=(1, 1, size, size)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values), (to, to), mode="bicubic", align_corners=False
    )
    matrix = bicubic(size, to)
    np.testing.assert_allclose(matrix @ values[0, 0] @ matrix.T, expected[0, 0], atol=1e-5)
