import numpy as np
import pytest

from headstart.heads.coordinates import principal_coordinates


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (9000, 5)])
def test_nothing_is_lost(shape):
    rng = np.random.default_rng(0)
    features = rng.standard_normal(shape) * np.linspace(1, 3, shape[1]) + 7
    weights = rng.uniform(0.5, 2, len(features))
    found = principal_coordinates(features, weights)
    standard = (features - found.centre) / np.sqrt(
        np.average((features - found.centre) ** 2, axis=0, weights=weights)
    )
    # Distances are those of the (nearly) standardised features; the axes are orthogonal.
    between = np.linalg.norm(found.values[:5, None] - found.values[None, :5], axis=2)
    expected = np.linalg.norm(standard[:5, None] - standard[None, :5], axis=2)
    np.testing.assert_allclose(between, expected, rtol=0.02)
    products = (found.values * weights[:, None]).T @ found.values
    np.testing.assert_allclose(products, np.diag(found.spread**2), atol=1e-6 * products.max())
    assert found.values.shape[1] == min(shape[0] - 1, shape[1])


def test_an_affine_map_is_carried_over_to_the_features():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((30, 8)) + 3
    found = principal_coordinates(features, np.ones(30))
    weights, bias = rng.standard_normal((8, 2)), rng.standard_normal(2)
    folded, constant = found.to_features(weights, bias)
    np.testing.assert_allclose(features @ folded + constant, found.values @ weights + bias)
