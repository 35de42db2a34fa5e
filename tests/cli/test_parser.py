"""Help on two levels."""

import pytest

from headstart.cli.parser import CommandParser


def parser():
    made = CommandParser("paint", "WALL [options]", "Paint a wall.", "examples:\n  paint wall")
    made.add_positional("wall", "WALL", nargs="?")
    made.add_argument("--colour", metavar="NAME", help="the colour of the paint")
    ladder = made.heading("ladder", "for high walls only")
    ladder.everyday.add_argument("--high", action="store_true", help="take a ladder")
    ladder.add_argument("--steps", type=int, default=7, metavar="N", help="how many steps it has")
    made.add_help_options()
    return made


def help_of(words, capsys):
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args(words)
    return capsys.readouterr().out


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_shows_the_everyday_options_only(word, capsys):
    text = help_of([word], capsys)
    assert text.startswith("usage: headstart paint WALL [options]\n\nPaint a wall.\n")
    assert "--colour NAME" in text
    assert "ladder:\n  --high" in text
    assert "--help-all" in text
    assert "--steps" not in text
    assert "for high walls only" not in text


def test_help_all_shows_the_rest_under_headings(capsys):
    text = help_of(["--help-all"], capsys)
    assert "--colour NAME" in text
    assert "ladder:\n  for high walls only\n\n  --high" in text
    assert "how many steps it has" in text
    assert "examples:\n  paint wall" in text


def test_what_help_does_not_show_is_parsed_all_the_same():
    assert parser().parse_args(["--steps", "3"]).steps == 3
    assert parser().parse_args([]).steps == 7


def test_wrong_words_show_one_line_of_usage(capsys):
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["--brush"])
    usage, error = capsys.readouterr().err.splitlines()
    assert usage == "usage: headstart paint WALL [options]"
    assert "--brush" in error


def test_a_command_without_headings_has_no_second_level(capsys):
    made = CommandParser("sit", "", "Sit.")
    made.add_help_options()
    with pytest.raises(SystemExit, match="0"):
        made.parse_args(["--help"])
    assert "--help-all" not in capsys.readouterr().out
