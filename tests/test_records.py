import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.records import from_json, to_json


@dataclass(frozen=True)
class Inner:
    share: float = 0.5


class Pair(NamedTuple):
    id: str
    label: Hashable


@dataclass(frozen=True)
class Record:
    name: str
    size: tuple[int, int]
    shapes: dict[str, tuple[int, ...]]
    rule: Literal["crop", "pad"]
    layer: str | None = None
    mirror: bool = False
    inner: Inner = field(default_factory=Inner)
    either: tuple[int, ...] | Inner | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[Hashable, ...] = ()
    pairs: tuple[Pair, ...] = ()


SMALL = Record("a", (1, 2), {"features": (3,)}, "pad")
LARGE = Record(
    "b",
    (1, 2),
    {},
    "crop",
    "conv",
    True,
    Inner(1.0),
    Inner(0.1),
    {"n": [1, {}]},
    ("x", 1),
    (Pair("a", 1), Pair("b", "c")),
)


@pytest.mark.parametrize("record", [SMALL, LARGE])
def test_records_come_back(record):
    written = json.loads(json.dumps(to_json(record)))
    assert from_json(Record, written) == record


def test_fields_may_be_left_out_and_given():
    written = to_json(SMALL, without=["name"])
    assert "name" not in written
    assert from_json(Record, written, name="a") == SMALL
    assert from_json(Record, to_json(SMALL), mirror=True).mirror is True


def test_missing_fields_have_their_default_and_unknown_ones_are_ignored():
    written = {key: to_json(SMALL)[key] for key in ("name", "size", "shapes", "rule")}
    assert from_json(Record, written | {"newer": 1}) == SMALL


def test_a_missing_field_without_a_default_is_an_error():
    with pytest.raises(ValueError, match=r"Record must have name\. Received"):
        from_json(Record, to_json(SMALL, without=["name"]))


@pytest.mark.parametrize(
    "change",
    [
        {"name": 1},
        {"name": None},
        {"size": [1]},
        {"size": [1, 2, 3]},
        {"size": [1, 2.0]},
        {"size": "12"},
        {"size": [True, 2]},
        {"shapes": {"features": ["3"]}},
        {"shapes": [3]},
        {"rule": "stretch"},
        {"rule": ["pad"]},
        {"layer": 3},
        {"mirror": 1},
        {"inner": {"share": "0.5"}},
        {"inner": {"share": float("nan")}},
        {"inner": [0.5]},
        {"either": "no"},
        {"more": 1},
        {"labels": 1},
        {"pairs": [["a"]]},
        {"pairs": [[1, "b"]]},
        {"pairs": ["ab"]},
    ],
    ids=str,
)
def test_a_field_of_another_type_is_an_error(change):
    with pytest.raises(ValueError, match="must"):
        from_json(Record, to_json(SMALL) | change)


def test_a_whole_number_may_be_a_share():
    assert from_json(Inner, {"share": 1}) == Inner(1)


WORDS = st.sampled_from(["", "a", "pad", "name", "size"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(to_json(SMALL))), values))
def test_any_json_is_a_record_or_a_value_error(changes):
    try:
        assert isinstance(from_json(Record, to_json(SMALL) | changes), Record)
    except ValueError:
        assert changes


@given(values)
def test_what_is_no_object_is_a_value_error(written):
    with pytest.raises(ValueError, match="must"):
        from_json(Record, written)


def test_a_message_quotes_only_the_beginning_of_a_long_value():
    for written in ("a" * 10**6, {"name": "a" * 10**6}):
        with pytest.raises(ValueError, match="Received") as error:
            from_json(Record, written)
        assert len(str(error.value)) < 400
