from dataclasses import replace

import numpy as np
import pytest

from headstart.evaluation import Evaluation
from headstart.evaluation.learnt_from import LearntFrom


def _outcomes(right, learnt_from, groups=None):
    truth = np.arange(len(right)) % 2
    predicted = truth ^ ~np.asarray(right, bool)
    names = list(map(str, range(len(right))))
    found = Evaluation.from_predictions(
        names, truth.tolist(), np.eye(2)[predicted], [0, 1], groups=groups
    )
    seen = None if learnt_from is None else np.asarray(learnt_from, bool)
    return replace(found.outcomes, learnt_from=seen)


RIGHT = [True] * 100 + [True] * 15 + [False] * 5
SEEN = [True] * 100 + [False] * 20


def test_the_others_have_figures_of_their_own():
    found = LearntFrom.of(_outcomes(RIGHT, SEEN))
    assert (found.n, found.n_others, found.accuracy) == (100, 20, 0.75)
    assert found.interval == pytest.approx((0.531, 0.888), abs=1e-3)
    assert found.count == "The model has learnt from 100 of these 120 images"
    assert found.warning == (
        "The model has learnt from 100 of these 120 images: its accuracy on them says nothing "
        "about new ones.\nWithout them: 15 of 20 right: 75.0 % (95 % interval 53.1 to 88.8 %)"
    )


def test_the_interval_counts_groups():
    groups = np.arange(120) // 10
    alone, grouped = (LearntFrom.of(_outcomes(RIGHT, SEEN, each)) for each in (None, groups))
    assert grouped.accuracy == alone.accuracy
    assert np.diff(grouped.interval) > np.diff(alone.interval)


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "this image: its accuracy on it says"),
        (4, "all of these 4 images: its accuracy on them says"),
    ],
)
def test_where_there_are_no_others_others_are_asked_for(n, said):
    found = LearntFrom.of(_outcomes([True] * n, [True] * n))
    assert (found.n, found.n_others, found.accuracy, found.interval) == (n, 0, None, None)
    assert found.warning.startswith(f"The model has learnt from {said} nothing about new ones.")
    assert found.warning.endswith("\nTest on others.")


def test_nothing_is_said_of_new_images_nor_where_it_is_not_known():
    new = LearntFrom.of(_outcomes(RIGHT, [False] * 120))
    assert (new.n, new.n_others, new.count, new.warning) == (0, 120, "", "")
    assert LearntFrom.of(_outcomes(RIGHT, None)) is None


def test_one_image_is_spoken_of_as_one():
    said = LearntFrom.of(_outcomes(RIGHT, [True] + [False] * 119)).warning
    assert "from 1 of these 120 images: its accuracy on it says" in said
    assert "\nWithout it: 114 of 119 right" in said
