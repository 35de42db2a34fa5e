"""How a command ends."""

import argparse
from types import SimpleNamespace

import pytest

from headstart.cli.running import run_command
from headstart.errors import StorageError, UsageError


def command(run):
    def make_parser():
        parser = argparse.ArgumentParser()
        parser.add_argument("--number", type=int)
        return parser

    return SimpleNamespace(make_parser=make_parser, run=run)


def test_its_status_is_that_of_the_command():
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


def test_words_that_it_does_not_take(capsys):
    with pytest.raises(SystemExit, match="2"):
        run_command(command(lambda _: 0), ["--number", "many"])
    assert "--number" in capsys.readouterr().err


def test_an_error_of_the_program_itself_is_not_hidden():
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(command(fail), [])
