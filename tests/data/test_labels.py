import datetime as dt
import enum
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.labels import (
    check_test_labels,
    listed,
    match_labels,
    resolve_labels,
    scored_labels,
)
from headstart.errors import DatasetError, UsageError


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("labels", "resolved"),
    [
        (["b", "a"], ["b", "a"]),
        ([np.str_("b"), "a"], ["b", "a"]),
        ([np.int64(1), np.uint8(0), 2], [1, 0, 2]),
        ([np.bool_(True), False], [True, False]),
        ([np.float32(1), 2.0], [1.0, 2.0]),
        (np.array([3, 4]), [3, 4]),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
        (pa.array(["a", "b"]), ["a", "b"]),
        (pa.chunked_array([[1], [2]]), [1, 2]),
        ((str(n) for n in range(2)), ["0", "1"]),
        ([], []),
        (["tench, Tinca tinca", "goldfish"], ["tench, Tinca tinca", "goldfish"]),
        (["black|white", "black"], ["black|white", "black"]),
    ],
)
def test_labels_become_values_of_python(labels, resolved):
    found = resolve_labels(labels)
    assert found == resolved
    assert [type(label) for label in found] == [type(label) for label in resolved]


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["a", None], r"must have one label.*Received: None \(label 1\)\..*leave it out"),
        (["a", float("nan")], r"must have one label.*Received: None \(label 1\)"),
        ([1.0, np.nan], r"must have one label.*Received: nan \(label 1\)"),
        (["a", pd.NA], r"must have one label.*Received: <NA> \(label 1\)"),
        (["a", pd.NaT], r"must have one label.*Received: NaT \(label 1\)"),
        ([1.0, math.inf], r"no measurements.*Received: inf \(label 1\)"),
        ([1, 2**63], r"fit into 64 bits\. Write them as text\. Received: 9223372036854775808"),
        ([1.0, -1e300], r"fit into 64 bits"),
        (["a", "b" * 501], r"at most 500 characters\. .*Received: 'b{99}\.\.\. \(label 1\)"),
        (["a", "\ud800"], r"written as UTF-8.*Received: '\\ud800'"),
        (["a", " "], r"not empty.*Received: ' ' \(label 1\)"),
        ([["red", "x"], ["red"]], r"one model for each label.*Received: \['red', 'x'\]"),
        ([("red", "x")], "one model for each label"),
        ([{"red"}], "one model for each label"),
        ([{"red": 1}], "one model for each label"),
        ([np.array(["red", "x"])], "one model for each label"),
        ([[1, 1, 0]], "one model for each label"),
        ([[0, 1, 0]], r"np\.argmax\(y, axis=1\)"),
        (np.eye(3), r"np\.argmax\(y, axis=1\)"),
        (["a", "b", "a|b"], r"one model for each label.*Received: 'a\|b'"),
        (["a", "b", "a, b"], "one model for each label.*Received: 'a, b'"),
        ([0.5, 1.0], r"no measurements.*Received: 0\.5 \(label 0\)"),
        ([1.0, float("inf")], "no measurements.*Received: inf"),
        ([b"cat"], r"not bytes.*label\.decode"),
        ([dt.date(2020, 1, 1)], "dates and times"),
        ([pd.Timestamp(0)], "dates and times"),
        ([np.datetime64("2020-01-01")], "dates and times"),
        ([Colour.RED], r"Pass str\(label\)"),
        ([1 + 2j], r"Pass str\(label\)"),
        (["\udc80"], "written as UTF-8"),
        (["cat", "cat "], "Received: 'cat' and 'cat '"),
        (["\xe9", "e\u0301"], r"Received: '\\xe9' and 'e\\u0301'"),
        (["a", 1], r"of one kind.*'a' \(label 0\) and 1 \(label 1\)"),
        ([0, "0"], r"of one kind.*Received: 0 \(label 0\) and '0' \(label 1\)"),
        ([1, True], r"of one kind.*1 \(label 0\) and True \(label 1\)"),
        ([1, 2.0], "of one kind"),
    ],
)
def test_other_labels_are_refused_with_their_place_and_what_to_do(labels, says):
    with pytest.raises(UsageError, match=says):
        resolve_labels(labels)


def test_the_caller_names_the_place_and_the_error():
    with pytest.raises(DatasetError, match=r"Received: None \(line 3\)"):
        resolve_labels(["a", None], lambda n: f"line {n + 2}", DatasetError)


anything = st.recursive(
    st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=4,
)


@given(st.lists(anything))
def test_whatever_is_resolved_is_of_one_plain_type(labels):
    try:
        resolved = resolve_labels(labels)
    except UsageError:
        return
    assert resolved == labels
    assert len({type(label) for label in resolved}) <= 1
    assert {type(label) for label in resolved} <= {str, int, float, bool}


class TestMatching:
    @pytest.mark.parametrize(
        ("labels", "classes", "matched", "says"),
        [
            (["0", "1", "0"], [0, 1], [0, 1, 0], "'0' as 0, '1' as 1"),
            ([0, 1], ["0", "1"], ["0", "1"], "0 as '0', 1 as '1'"),
            (["True"], [False, True], [True], "'True' as True"),
            (["true"], [False, True], [True], "'true' as True"),
            (["2"], [1.0, 2.0], [2.0], r"'2' as 2\.0"),
            (["e\u0301"], ["\xe9", "f"], ["\xe9"], r"'e\\u0301' as '\\xe9'"),
            (["cat "], ["cat", "dog"], ["cat"], "'cat ' as 'cat'"),
        ],
    )
    def test_labels_that_only_look_alike_are_matched_and_it_is_said(
        self, labels, classes, matched, says
    ):
        with pytest.warns(UserWarning, match=says):
            assert match_labels(labels, classes) == matched
        said = []
        assert match_labels(labels, classes, said.append) == matched
        assert len(said) == 1

    def test_nothing_is_said_where_labels_are_the_same(self):
        assert match_labels(["b", "a"], ["a", "b", "c"]) == ["b", "a"]

    def test_what_could_be_two_classes_is_not_matched(self):
        with pytest.raises(DatasetError, match=r"classes of the model: 1, '1'\. Received: '1 '"):
            match_labels(["1 "], [1, "1"])

    def test_an_unknown_label_is_refused(self):
        with pytest.raises(DatasetError, match=r"'a', 'b'\. Received: 'c'\. Rename"):
            match_labels(["a", "c"], ["a", "b"])

    def test_the_difference_of_text_and_number_is_seen(self):
        with pytest.raises(DatasetError, match=r"model: 1\. Received: '01'"):
            check_test_labels(["01"], [1])


class TestScoring:
    def test_unknown_labels_count_as_wrong_with_a_warning(self):
        with pytest.warns(UserWarning, match="count as wrong: 'c'"):
            assert scored_labels(["a", "c"], ["a", "b"]) == ["a", "c"]

    def test_some_label_must_be_known(self):
        with pytest.raises(DatasetError, match="Received: 'c', 'd'"):
            scored_labels(["c", "d"], ["a", "b"])

    def test_known_labels_are_scored_in_silence(self):
        assert scored_labels(["b"], ["a", "b"]) == ["b"]


def test_a_list_of_labels_tells_text_from_numbers_and_is_short():
    assert listed(["0", 1]) == "'0', 1"
    assert listed(list(range(1200))).endswith("8, 9 and 1,190 more")
