import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.escaping import printable, printable_lines, quoted


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
    assert printable(name) == shown


@given(st.text())
def test_printable_text_stays_on_its_line_and_can_be_written(name):
    shown = printable(name)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    shown.encode("utf-8")
    assert printable(shown) == shown


def test_lines_stay_lines():
    assert printable_lines("a\n\x1b[2Jb") == "a\n\\x1b[2Jb"


def test_joiners_are_kept_and_overrides_are_not():
    assert printable("क्\u200dष") == "क्\u200dष"
    assert printable("gpj.\u202eexe") == "gpj.\\u202eexe"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0", "'0'"), (0, "0"), ("\u202e", r"'\u202e'"), ("x" * 200, f"'{'x' * 99}...")],
)
def test_a_value_in_a_message_is_quoted_and_short(value, shown):
    assert quoted(value) == shown
