"""Images of which a predictor is unsure."""

import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.prediction.decision import Decision
from headstart.prediction.hierarchy import Hierarchy
from headstart.prediction.novelty import Novelty
from headstart.prediction.unsure_rule import UnsureRule, Verdict

LABELS = ("cat", "dog", "tree")
NEAR, FAR = np.eye(2, dtype=np.float32)


def verdict(*probabilities, rule=None, features=NEAR):
    """Judge an image by a rule that leaves classes of a probability of 0.1 and more in the set."""
    scores = np.arange(1, 40) / 40
    decision = Decision(
        0.1,
        {"lac": scores, "raps": scores},
        Novelty(np.repeat(NEAR[None], 3, axis=0), 0.5),
        Hierarchy.of({"cat": "animal", "dog": "animal"}, LABELS),
    )
    rule = rule or UnsureRule()
    return rule.verdict(decision, LABELS, features, np.array(probabilities, np.float32))


def test_an_image_is_unsure_below_the_probability_and_not_at_it():
    probabilities = np.array([0.25, 0.75], np.float32)
    assert [UnsureRule(below).holds(probabilities) for below in (0.7, 0.75, 0.76, 1, None)] == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("below", [0, -0.1, 1.01, float("nan")])
def test_what_is_no_probability_is_refused(below):
    with pytest.raises(UsageError, match="below must be a "):
        UnsureRule(below)


@pytest.mark.parametrize("error_target", [0, 1, -0.1, float("nan")])
def test_what_is_no_error_target_is_refused(error_target):
    with pytest.raises(UsageError, match="error_target must be "):
        UnsureRule(error_target=error_target)


def test_a_model_is_sure_of_an_image_that_shows_one_class():
    assert verdict(0.95, 0.03, 0.02) == Verdict(("cat",))


def test_a_model_is_unsure_between_several_classes_and_names_their_parent():
    assert verdict(0.35, 0.6, 0.05) == Verdict(("dog", "cat"), unsure=True, parent="animal")
    assert verdict(0.6, 0.1, 0.3) == Verdict(("cat", "tree", "dog"), unsure=True)


def test_a_model_is_unsure_of_what_is_unlike_its_training_images():
    assert verdict(0.95, 0.03, 0.02, features=FAR) == Verdict(("cat",), unsure=True, unlike=True)
    assert verdict(0.35, 0.6, 0.05, features=FAR).parent is None


def test_the_user_may_ask_for_fewer_errors_or_a_higher_probability():
    assert verdict(0.93, 0.05, 0.02, rule=UnsureRule(error_target=0.05)).prediction_set == (
        "cat",
        "dog",
    )
    assert verdict(0.95, 0.03, 0.02, rule=UnsureRule(0.96)) == Verdict(("cat",), unsure=True)


def test_without_a_fitted_rule_only_the_limit_counts():
    probabilities = np.array([0.4, 0.6], np.float32)
    assert UnsureRule(0.7).verdict(None, LABELS, NEAR, probabilities) == Verdict(unsure=True)
    assert UnsureRule().verdict(None, LABELS, NEAR, probabilities) == Verdict()
