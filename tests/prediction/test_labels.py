import pytest

from headstart.errors import UsageError
from headstart.prediction.labels import agreement, class_array, object_array, user_classes


@pytest.mark.parametrize(
    ("classes", "kind"),
    [(["a", "b"], "U"), ([1, 2], "i"), ([("a", 1), None], "O"), ([1, "1"], "O")],
)
def test_an_array_of_classes_keeps_their_type(classes, kind):
    array = class_array(classes)
    assert array.tolist() == classes
    assert array.dtype.kind == kind


def test_tuples_are_not_unpacked():
    assert class_array([("a", 1), ("b", 2)]).shape == (2,)
    assert object_array([(1, 2), (3, 4)]).shape == (2,)


def test_the_classes_of_a_user_are_identified_by_their_text():
    classes = user_classes([1, None])
    assert [(name.id, name.label) for name in classes] == [("1", 1), ("None", None)]


def test_the_share_of_equal_labels():
    assert agreement(["a", "b", "c", "d"], ["a", "b", "c", "x"]) == 0.75
    assert agreement([1, True, "1"], [1, True, 1]) == pytest.approx(2 / 3)


def test_each_pair_counts_by_its_weight():
    assert agreement(["a", "b"], ["a", "x"], [3, 1]) == 0.75


@pytest.mark.parametrize(("predicted", "truth"), [([], []), (["a"], ["a", "b"])])
def test_lists_must_be_as_long_as_each_other_and_not_empty(predicted, truth):
    with pytest.raises(UsageError, match="one label for each image, and at least one image"):
        agreement(predicted, truth)


@pytest.mark.parametrize("weights", [[1], [1, "a"], [0, 0], [-1, 2], [1, float("nan")], 3, "ab"])
def test_weights_are_one_number_for_each_pair(weights):
    with pytest.raises(UsageError, match="sample_weight must be 2 numbers"):
        agreement(["a", "b"], ["a", "b"], weights)
