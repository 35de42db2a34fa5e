"""``scripts/environment.py``: what is installed, with which versions."""

import os
import tomllib

import pytest


@pytest.fixture
def commands(environment, monkeypatch):
    """What would be run, each as one line."""
    seen = []
    monkeypatch.setattr(environment, "_run", lambda *command: seen.append(" ".join(command)))
    monkeypatch.setattr(environment.venv, "create", lambda *_, **__: None)
    return seen


def test_versions_come_from_the_constraints(environment, commands, tmp_path):
    programs = environment.make(tmp_path, ".[pandas]")
    assert programs == tmp_path / ("Scripts" if os.name == "nt" else "bin")
    assert commands[-1].endswith(f"-c {environment.CONSTRAINTS} .[pandas]")
    assert environment.CONSTRAINTS.is_file()


def test_every_extra_but_that_with_torch_is_installed(environment):
    project = tomllib.loads((environment.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert sorted({*environment.EXTRAS, "gpu"}) == sorted(project["optional-dependencies"])


def test_the_lowest_versions_are_chosen_by_uv(environment, commands, tmp_path):
    environment.make_lowest(tmp_path, ("pandas", "tiff"), "test")
    text = "\n".join(commands)
    assert "--resolution lowest-direct" in text
    assert "--extra=pandas --extra=tiff" in text
    assert "--group=test" in text
    assert "constraints" not in text
    assert "--no-deps" in commands[-1]


def test_an_environment_is_made_once(environment, commands, tmp_path, monkeypatch, capsys):
    (tmp_path / "pyvenv.cfg").touch()
    monkeypatch.setattr(environment.venv, "create", None)
    environment.make(tmp_path, ".")
    assert commands
    assert "Making" not in capsys.readouterr().err
