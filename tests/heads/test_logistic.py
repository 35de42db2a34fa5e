import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from headstart.errors import UsageError
from headstart.heads import logistic
from headstart.heads.coordinates import principal_coordinates
from headstart.heads.logistic import LogisticHead
from headstart.heads.multinomial import LogisticProblem
from headstart.prediction.scoring import softmax

from .test_base import clouds


@pytest.mark.parametrize("shape", [(60, 100), (200, 20)])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0}])
@pytest.mark.parametrize("strength", [1e-3, 0.1, 10.0])
def test_equals_scikit_learns_solution(shape, class_weight, strength):
    features, codes = clouds(*shape)
    codes[codes == 2] = np.arange((codes == 2).sum()) % 3  # unequal classes
    ours = LogisticHead(C=strength, class_weight=class_weight).fit(features, codes)
    weights = np.ones(len(codes))
    if class_weight == "balanced":
        weights = len(codes) / 3 / np.bincount(codes)[codes]
    elif class_weight:
        weights[codes == 0] = 3.0
    standard = principal_coordinates(features.astype(np.float64), weights).values
    theirs = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(standard, codes, weights)
    np.testing.assert_allclose(
        ours.predict_proba(features), theirs.predict_proba(standard), atol=5e-3
    )


def test_the_strength_is_where_held_out_loss_is_lowest():
    features, codes = clouds(n=90, apart=1.0)
    fitted = LogisticHead().fit(features, codes)
    assert fitted.losses_[fitted.C_] == min(fitted.losses_.values())
    assert min(fitted.losses_) < fitted.C_ < max(fitted.losses_)


def test_the_logits_are_as_sharp_as_held_out_samples_say():
    features, codes = clouds(n=90, apart=1.0)
    fitted = LogisticHead().fit(features, codes)
    plain = LogisticHead(C=fitted.C_).fit(features, codes)
    assert plain.sharpness_ == 1
    assert 0.3 < fitted.sharpness_ < 3
    assert fitted.sharpness_ != 1
    for ours, theirs in zip(fitted.affine(), plain.affine(), strict=True):
        np.testing.assert_allclose(ours, fitted.sharpness_ * theirs, rtol=1e-3, atol=1e-5)


def test_noisy_classes_get_a_stronger_penalty_than_clear_ones():
    noisy, codes = clouds(n=90, apart=0.0)
    clear, same = clouds(n=90, apart=5.0)
    assert LogisticHead().fit(noisy, codes).C_ < LogisticHead().fit(clear, same).C_


def test_some_of_many_samples_choose_the_strength(monkeypatch):
    features, codes = clouds(n=600, d=20)
    whole = LogisticHead().fit(features, codes)
    monkeypatch.setattr(logistic, "_ENOUGH_TO_CHOOSE", 200)
    part = LogisticHead().fit(features, codes)
    assert part.losses_ != whole.losses_
    assert 0.1 <= part.C_ / whole.C_ <= 10
    assert abs(part.score(features, codes) - whole.score(features, codes)) < 0.05


def test_without_a_validation_set_a_medium_strength_is_used():
    fitted = LogisticHead().fit(np.eye(3), ["a", "b", "c"])
    assert fitted.losses_ == {}
    assert fitted.sharpness_ == 1
    assert fitted.C_ == 1e-2


@pytest.mark.parametrize("wrong", [{"C": 0}, {"C": -1.0}, {"C": "best"}, {"folds": 1}])
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        LogisticHead(**wrong).fit(*clouds())


class TestStart:
    """A head that starts with weights, such as those of texts."""

    @pytest.fixture
    def start(self):
        random = np.random.default_rng(3)
        return {code: 2 * random.standard_normal(20) for code in range(3)}

    def offset(self, features, start):
        return features @ np.stack([start[code] for code in range(3)], axis=1)

    def test_a_strong_penalty_leaves_it_as_it_is(self, start):
        features, codes = clouds(30, 20)
        found = LogisticHead(C=1e-9, start=start).fit(features, codes).predict_proba(features)
        expected = softmax(self.offset(features, start))
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_many_samples_and_a_weak_penalty_forget_it(self, start):
        features, codes = clouds(600, 20)
        plain = LogisticHead(C=1e4).fit(features, codes).predict_proba(features)
        found = LogisticHead(C=1e4, start=start).fit(features, codes).predict_proba(features)
        np.testing.assert_allclose(found, plain, atol=2e-2)

    @pytest.mark.parametrize("strength", [1e-3, 0.1, 10.0])
    def test_equals_the_minimum_that_scipy_finds(self, start, strength):
        features, codes = clouds(40, 20)
        features = features.astype(np.float64)
        coordinates = principal_coordinates(features, np.ones(40))
        offset = self.offset(features, start)
        problem = LogisticProblem(coordinates, codes, 3, offset)
        solved = problem.solve(np.ones((40, 1)), strength, problem.zeros(), 1e-6)

        def loss(flat):
            parameters = flat.reshape(-1, 3)
            logits = offset + coordinates.values @ parameters[:-1] + parameters[-1]
            fit = -np.log(softmax(logits)[np.arange(40), codes]).sum()
            return fit + (parameters**2).sum() / (2 * strength)

        best = minimize(loss, np.zeros(solved.size), method="L-BFGS-B", tol=1e-12)
        assert loss(solved.ravel()) <= best.fun + 1e-4

    def test_the_strength_is_chosen_with_it(self, start):
        features, codes = clouds(60, 20)
        head = LogisticHead(start=start).fit(features, codes)
        assert head.losses_
        few = LogisticHead(start=start).fit(features[:3], np.arange(3))  # nothing to validate with
        assert min(logistic._STRENGTHS) == few.C_

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda start: start.pop(2), "every class. Received: none for 2"),
            (lambda start: start.update({1: np.zeros(7)}), r"20 finite numbers .*\s.* \(7,\)"),
            (lambda start: start.update({1: np.full(20, np.nan)}), "NaN or infinity"),
        ],
    )
    def test_what_it_can_not_be_is_refused(self, start, change, says):
        change(start)
        with pytest.raises(UsageError, match=says):
            LogisticHead(start=start).fit(*clouds(30, 20))
