import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.display import text
from headstart.escaping import printable, printable_lines
from headstart.evaluation.metrics import Interval


def test_headline_reads_like_a_sentence():
    found = text.headline(1710, 1920, Interval(0.8759, 0.9035))
    assert found == "1,710 of 1,920 right: 89.1 % (95 % interval 87.6 to 90.3 %)"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0.0 %"), (1, "100.0 %"), (0.99996, "99.9 %"), (1e-9, "0.1 %"), (0.891, "89.1 %")],
)
def test_percent_is_all_or_nothing_only_where_it_is(share, expected):
    assert text.percent(share) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (119, "119 s"), (150, "2 min"), (7_100, "118 min"), (7_500, "2 h 05 min")],
)
def test_durations_are_in_the_unit_that_fits(seconds, expected):
    assert text.duration(seconds) == expected


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *((f"{sign}1", f"'{sign}1") for sign in "=+-@\uff1d\uff0b\uff0d\uff20\t\r\n"),
        *((f"{space}=1", f"'{space}=1") for space in (" ", "\u3000", "\x0b")),
        *((plain, plain) for plain in ("", "a=1", "1-1", "'=1", "\ufeffa")),
    ],
)
def test_a_cell_is_no_formula(cell, written):
    assert text.no_formula(cell) == written


@pytest.mark.parametrize("indent", [None, 1])
@given(value=st.dictionaries(st.text(), st.lists(st.text() | st.integers())))
def test_json_says_the_same_and_moves_no_cursor(value, indent):
    written = text.json_text(value, indent)
    assert json.loads(written) == value
    assert printable_lines(written) == written
    assert indent or "\n" not in written


def test_json_keeps_letters():
    assert text.json_text(["caf\u00e9", "\u732b", "\x9b\u202e\udc80"]) == (
        '["caf\u00e9", "\u732b", "\\u009b\\u202e\\udc80"]'
    )


def test_columns_count_as_a_terminal_does():
    assert text.columns("cafe\u0301") == 4
    assert text.columns("猫 cat") == 6
    assert text.columns("क्\u200dष") == 2


@given(st.text(), st.integers(2, 40))
def test_shortened_text_fits(name, width):
    found = text.shorten(name, width)
    assert text.columns(found) <= width
    assert printable(found) == found


@given(st.text(st.characters(codec="ascii", categories=["L"]), min_size=12), st.integers(4, 11))
def test_shortened_text_keeps_both_ends(name, width):
    found = text.shorten(name, width)
    head, tail = found.split("…")
    assert len(found) == width
    assert name.startswith(head)
    assert name.endswith(tail)


def test_text_that_fits_is_left_alone():
    assert text.shorten("rickshaw", 8) == "rickshaw"


def test_names_that_no_file_could_have_are_cut():
    assert text.listed_names(["a" * 255, "b"]) == f"{'a' * 255}, b"
    assert text.listed_names(iter(["a" * 256, "b", "c"]), 1) == f"{'a' * 255}… and 2 more"
