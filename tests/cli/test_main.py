"""The command line as a whole."""

import runpy
import sys

import pytest

import headstart
from headstart.cli import main as cli
from headstart.errors import StorageError, UsageError


def test_help_names_every_command_and_the_exit_statuses(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    text = capsys.readouterr().out
    commands = ("demo", "predict", "train", "evaluate", "augment", "pretrain", "models", "cache")
    for word in (*commands, "130 int"):
        assert word in text


def test_the_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"headstart {headstart.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["predict"], ["predict", "x", "--top", "0"]]
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [(UsageError("wrong"), 2), (StorageError("full"), 1), (KeyboardInterrupt(), 130)],
)
def test_every_ending_has_its_status(monkeypatch, capsys, error, status):
    def fail(_):
        raise error

    monkeypatch.setattr("headstart.cli.cache.run", fail)
    assert cli.main(["cache"]) == status
    assert capsys.readouterr().err.startswith("headstart: ")


def test_python_m_headstart_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["headstart", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("headstart", run_name="__main__")
    assert headstart.__version__ in capsys.readouterr().out
