import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.heads import ridge
from headstart.heads.coordinates import principal_coordinates
from headstart.heads.ridge import RidgeHead

from .test_base import clouds


@pytest.mark.parametrize("shape", [(12, 30), (40, 6)])
def test_the_closed_form_equals_leaving_out_each_sample(shape):
    features, codes = clouds(*shape)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(codes))
    coordinates = principal_coordinates(features.astype(np.float64), weights)
    targets = np.eye(3)[codes]
    mean = np.average(targets, axis=0, weights=weights)
    products = ridge._products(coordinates, targets - mean, weights)
    found = ridge._leave_out(coordinates, products, targets, mean, weights, 0.3, [])
    penalty = 0.3 * (coordinates.spread**2).mean()
    for left in range(5):
        expected = solved_without([left], coordinates, weights, targets, penalty)
        np.testing.assert_allclose(found[[left]], expected, atol=1e-8)


def solved_without(left, coordinates, weights, targets, penalty):
    rest = np.setdiff1d(np.arange(len(targets)), left)
    samples = np.column_stack([coordinates.values, np.ones(len(targets))])
    curved = (samples[rest] * weights[rest, None]).T @ samples[rest]
    curved[:-1, :-1] += penalty * np.eye(len(curved) - 1)
    solved = np.linalg.solve(curved, (samples[rest] * weights[rest, None]).T @ targets[rest])
    return samples[left] @ solved


def test_the_closed_form_equals_leaving_out_each_group():
    features, codes = clouds(40, 6)
    groups = np.array([0, 0, 1, 1, 1, 2, *range(3, 37)])
    weights = np.random.default_rng(0).uniform(0.5, 2, len(codes))
    coordinates = principal_coordinates(features.astype(np.float64), weights)
    targets = np.eye(3)[codes]
    mean = np.average(targets, axis=0, weights=weights)
    products = ridge._products(coordinates, targets - mean, weights)
    blocks = ridge._blocks(groups)
    found = ridge._leave_out(coordinates, products, targets, mean, weights, 0.3, blocks)
    penalty = 0.3 * (coordinates.spread**2).mean()
    for left in ([0, 1], [2, 3, 4], [5], [6]):
        expected = solved_without(left, coordinates, weights, targets, penalty)
        np.testing.assert_allclose(found[left], expected, atol=1e-4)


def test_noisy_classes_get_a_stronger_penalty():
    noisy, codes = clouds(n=90, apart=0.3)
    clear, same = clouds(n=90, apart=5.0)
    assert RidgeHead().fit(noisy, codes).alpha_ > RidgeHead().fit(clear, same).alpha_


def test_a_given_penalty_is_used():
    assert RidgeHead(alpha=0.5).fit(*clouds()).alpha_ == 0.5


@pytest.mark.parametrize("wrong", [-1, float("nan"), "some"])
def test_penalties_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="alpha"):
        RidgeHead(alpha=wrong).fit(*clouds())
