import dataclasses
import json
import sys

import numpy as np
import pytest

from headstart.errors import DatasetError, ImageDamaged, MissingExtra, UsageError
from headstart.evaluation import Evaluation, Mistake
from headstart.evaluation.evaluation import display_names

NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
TRUTH = ["cat", "cat", "dog", "dog"]
SCORES = [[0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.05, 0.95, 0.0], [0.8, 0.2, 0.0]]
CLASSES = ["cat", "dog", "owl"]


@pytest.fixture
def evaluation():
    refused = [("e.jpg", ImageDamaged("e.jpg is cut short."))]
    return Evaluation.from_predictions(NAMES, TRUTH, SCORES, CLASSES, refused)


def test_counts_and_measures(evaluation):
    assert (evaluation.n, evaluation.accuracy) == (4, 0.5)
    assert evaluation.interval.low < 0.5 < evaluation.interval.high
    np.testing.assert_array_equal(evaluation.confusion, [[1, 1, 0], [1, 1, 0], [0, 0, 0]])
    assert evaluation.majority_share == 0.5
    assert evaluation.top_5_accuracy is None
    assert evaluation.per_class[0].recall == 0.5
    assert evaluation.per_class[0].n_predicted == 2


def test_class_absent_from_the_test_set_has_none_not_a_number(evaluation):
    owl = evaluation.per_class[2]
    assert owl.n == 0
    assert (owl.recall, owl.recall_interval, owl.precision, owl.f1) == (None, None, None, None)
    assert evaluation.macro_f1 == pytest.approx(0.5)


def test_mistakes_are_the_surest_first(evaluation):
    assert evaluation.mistakes == (
        Mistake("d.jpg", "dog", "cat", 0.8, 0.2),
        Mistake("b.jpg", "cat", "dog", 0.7, 0.3),
    )


def test_equally_sure_mistakes_are_in_the_order_of_their_names():
    found = Evaluation.from_predictions(["z", "a"], ["x", "x"], [[0.1, 0.9]] * 2, ["x", "y"])
    assert [mistake.path for mistake in found.mistakes] == ["a", "z"]


def test_refused_images_are_named_and_not_counted(evaluation):
    (error,) = evaluation.errors
    assert (error.path, error.type, error.message) == (
        "e.jpg",
        "ImageDamaged",
        "e.jpg is cut short.",
    )


def test_json_has_the_contract_and_survives_the_round_trip(evaluation):
    found = evaluation.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found) == {field.name for field in dataclasses.fields(Evaluation)}
    assert {"accuracy", "interval", "n", "per_class", "confusion"} <= set(found)
    assert found["confusion"] == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found["per_class"]["dog"]["n"] == 2
    assert len(found["per_class"]["dog"]["recall_interval"]) == 2
    assert found["per_class"]["owl"]["f1"] is None
    assert found["errors"][0]["type"] == "ImageDamaged"


def test_top_five_counts_from_six_classes_on():
    scores = np.array([[0.3, 0.2, 0.2, 0.1, 0.1, 0.1]])
    found = Evaluation.from_predictions(["a"], ["f"], scores, list("abcdef"))
    assert found.top_5_accuracy == 0


def test_labels_may_be_anything_hashable():
    classes = [1, (2, "b"), None]
    found = Evaluation.from_predictions(["a", "b"], [None, 1], np.eye(3)[[2, 0]], classes)
    assert found.accuracy == 1
    assert found.classes == ("1", "(2, 'b')", "None")


def test_numpy_labels_equal_plain_ones():
    found = Evaluation.from_predictions(["a"], np.array(["y"]), [[0.2, 0.8]], ["x", "y"])
    assert found.accuracy == 1


def test_names_of_classes_stay_distinct():
    assert display_names([1, "1"]) == ("1", "'1'")
    assert display_names([1, "2"]) == ("1", "2")


def test_frame_has_a_row_a_class(evaluation):
    frame = evaluation.to_frame()
    assert list(frame.index) == CLASSES
    assert frame.loc["cat", "recall"] == 0.5
    assert frame.loc["cat", "recall_low"] < 0.5 < frame.loc["cat", "recall_high"]
    assert frame.loc["owl", ["recall", "recall_low", "f1_high"]].isna().all()


def test_frame_without_pandas_says_what_to_install(evaluation, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"headstart\[pandas\]"):
        evaluation.to_frame()


def test_unknown_label_is_refused_by_name():
    with pytest.raises(DatasetError, match=r"cat, dog, owl\. Received: bat"):
        Evaluation.from_predictions(NAMES, ["cat", "bat", "dog", "bat"], SCORES, CLASSES)


def test_many_classes_are_not_all_listed():
    with pytest.raises(DatasetError, match="9 and 190 more"):
        Evaluation.from_predictions(["a"], ["no"], np.zeros((1, 200)), list(range(200)))


def test_nothing_to_judge_by_says_why():
    refused = [("e.jpg", ImageDamaged("e.jpg is cut short."))]
    with pytest.raises(DatasetError, match=r"All 1 were refused, first: e\.jpg is cut"):
        Evaluation.from_predictions([], [], np.zeros((0, 3)), CLASSES, refused)
    with pytest.raises(DatasetError, match=r"at least one labelled image\.$"):
        Evaluation.from_predictions([], [], np.zeros((0, 3)), CLASSES)


@pytest.mark.parametrize(
    ("names", "truth", "scores"),
    [
        (NAMES[:3], TRUTH, SCORES),
        (NAMES, TRUTH[:3], SCORES),
        (NAMES, TRUTH, SCORES[:3]),
        (NAMES, TRUTH, [row[:2] for row in SCORES]),
    ],
)
def test_lengths_that_do_not_fit_are_refused(names, truth, scores):
    with pytest.raises(UsageError, match=r"one label and one row .* Received: \d names"):
        Evaluation.from_predictions(names, truth, scores, CLASSES)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.5])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(UsageError, match="from 0 to 1"):
        Evaluation.from_predictions(["a"], ["cat"], [[value, 0, 0]], CLASSES)


def test_class_listed_twice_is_refused():
    with pytest.raises(UsageError, match="differ"):
        Evaluation.from_predictions(["a"], ["cat"], [[1, 0]], ["cat", "cat"])


def test_it_can_not_be_altered(evaluation):
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluation.accuracy = 1.0


def test_printing_gives_the_report(evaluation):
    assert str(evaluation).startswith("2 of 4 right: 50.0 % (95 % interval")
