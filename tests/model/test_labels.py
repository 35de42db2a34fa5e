import enum
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.errors import UsageError
from headstart.model.labels import label_from_json, label_to_json

plain = (
    st.text()
    | st.integers()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.binary()
    | st.none()
)
labels = st.recursive(
    plain, lambda inner: st.lists(inner).map(tuple) | st.frozensets(inner), max_leaves=5
)


@given(labels)
def test_labels_come_back_with_their_type(label):
    again = label_from_json(json.loads(json.dumps(label_to_json(label))))
    assert again == label
    assert type(again) is type(label)


def test_equal_labels_of_different_types_stay_apart():
    written = [json.dumps(label_to_json(label)) for label in (1, 1.0, True, "1")]
    assert len(set(written)) == 4


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "label", [Colour.RED, float("nan"), (1, float("inf")), np.int64(3), range(3), object]
)
def test_others_are_refused_by_name(label):
    with pytest.raises(UsageError, match="labels of a saved model must be made of str"):
        label_to_json(label)


@pytest.mark.parametrize(
    "written", [{}, {"type": "code", "value": "1"}, {"type": "int", "value": "x"}, "str", None]
)
def test_what_is_no_label_is_an_error(written):
    with pytest.raises((KeyError, TypeError, ValueError)):
        label_from_json(written)
