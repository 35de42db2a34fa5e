import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from headstart.heads.descent import minimise


def quadratic(scales, targets):
    def loss(points):
        away = points - targets
        return 0.5 * np.sum(scales * away**2, axis=1), scales * away

    return loss


class Counted:
    def __init__(self, loss):
        self.loss = loss
        self.evaluations = 0

    def __call__(self, points):
        self.evaluations += 1
        return self.loss(points)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_problem_reaches_its_own_minimum(dtype):
    random = np.random.default_rng(0)
    scales = random.uniform(0.1, 10, (3, 20)).astype(dtype)
    targets = random.standard_normal((3, 20)).astype(dtype)
    loss = Counted(quadratic(scales, targets))
    found = minimise(loss, np.zeros((3, 20), dtype), np.full(3, 1e-4), 500)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, targets, atol=2e-3)
    assert loss.evaluations < 60


def test_a_problem_does_not_depend_on_those_beside_it():
    scales = np.array([[1.0, 30.0, 4.0], [0.1, 0.1, 500.0]])
    targets = np.array([[1.0, 2.0, 3.0], [-1.0, 5.0, 0.5]])
    together = minimise(quadratic(scales, targets), np.zeros((2, 3)), np.full(2, 1e-9), 500)
    for number in range(2):
        rows = slice(number, number + 1)
        alone = minimise(
            quadratic(scales[rows], targets[rows]), np.zeros((1, 3)), np.full(1, 1e-9), 500
        )
        np.testing.assert_allclose(together[rows], alone, atol=1e-7)


def test_a_step_that_goes_too_far_is_shortened():
    def loss(points):
        return np.array([rosen(row) for row in points]), np.array(
            [rosen_der(row) for row in points]
        )

    found = minimise(loss, np.array([[-1.2, 1.0], [3.0, -2.0]]), np.full(2, 1e-6), 500)
    np.testing.assert_allclose(found, 1, atol=1e-4)


def test_a_start_at_the_minimum_takes_one_evaluation():
    loss = Counted(quadratic(np.ones((1, 4)), np.zeros((1, 4))))
    found = minimise(loss, np.zeros((1, 4)), np.full(1, 1e-6), 500)
    assert loss.evaluations == 1
    np.testing.assert_array_equal(found, 0)


def test_a_problem_without_a_minimum_ends():
    def loss(points):
        return -points.sum(axis=1), -np.ones_like(points)

    counting = Counted(loss)
    minimise(counting, np.zeros((1, 2)), np.full(1, 1e-6), 40)
    assert counting.evaluations == 40


def test_where_rounding_hides_the_slope_it_ends():
    def loss(points):
        return np.ones(1), np.ones_like(points)  # claims a slope, but nothing falls

    counting = Counted(loss)
    minimise(counting, np.zeros((1, 2), np.float32), np.full(1, 1e-6), 500)
    assert counting.evaluations <= 500
