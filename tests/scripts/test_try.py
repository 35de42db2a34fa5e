"""``scripts/try.py``: the first command that anyone types."""

import os
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def calls(environment, monkeypatch):
    """What the script runs; nothing is installed."""
    seen = []

    def call(_, name, *arguments, folder):
        seen.append((name, *arguments, folder.resolve()))
        return 0

    programs = environment.ROOT / ".venv" / "bin"
    monkeypatch.setattr(environment, "make", lambda *_: programs)
    monkeypatch.setattr(environment, "call", call)
    return seen


def test_without_pictures_it_runs_the_demo_again_and_again(
    calls, run, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    assert run("try.py") == 0
    assert calls == [("headstart", "demo", "--overwrite", tmp_path)]
    assert "activate" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell's line")
def test_it_says_how_the_commands_that_were_shown_are_found(calls, run, monkeypatch, capsys):
    monkeypatch.chdir(SCRIPTS.parent)
    assert run("try.py") == 0
    assert len(calls) == 1
    assert capsys.readouterr().out.endswith("$ . .venv/bin/activate\n")


def test_pictures_of_ones_own_are_found_from_where_one_is(calls, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run("try.py", "photos", "--top", "3") == 0
    assert calls == [("headstart", "predict", "photos", "--top", "3", tmp_path)]
