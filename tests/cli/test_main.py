"""The command line as a whole."""

import runpy
import sys

import pytest

import headstart
from headstart.cli import main as cli
from headstart.errors import UsageError


def test_help_names_every_command_and_the_exit_statuses(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for word in (*cli.COMMANDS, "130 int"):
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


def test_python_m_headstart_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["headstart", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("headstart", run_name="__main__")
    assert headstart.__version__ in capsys.readouterr().out
