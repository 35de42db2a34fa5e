import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from headstart.errors import UsageError
from headstart.evaluation import Evaluation
from headstart.evaluation.comparison import exchange_test, paired_interval

CLASSES = ["cat", "dog"]


def _evaluation(right, names=None, groups=None, classes=CLASSES):
    """Return an evaluation of images, every other one a cat, of which so many are right."""
    truth = [CLASSES[place % 2] for place in range(len(right))]
    predicted = np.array([classes.index(label) for label in truth]) ^ ~np.asarray(right, bool)
    scores = np.eye(2)[predicted] * 0.8 + 0.1
    names = names or [f"{place}.jpg" for place in range(len(right))]
    return Evaluation.from_predictions(names, truth, scores, classes, groups=groups)


ONE = [True] * 80 + [False] * 20
OTHER = [True] * 60 + [False] * 30 + [True] * 10


def test_images_that_only_one_predicts_right_tell_which_is_better():
    found = _evaluation(ONE).compared_to(_evaluation(OTHER))
    assert (found.n, found.only_this, found.only_other) == (100, 20, 10)
    assert found.difference == pytest.approx(0.1)
    assert found.interval.low < 0.1 < found.interval.high
    assert found.p_value == pytest.approx(binomtest(10, 30).pvalue)
    assert "don't tell which one is better" in found.verdict
    assert found.disagreements[0].path == "90.jpg"
    assert (found.disagreements[0].true, found.disagreements[0].predicted) == ("cat", "dog")
    back = _evaluation(OTHER).compared_to(_evaluation(ONE))
    assert back.interval == pytest.approx([-end for end in reversed(found.interval)])
    assert back.p_value == found.p_value


@pytest.mark.parametrize(("better", "said"), [(0, "This model is"), (1, "The other model is")])
def test_a_clear_difference_is_said_and_written_as_json(better, said):
    pair = [_evaluation([True] * 60), _evaluation([False] * 20 + [True] * 40)]
    found = pair[better].compared_to(pair[1 - better])
    assert f"{said} better (McNemar's test: p < 0.001)." in str(found)
    assert "... and 10 more" in str(found)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_images_are_paired_by_name_and_classes_by_theirs():
    names = [f"{place}.jpg" for place in range(100)]
    one = _evaluation(ONE)
    other = _evaluation(OTHER[::2] + OTHER[1::2], names[::2] + names[1::2])
    with pytest.raises(UsageError, match=r"same label in both\. Received: 1\.jpg with"):
        one.compared_to(other)
    assert one.compared_to(_evaluation(ONE, classes=CLASSES[::-1])).difference == 0
    odd = _evaluation(ONE[:99])
    backwards = _evaluation(OTHER[:99][::-1], names[:99][::-1])
    assert odd.compared_to(backwards).interval == (
        odd.compared_to(_evaluation(OTHER[:99])).interval
    )


def test_groups_are_exchanged_whole():
    groups = np.repeat(np.arange(20), 5)
    alone = _evaluation(ONE).compared_to(_evaluation(OTHER))
    grouped = _evaluation(ONE).compared_to(_evaluation(OTHER, groups=groups))
    assert grouped.n_groups == 20
    assert grouped.p_value > 2 * alone.p_value
    assert np.diff(grouped.interval) > 1.5 * np.diff(alone.interval)
    # 4 groups against 2: like 4 coins against 2.
    assert grouped.p_value == pytest.approx(binomtest(2, 6).pvalue)


@pytest.mark.parametrize("names", [["a.jpg", "b.jpg"], ["a.jpg"], ["a.jpg", "a.jpg"]])
def test_other_images_are_refused(names):
    one = _evaluation([True, False], ["a.jpg", "c.jpg"])
    with pytest.raises(UsageError, match="of the same images"):
        one.compared_to(_evaluation([True] * len(names), names))


def test_the_limit_of_the_test_is_as_good_as_the_exact_one():
    gained = np.repeat([1, -1], [2600, 2450])
    assert exchange_test(gained) == pytest.approx(binomtest(2450, 5050).pvalue, abs=2e-3)
    assert exchange_test(np.zeros(5)) == 1


def test_paired_intervals_keep_their_coverage():
    random = np.random.default_rng(0)
    values = random.choice([1, 0, -1], p=[0.1, 0.85, 0.05], size=(1000, 80))
    ends = np.array([paired_interval(gained) for gained in values])
    covered = ((ends[:, 0] <= 0.05) & (ends[:, 1] >= 0.05)).mean()
    assert 0.93 <= covered <= 0.98


def _knowing(evaluation, learnt_from):
    """Return an evaluation that knows from which images the model has learnt."""
    seen = None if learnt_from is None else np.asarray(learnt_from, bool)
    return replace(evaluation, outcomes=replace(evaluation.outcomes, learnt_from=seen))


def test_what_a_model_has_learnt_from_is_no_fair_comparison():
    one = _knowing(_evaluation(ONE), [True] * 80 + [False] * 20)
    other = _knowing(_evaluation(OTHER), [False] * 90 + [True] * 10)
    found = one.compared_to(other)
    assert (found.n, found.learnt_from, found.other_learnt_from) == (100, 80, 10)
    assert (found.without.n, found.without.learnt_from, found.without.without) == (10, 0, None)
    assert (found.without.accuracy, found.without.other_accuracy) == (0, 0)
    said = str(found)
    assert (
        "That is no fair comparison: this model has learnt from 80 of these images, the other one\n"
        "from 10. Without them:"
    ) in said
    assert "Compared on the same 10 images: 0.0 % against 0.0 %" in said
    assert said.count("Images that only one of both predicts right") == 1
    assert found.to_dict()["without"]["n"] == 10


def test_images_are_paired_with_what_the_other_model_has_learnt_from():
    names = [f"{place}.jpg" for place in range(100)]
    seen = [True] * 30 + [False] * 70
    backwards = _evaluation(ONE[::-1][1:], names[::-1][1:])
    found = _knowing(backwards, seen[::-1][1:]).compared_to(
        _knowing(_evaluation(ONE[:99]), seen[:99])
    )
    assert (found.learnt_from, found.other_learnt_from, found.without.n) == (30, 30, 69)


@pytest.mark.parametrize(
    ("seen", "other_seen", "said"),
    [
        ([True] * 100, None, "other one\nfrom an unknown number. Compare on others."),
        (
            None,
            [True] * 100,
            "learnt from an unknown number of these images, the other one\nfrom 100.",
        ),
    ],
)
def test_what_is_not_known_of_a_model_is_said_where_the_other_is_known(seen, other_seen, said):
    one, other = _knowing(_evaluation(ONE), seen), _knowing(_evaluation(OTHER), other_seen)
    found = one.compared_to(other)
    assert said in str(found)
    assert found.without is None


@pytest.mark.parametrize("seen", [None, [False] * 100])
def test_of_new_images_nothing_is_said(seen):
    found = _knowing(_evaluation(ONE), seen).compared_to(_knowing(_evaluation(OTHER), None))
    assert "fair" not in str(found)
    assert (found.learnt_from, found.without) == (None if seen is None else 0, None)
