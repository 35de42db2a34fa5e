"""Running the project's scripts without installing anything."""

import runpy
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def environment(monkeypatch):
    """The module that scripts install with, as they import it."""
    monkeypatch.syspath_prepend(SCRIPTS)
    import environment

    yield environment
    del sys.modules["environment"]


@pytest.fixture
def run(monkeypatch):
    """Return a way to run a script, which returns its exit status: ``run("try.py", ...)``."""

    def run_script(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        with pytest.raises(SystemExit) as ending:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        return ending.value.code

    return run_script
