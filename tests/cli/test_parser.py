"""Help on two levels."""

from types import SimpleNamespace

import pytest

from headstart.cli.parser import CommandParser, add_option


def paint():
    """A command with everyday options and others."""

    def add_arguments(parser):
        parser.add_positional("wall", "WALL", nargs="?")
        add_option(parser, "--colour NAME", "the colour of the paint")
        ladder = parser.heading("ladder", "for high walls only")
        ladder.everyday.add_argument("--high", action="store_true", help="take a ladder")
        add_option(ladder, "--steps N", "how many steps it has", int, 7)

    return SimpleNamespace(
        __name__="headstart.cli.paint",
        USAGE="WALL [options]",
        DESCRIPTION="Paint a wall.",
        EPILOG="examples:\n  paint wall",
        add_arguments=add_arguments,
    )


def parser(*, full=False):
    return CommandParser(paint(), full=full)


def help_of(words, capsys):
    with pytest.raises(SystemExit, match="0"):
        parser(full="--help-all" in words).parse_args(words)
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
    assert "--steps N      how many steps it has (default: 7)" in text
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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["wall", "--color", "red"], "There is no option --color. Did you mean --colour?"),
        (["--color=red"], "There is no option --color. Did you mean --colour?"),
        (["--brush"], "There is no option --brush. 'headstart paint --help-all' lists the options"),
        (["--sooner"], "There is no option --sooner. 'headstart paint --help-all' lists"),
        (["--steps", "many"], "argument --steps: invalid int value"),
        (["-colour", "red"], "There is no option -colour. Did you mean --colour?"),
        (["--step", "many"], "argument --steps: invalid int value"),
        (["wall", "floor"], "unrecognized arguments: floor"),
    ],
)
def test_a_misspelt_option_gets_a_suggestion(words, says, capsys):
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(words)
    assert says in capsys.readouterr().err


def test_a_misspelt_option_is_named_where_a_required_one_is_missing(capsys):
    command = paint()
    command.add_arguments = lambda parser: add_option(parser, "--out D", "where", required=True)
    with pytest.raises(SystemExit, match="2"):
        CommandParser(command).parse_args(["--oot", "d"])
    assert "There is no option --oot. Did you mean --out?" in capsys.readouterr().err


def test_a_command_without_headings_has_no_second_level(capsys):
    command = paint()
    command.add_arguments = lambda parser: parser.add_positional("wall", "WALL")
    with pytest.raises(SystemExit, match="0"):
        CommandParser(command).parse_args(["--help"])
    assert "--help-all" not in capsys.readouterr().out


def test_an_option_reads_its_value_and_shows_its_default_only_if_it_has_one(capsys):
    assert parser().parse_args(["--colour", "red"]).colour == "red"
    assert parser().parse_args([]).colour is None
    assert "None" not in help_of(["--help-all"], capsys)
