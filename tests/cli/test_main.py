"""The command line as a whole."""

import difflib
import importlib
import itertools
import runpy
import sys
import warnings
from types import SimpleNamespace

import pytest

import headstart
from headstart.cli import main as cli
from headstart.cli.main import run_command
from headstart.cli.parser import CommandParser
from headstart.errors import StorageError, UsageError


def test_help_names_every_command_and_the_exit_statuses(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for word in (*cli.COMMANDS, "130 int"):
        assert word in text


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("predit", "There is no command 'predit'. Did you mean 'headstart predict'?"),
        ("photos", "There is no command 'photos'. To say what is in images: headstart predict"),
        ("zebra", "There is no command 'zebra'. The commands are demo, predict, check, train"),
    ],
)
def test_a_word_that_is_no_command_gets_advice(word, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    with pytest.raises(SystemExit, match="2"):
        cli.main([word])
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        (["--help-all"], "usage: headstart [-h]"),
        (["help"], "usage: headstart [-h]"),
        (["help", "train"], "usage: headstart train"),
    ],
)
def test_other_ways_to_ask_for_help(words, begins, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(words)
    assert capsys.readouterr().out.startswith(begins)


def test_the_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"headstart {headstart.__version__}\n"


def test_no_command_is_wrong_usage_and_shows_the_help(capsys):
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "train      learn your own classes" in err


@pytest.mark.parametrize("arguments", [["nothing"], ["predict"], ["predict", "x", "--top", "0"]])
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage:" in capsys.readouterr().err


def test_the_status_is_that_of_the_command(monkeypatch, capsys):
    def fail(_):
        raise UsageError("wrong")

    monkeypatch.setattr("headstart.cli.cache.run", fail)
    assert cli.main(["cache"]) == 2
    assert capsys.readouterr().err == "headstart: wrong\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_a_module_with_help(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main([name, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: headstart {name} ")


@pytest.mark.parametrize("name", cli.COMMANDS)
@pytest.mark.parametrize("option", ["--help", "--help-all"])
def test_help_fits_a_terminal_of_80_columns(name, option, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main([name, option])
    assert max(map(len, capsys.readouterr().out.splitlines()), default=0) <= 80


@pytest.mark.parametrize("option", ["--help-all", "--help-a"])
def test_help_shows_every_option_when_asked(option, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["train", option])
    assert "--head-dropout X" in capsys.readouterr().out


def test_the_help_of_train_fits_a_screen(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    assert len(capsys.readouterr().out.splitlines()) <= 32


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_no_two_options_have_nearly_the_same_name(name):
    command = importlib.import_module(f"headstart.cli.{name}")
    options = CommandParser(command)._option_string_actions
    long = [option for option in options if option.startswith("--") and option[:5] != "--no-"]
    for one, other in itertools.combinations(long, 2):
        assert difflib.SequenceMatcher(None, one, other).ratio() < 0.9, (one, other)


def command(run):
    def add_arguments(parser):
        parser.add_argument("--number", type=int)

    texts = {"__name__": "count", "USAGE": "", "DESCRIPTION": "", "EPILOG": ""}
    return SimpleNamespace(add_arguments=add_arguments, run=run, **texts)


def test_a_command_returns_its_status():
    assert run_command(command(lambda arguments: arguments.number), ["--number", "1"]) == 1


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (UsageError("wrong"), 2, "wrong"),
        (StorageError("full"), 1, "full"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_every_ending_has_its_status(capsys, error, status, says):
    def fail(_):
        raise error

    assert run_command(command(fail), []) == status
    assert capsys.readouterr().err == f"headstart: {says}\n"


@pytest.mark.parametrize(("words", "says"), [([], "warning: beware\n"), (["--quiet"], "")])
def test_warnings_are_messages(capsys, words, says):
    def warn(_):
        warnings.warn("beware", stacklevel=2)
        return 0

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        shown = warnings.showwarning
        assert run_command(command(warn), words) == 0
        assert warnings.showwarning is shown
    assert capsys.readouterr() == ("", says)


def test_words_that_it_does_not_take(capsys):
    with pytest.raises(SystemExit, match="2"):
        run_command(command(lambda _: 0), ["--number", "many"])
    assert "--number" in capsys.readouterr().err


def test_an_error_of_the_program_itself_is_not_hidden():
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(command(fail), [])


def test_python_m_headstart_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["headstart", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("headstart", run_name="__main__")
    assert headstart.__version__ in capsys.readouterr().out
