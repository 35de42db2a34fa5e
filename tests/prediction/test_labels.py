import pytest

from headstart.prediction.labels import class_array, object_array, user_classes


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
