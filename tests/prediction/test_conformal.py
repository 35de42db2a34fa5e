"""Prediction sets against MAPIE, and their coverage."""

import math
import warnings

import numpy as np
import pytest

from headstart.prediction.conformal import (
    SCORES,
    conformal_threshold,
    fewest_images,
    lac_scores,
    raps_scores,
)
from headstart.prediction.scoring import softmax


def drawn(n, n_classes=8, seed=0):
    """Probabilities, and classes that are drawn with them: a calibrated model."""
    random = np.random.default_rng(seed)
    probabilities = softmax(2 * random.standard_normal((n, n_classes)))
    sums = probabilities.cumsum(axis=1)
    codes = (random.random((n, 1)) > sums).sum(axis=1).clip(0, n_classes - 1)
    return probabilities, codes


def of_truth(scores, codes):
    return np.sort(scores[np.arange(len(codes)), codes])


def test_raps_adds_up_what_is_more_probable():
    scores = raps_scores(np.array([[0.2, 0.5, 0.3]]))
    np.testing.assert_allclose(scores, [[1.0, 0.5, 0.8]])
    np.testing.assert_allclose(lac_scores(np.array([[0.2, 0.8]])), [[0.8, 0.2]])


def test_raps_has_a_penalty_after_five_classes():
    scores = raps_scores(np.full((1, 7), 1 / 7))
    np.testing.assert_allclose(scores[0, 4:], [5 / 7, 6 / 7 + 0.01, 1.02])


def test_the_threshold_leaves_out_as_many_as_may_be_wrong():
    scores = np.arange(1, 20) / 20
    assert conformal_threshold(scores, 0.05) == pytest.approx(0.95)
    assert conformal_threshold(scores, 0.1) == pytest.approx(0.9)
    assert conformal_threshold(scores, 0.04) == math.inf
    assert fewest_images(0.05) == 19
    assert fewest_images(0.1) == 9


@pytest.mark.parametrize("method", SCORES)
def test_sets_lack_the_true_class_as_often_as_asked_for(method):
    missing = []
    for seed in range(40):
        probabilities, codes = drawn(600, seed=seed)
        scores = SCORES[method](probabilities)
        limit = conformal_threshold(of_truth(scores[:300], codes[:300]), 0.1)
        missing.append(np.mean(scores[np.arange(300, 600), codes[300:]] > limit))
    # The mean of 12,000 images: a standard error of about 0.004, with that of the thresholds.
    assert np.mean(missing) == pytest.approx(0.1, abs=0.015)


@pytest.mark.parametrize("method", SCORES)
@pytest.mark.parametrize("error", [0.05, 0.2])
def test_sets_are_those_of_mapie(method, error):
    # Of five classes, RAPS without a penalty is APS. MAPIE's RAPS chooses a penalty by itself.
    probabilities, codes = drawn(400, n_classes=5)
    scores = SCORES[method](probabilities)
    found = scores[200:] <= conformal_threshold(of_truth(scores[:200], codes[:200]), error)
    if method == "raps":  # MAPIE leaves no set empty
        found[np.arange(200), probabilities[200:].argmax(axis=1)] = True
    np.testing.assert_array_equal(found, mapie_sets(probabilities, codes, method, error))


def mapie_sets(probabilities, codes, method, error):
    """Calibrate MAPIE on the first 200 rows, and return its sets for the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mapie.classification import SplitConformalClassifier
        from mapie.conformity_scores import APSConformityScore, LACConformityScore

        score = {"lac": LACConformityScore, "raps": APSConformityScore}[method]()
        mapie = SplitConformalClassifier(
            AsGiven(probabilities.shape[1]),
            confidence_level=1 - error,
            conformity_score=score,
            prefit=True,
            random_state=NoChance(),
        )
        mapie.conformalize(probabilities[:200], codes[:200])
        asked = {"include_last_label": False} if method == "raps" else {}
        return mapie.predict_set(probabilities[200:], conformity_score_params=asked)[1][:, :, 0]


class NoChance(np.random.RandomState):
    """What takes the randomisation out of MAPIE's scores."""

    def uniform(self, *args, size=None):  # noqa: ARG002 - none is used
        return np.zeros(size)


class AsGiven:
    """A fitted classifier whose images are their probabilities."""

    def __init__(self, n_classes):
        self.classes_ = np.arange(n_classes)

    def fit(self, X, y):  # noqa: ARG002 - MAPIE asks for it
        return self

    def predict_proba(self, X):
        return np.asarray(X)

    def predict(self, X):
        return np.asarray(X).argmax(axis=1)
