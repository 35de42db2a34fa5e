import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.heads.labels import encode_labels

label = st.one_of(
    st.text(),
    st.integers(),
    st.none(),
    st.tuples(st.integers(), st.text()),
    st.frozensets(st.text()),
)


@given(st.lists(label, min_size=2).filter(lambda labels: len(set(labels)) > 1))
def test_any_hashable_label_comes_back(labels):
    classes, codes = encode_labels(labels)
    assert classes[codes].tolist() == labels
    assert len(classes) == len(set(labels))


def test_many_texts_are_no_regression():
    encode_labels([f"species {number}" for number in range(50)])  # warnings are errors


@given(st.lists(st.tuples(st.integers(), st.text()), min_size=2, unique=True))
def test_the_order_of_classes_does_not_depend_on_that_of_samples(labels):
    classes, _ = encode_labels(labels)
    backwards, _ = encode_labels(labels[::-1])
    assert classes.tolist() == backwards.tolist()


@pytest.mark.parametrize(
    ("labels", "classes", "dtype"),
    [
        (["b", "a", "b"], ["a", "b"], "U"),
        ([2, 1], [1, 2], "i"),
        ([True, False], [False, True], "b"),
        ([("b", 1), ("a", 2)], [("a", 2), ("b", 1)], "O"),
        (np.array(["b", "a"], object), ["a", "b"], "O"),
        ([1, "1"], [1, "1"], "O"),
        (["b", None, "a", None], ["b", None, "a"], "O"),
        ([frozenset("b"), frozenset("a")], [frozenset("b"), frozenset("a")], "O"),
    ],
)
def test_classes_are_sorted_and_keep_their_type(labels, classes, dtype):
    found, _ = encode_labels(labels)
    assert found.tolist() == classes
    assert found.dtype.kind == dtype


def test_a_column_of_a_table_is_labels(recwarn):
    import pandas as pd

    classes, codes = encode_labels(pd.Series(["x", "y", "x"], index=[7, 8, 9]))
    assert classes.tolist() == ["x", "y"]
    assert codes.tolist() == [0, 1, 0]
    assert not recwarn


def test_nan_is_refused_as_a_label():
    with pytest.raises(ValueError, match="NaN"):
        encode_labels(np.array([1.0, np.nan]))
