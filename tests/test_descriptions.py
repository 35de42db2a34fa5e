"""The JSON files that describe a folder: read, or refused by name."""

import contextlib
import hashlib
import itertools
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.descriptions import DescriptionFile
from headstart.errors import DamagedModel, NewerFormat, NotASavedModel, SavedModelError

FILE = DescriptionFile("thing.json", "thing", newest=2)
MARKED = DescriptionFile("thing.json", "thing", newest=2, kind="a thing")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.fixture
def put(tmp_path):
    """Write a text as ``thing.json``, and return its folder."""

    def write(text):
        (tmp_path / "thing.json").write_text(text, "utf-8")
        return tmp_path

    return write


def test_entries_are_read_back(tmp_path):
    entries = {"names": ["é", None], "size": [3, 4], "share": 0.5}
    MARKED.write(tmp_path, entries)
    assert MARKED.read(tmp_path) == {"kind": "a thing", "format": 2, **entries}
    assert FILE.read(tmp_path)["names"] == ["é", None]
    assert MARKED.is_in(tmp_path)
    assert MARKED.is_in(str(tmp_path))


def test_file_is_the_same_on_every_system(tmp_path):
    FILE.write(tmp_path, {"a": "é"})
    digest = hashlib.sha256('{"a":"é","format":2}'.encode()).hexdigest()
    assert (tmp_path / "thing.json").read_bytes() == (
        f'{{\n "format": 2,\n "a": "é",\n "digest": "{digest}"\n}}\n'.encode()
    )


def test_older_format_is_read(put):
    assert FILE.read(put('{"format": 1, "a": 3}')) == {"format": 1, "a": 3}


def test_newer_format_is_refused(put):
    with pytest.raises(NewerFormat, match=r"thing format 3; this one knows up to 2\)\. Update"):
        FILE.read(put('{"format": 3}'))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(NotASavedModel, match=r"must hold thing\.json.*which has no such file\."):
        FILE.read(tmp_path)
    with pytest.raises(NotASavedModel, match=r"does not exist\. Check the spelling"):
        FILE.read(tmp_path / "nowhere")
    assert not FILE.is_in(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[]",
        '"format"',
        "{}",
        '{"format": 1e999}',
        '{"format": "2"}',
        '{"format": true}',
        '{"format": 0}',
        '{"format": 2, "a": NaN}',
        '{"format": ' + "9" * 10_000 + "}",
        '{"format": 1, "a": 1, "a": 2}',
        '{"format": 1, "a": "\\ud800"}',
    ],
    ids=lambda text: text[:20],
)
def test_foreign_file_is_refused(put, text):
    with pytest.raises(NotASavedModel, match=r"thing\.json must be what headstart writes"):
        FILE.read(put(text))


def test_other_kind_is_refused(put):
    with pytest.raises(NotASavedModel, match="kind is 'another'"):
        MARKED.read(put('{"format": 1, "kind": "another"}'))
    with pytest.raises(NotASavedModel, match="kind"):
        MARKED.read(put('{"format": 1}'))


def test_enormous_file_is_refused(put, monkeypatch):
    monkeypatch.setattr("headstart.descriptions.MAX_BYTES", 20)
    assert FILE.read(put('{"format": 1}'))
    with pytest.raises(NotASavedModel, match=r"thing\.json must be.*more than 20 bytes"):
        FILE.read(put('{"format": 1, "a": "b"}'))


def test_an_altered_file_is_told_from_a_foreign_one(tmp_path):
    FILE.write(tmp_path, {"a": "é", "b": [1, 2.5, None], "c": {"z": True, "y": {}}})
    path = tmp_path / "thing.json"
    entries = json.loads(path.read_text("utf-8"))
    for changed in (
        {**entries, "a": "e"},
        {**entries, "b": [1, 2.5]},
        {**entries, "b": [1.0, 2.5, None]},
        {**entries, "d": 1},
        {**entries, "format": 1},
        {**entries, "format": 3},
        {**entries, "digest": "0" * 64},
        {**entries, "digest": 1},
        {**entries, "digest": None},
        {name: entries[name] for name in entries if name != "c"},
    ):
        path.write_text(json.dumps(changed), "utf-8")
        with pytest.raises(DamagedModel, match=r"thing\.json was altered"):
            FILE.read(tmp_path)


def test_spaces_and_order_are_no_content(tmp_path):
    FILE.write(tmp_path, {"a": "é", "c": {"z": True, "y": {}}})
    path = tmp_path / "thing.json"
    written = FILE.read(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), sort_keys=True), "utf-8")
    assert FILE.read(tmp_path) == written


def test_no_flipped_bit_changes_an_entry(tmp_path):
    entries = {"classes": [["n0", "ant"], ["n1", "bée"]], "size": [32, 48], "share": 0.875}
    FILE.write(tmp_path, entries)
    written, content = FILE.read(tmp_path), (tmp_path / "thing.json").read_bytes()
    for place, bit in itertools.product(range(len(content)), range(8)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        try:
            found = FILE.parse(bytes(flipped), tmp_path)
        except SavedModelError:
            continue
        # Only the name "digest" may have become another one.
        assert {name: found[name] for name in written} == written


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows")
def test_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "thing.json")
    with pytest.raises(NotASavedModel, match="not a regular file"):
        FILE.read(tmp_path)


@pytest.mark.parametrize("error", [KeyError("a"), TypeError("b"), OverflowError("c")], ids=repr)
def test_unsuitable_entries_are_refused(tmp_path, error):
    with (
        pytest.raises(NotASavedModel, match=r"thing\.json must be.*Received: \w+Error"),
        FILE.reading(tmp_path),
    ):
        raise error


def test_what_is_no_json_is_not_written(tmp_path):
    for value in (float("nan"), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            FILE.write(tmp_path, {"a": value})
    assert not FILE.is_in(tmp_path)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_file_is_read_or_refused_by_name(tmp_path, content):
    (tmp_path / "thing.json").write_bytes(content)
    with contextlib.suppress(SavedModelError):
        assert FILE.read(tmp_path)["format"] in (1, 2)
