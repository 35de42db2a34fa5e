from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from headstart.heads import multinomial
from headstart.heads.coordinates import principal_coordinates
from headstart.heads.multinomial import LogisticProblem

from .test_base import clouds


@pytest.fixture
def problem():
    features, codes = clouds(n=60, d=5)
    features = features.astype(np.float64)
    return LogisticProblem(principal_coordinates(features, np.ones(60)), codes, 3)


def test_the_slope_is_the_derivative_of_the_loss(problem):
    random = np.random.default_rng(0)
    parameters = random.standard_normal(problem.zeros(2).shape)
    weights = random.uniform(0.5, 2, (60, 2))

    def loss(flat):
        return problem._loss(flat.reshape(parameters.shape), weights, 0.3)[0].sum()

    _, slope = problem._loss(parameters, weights, 0.3)
    np.testing.assert_allclose(
        approx_fprime(parameters.ravel(), loss, 1e-6), slope.ravel(), rtol=1e-3, atol=1e-3
    )


def test_problems_that_are_solved_together_have_the_solutions_they_have_alone(problem):
    weights = np.random.default_rng(0).uniform(0, 2, (60, 3))
    together = problem.solve(weights, 0.1, problem.zeros(3), 1e-8)
    for number in range(3):
        alone = problem.solve(weights[:, [number]], 0.1, problem.zeros(), 1e-8)
        np.testing.assert_allclose(together[[number]], alone, atol=1e-4)


def test_a_sample_of_weight_zero_does_not_count():
    features, codes = clouds(n=60, d=5)
    coordinates = principal_coordinates(features.astype(np.float64), np.ones(60))
    weights = np.ones((60, 1))
    weights[:20] = 0
    other = np.where(np.arange(60) < 20, (codes + 1) % 3, codes)
    solutions = [
        LogisticProblem(coordinates, each, 3).solve(weights, 0.1, np.zeros((1, 6, 3)), 1e-8)
        for each in (codes, other)
    ]
    np.testing.assert_allclose(solutions[0], solutions[1], atol=1e-6)


def test_a_stronger_penalty_makes_smaller_weights(problem):
    weights = np.ones((60, 1))
    norms = [
        np.linalg.norm(problem.solve(weights, strength, problem.zeros(), 1e-6)[0, :-1])
        for strength in (1e-4, 1e-2, 1.0)
    ]
    assert norms == sorted(norms)


def test_problems_of_many_logits_are_solved_in_turn_with_the_same_result(problem, monkeypatch):
    weights = np.random.default_rng(0).uniform(0, 2, (60, 3))
    together = problem.solve(weights, 0.1, problem.zeros(3), 1e-8)
    monkeypatch.setattr(multinomial, "_TOGETHER", 1)
    in_turn = problem.solve(weights, 0.1, problem.zeros(3), 1e-8)
    np.testing.assert_allclose(in_turn, together, atol=1e-4)


def test_parameters_have_the_type_of_the_features():
    features, codes = clouds(n=60, d=5)
    coordinates = principal_coordinates(features.astype(np.float32), np.ones(60))
    problem = LogisticProblem(coordinates, codes, 3)
    assert problem.solve(np.ones((60, 1)), 0.1, problem.zeros(), 1e-3).dtype == np.float32


def test_certain_predictions_make_no_denormal_numbers(monkeypatch):
    # Processors multiply with these a hundred times slower.
    random = np.random.default_rng(0)
    values = random.random((50, 4), np.float32)
    coordinates = SimpleNamespace(values=values, spread=np.ones(4, np.float32))
    problem = LogisticProblem(coordinates, np.arange(50) % 30, 30)
    parameters = 100 * random.standard_normal((1, *problem.shape), np.float32)
    seen = []
    monkeypatch.setattr(
        problem, "_slopes", lambda excess: seen.append(excess) or np.zeros_like(parameters)
    )
    logits = problem.logits(parameters)
    assert np.ptp(logits, axis=2).max() > 90
    problem._loss(parameters, np.ones((50, 1), np.float32), 1.0)
    sizes = np.abs(seen[0][seen[0] != 0])
    assert sizes.min() >= np.finfo(np.float32).tiny
