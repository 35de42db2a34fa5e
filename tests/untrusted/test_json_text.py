"""JSON is read as Python reads it, or refused with a `ValueError`."""

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.untrusted import json_text
from headstart.untrusted.json_text import MAX_DEPTH, parse_json, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half a pair of surrogates is no text.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(value=VALUES, ascii_only=st.booleans())
def test_what_python_writes_is_read_back(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    for written in (text, text.encode(), b"\xef\xbb\xbf" + text.encode()):
        found = parse_json(written)
        assert found == value
        assert json.dumps(found) == json.dumps(value)  # 1 and 1.0 and True are equal


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_as_python_does_or_refused(content):
    with contextlib.suppress(ValueError):
        found = parse_json(content)
        assert found == json.loads(content.decode("utf-8-sig"))


@pytest.mark.parametrize("finite", [True, False])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "inside each other"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "inside each other"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "inside each other"),
        ('{"a": 1, "b": 2, "a": 1}', "'a' twice in one object"),
        ('[{"a": 1, "\\u0061": 2}]', "'a' twice in one object"),
        ('"\\ud800"', "surrogates not allowed"),
        ('{"\\udc00": 1}', "surrogates not allowed"),
        ("9" * 10_000, "digits|not finite"),
        ("", "Expecting value"),
        ("[1", "Expecting"),
        ("[1] 2", "Extra data"),
        ('"a\nb"', "control character"),
    ],
    ids=lambda text: text[:20],
)
def test_odd_json_is_refused(text, why, finite):
    for content in (text, text.encode()):
        with pytest.raises(ValueError, match=why):
            parse_json(content, finite=finite)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_only_what_asks_for_them_gets_numbers_that_are_not_finite(number):
    with pytest.raises(ValueError, match="number"):
        parse_json(number)
    assert not math.isfinite(parse_json(number, finite=False))


def test_an_integer_that_no_float_holds_is_refused():
    assert parse_json(str(10**300)) == 10**300
    with pytest.raises(ValueError, match="not finite"):
        parse_json(str(10**400))


@pytest.mark.parametrize("content", [b"\xff\xfe[\0]\0", b'"\xed\xa0\x80"', b'"\xff"'])
def test_other_encodings_are_refused(content):
    with pytest.raises(UnicodeDecodeError):
        parse_json(content)


def test_pairs_of_surrogates_are_one_character():
    assert parse_json('"\\ud83d\\udc2f"') == "\N{TIGER FACE}"


def test_nested_lists_are_read():
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(parse_json(text)) == text


def test_a_long_text_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_text, "MAX_BYTES", 8)
    path = tmp_path / "file.json"
    path.write_text('"123456"')
    assert read_json(path) == parse_json('"123456"') == "123456"
    path.write_text('"1234567"')
    with pytest.raises(ValueError, match="more than 8 bytes"):
        read_json(path)
    with pytest.raises(ValueError, match="more than 8 bytes"):
        parse_json('"1234567"')
