import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.display import text
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
    ("name", "shown"),
    [
        ("a\nb\x1b[2J\udc80", "a\\nb\\x1b[2J\\udc80"),
        ("tab\tbell\x07delete\x7f", "tab\\tbell\\x07delete\\x7f"),
        ("line\u2028paragraph\u2029next\x85", "line\\u2028paragraph\\u2029next\\x85"),
        ("C:\\new\\赤 猫.png", "C:\\new\\赤 猫.png"),
        ("5.00\u202fPM\u00a0\u3000.png", "5.00\u202fPM\u00a0\u3000.png"),
    ],
)
def test_what_leads_a_terminal_astray_is_escaped(name, shown):
    assert text.printable(name) == shown


@given(st.text())
def test_printable_text_stays_on_its_line_and_can_be_written(name):
    shown = text.printable(name)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    shown.encode("utf-8")
    assert text.printable(shown) == shown


def test_lines_stay_lines():
    assert text.printable_lines("a\n\x1b[2Jb") == "a\n\\x1b[2Jb"


def test_columns_count_as_a_terminal_does():
    assert text.columns("cafe\u0301") == 4
    assert text.columns("猫 cat") == 6
    assert text.columns("क्\u200dष") == 2


def test_joiners_are_kept_and_overrides_are_not():
    assert text.printable("क्\u200dष") == "क्\u200dष"
    assert text.printable("gpj.\u202eexe") == "gpj.\\u202eexe"


@given(st.text(), st.integers(2, 40))
def test_shortened_text_fits(name, width):
    found = text.shorten(name, width)
    assert text.columns(found) <= width
    assert text.printable(found) == found


@given(st.text(st.characters(codec="ascii", categories=["L"]), min_size=12), st.integers(4, 11))
def test_shortened_text_keeps_both_ends(name, width):
    found = text.shorten(name, width)
    head, tail = found.split("…")
    assert len(found) == width
    assert name.startswith(head)
    assert name.endswith(tail)


def test_text_that_fits_is_left_alone():
    assert text.shorten("rickshaw", 8) == "rickshaw"
