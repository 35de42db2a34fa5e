import json
import math

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from headstart.evaluation import Evaluation
from headstart.evaluation.one_against_rest import Curve, area_under_roc


def _scores(n=200, seed=0, digits=2):
    """Return which images are of the class, and their probabilities, among which are ties."""
    random = np.random.default_rng(seed)
    positive = random.random(n) < 0.3
    return positive, np.round(random.beta(2 + 2 * positive, 4, n), digits)


def test_curves_are_those_of_scikit_learn():
    positive, scores = _scores()
    curve = Curve.of(positive, scores)
    alarms, recall, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive_rate, alarms[1:])
    np.testing.assert_allclose(curve.recall, recall[1:])
    np.testing.assert_allclose(curve.thresholds, thresholds[1:])
    precision, recall, _ = precision_recall_curve(positive, scores)
    np.testing.assert_allclose(curve.precision, precision[-2::-1])
    assert curve.average_precision() == pytest.approx(average_precision_score(positive, scores))
    assert area_under_roc(positive, scores)[0] == pytest.approx(roc_auc_score(positive, scores))


def test_thresholds_reach_their_goal_at_the_least_cost():
    positive, scores = _scores()
    curve = Curve.of(positive, scores)
    for share in (0.5, 0.9, 1):
        threshold = curve.threshold("recall", share)
        assert (scores[positive] >= threshold).mean() >= share
        assert (scores[positive] > threshold).mean() < share
    threshold = curve.threshold("precision", 0.6)
    assert positive[scores >= threshold].mean() >= 0.6
    for lower in curve.thresholds[curve.thresholds < threshold]:
        assert positive[scores >= lower].mean() < 0.6
    assert Curve.of(np.array([True, False]), [0.1, 0.9]).threshold("precision", 0.9) is None


def test_without_images_of_the_class_or_of_others_there_is_no_area():
    for positive in (np.zeros(3, bool), np.ones(3, bool)):
        area, interval = area_under_roc(positive, [0.1, 0.2, 0.3])
        assert math.isnan(area)
        assert all(map(math.isnan, interval))
    assert math.isnan(Curve.of(np.zeros(3, bool), [0.1, 0.2, 0.3]).average_precision())


def test_an_area_of_one_still_has_an_interval():
    area, interval = area_under_roc(np.arange(20) < 8, np.linspace(1, 0, 20))
    assert area == interval.high == 1
    assert 0.5 < interval.low < 0.8


@pytest.mark.parametrize("copies", [1, 4])
def test_intervals_of_areas_keep_their_coverage_and_count_groups(copies):
    truth = roc_auc_score(*_scores(200_000, digits=9))
    covered = 0
    for seed in range(200):
        positive, scores = _scores(100, seed + 1, digits=9)
        groups = np.repeat(np.arange(100), copies)
        _, (low, high) = area_under_roc(positive[groups], scores[groups], groups)
        covered += low <= truth <= high
    assert 0.91 <= covered / 200 <= 0.985


def _evaluation(n=400, **how):
    positive, scores = _scores(n)
    truth = ["ill" if ill else "well" for ill in positive]
    rows = np.stack([scores, 1 - scores], axis=1)
    names = list(map(str, range(n)))
    return Evaluation.from_predictions(names, truth, rows, ["ill", "well", "dead"][:2], **how)


def test_points_are_judged_by_thresholds_of_other_images():
    found = _evaluation(4000).operating_points(recall=0.9)
    point = found.points[0]
    assert point.n + point.n_others == 4000
    assert point.recall == pytest.approx(0.9, abs=0.02)
    assert point.recall_interval.low < 0.9 < point.recall_interval.high
    assert point.precision == point.found / (point.found + point.false_alarms)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_groups_and_folds_make_intervals_of_points_wider():
    groups = np.repeat(np.arange(100), 4)
    widths = [
        np.diff(_evaluation(**how).operating_points(recall=0.9).points[0].recall_interval)
        for how in ({}, {"groups": np.arange(400)}, {"folds": 5}, {"groups": groups})
    ]
    assert widths[0] == widths[1]
    assert widths[0] < widths[2]
    assert widths[0] < widths[3]


def test_a_goal_that_no_threshold_reaches_is_said():
    scores = [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.2, 0.8]]
    truth = ["ill", "well", "well", "ill"]
    found = Evaluation.from_predictions(list("abcd"), truth, scores, ["ill", "well"])
    points = found.operating_points(precision=0.9)
    assert [point.threshold for point in points.points] == [None, None]
    assert points.points[0].precision is None
    assert "none" in str(points)


def test_of_many_classes_the_costliest_are_listed(make_evaluation):
    points = make_evaluation(30).operating_points(recall=0.9)
    assert len(points.points) == 30
    assert "... and 10 more classes" in str(points)
