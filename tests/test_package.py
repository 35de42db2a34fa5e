"""What `import headstart` offers, and what it leaves alone."""

import subprocess
import sys

import pytest

import headstart
from headstart.cli.main import COMMANDS

HEAVY = (
    "keras",
    "tensorflow",
    "openvino",
    "sklearn",
    "scipy",
    "matplotlib",
    "pyarrow",
    "pandas",
    "PIL",
)


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_the_public_names_are_sorted_and_all_there():
    assert headstart.__all__ == sorted(headstart.__all__)
    for name in headstart.__all__:
        assert getattr(headstart, name) is not None
        assert name in dir(headstart)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        headstart.nothing  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import headstart",
        "from headstart.cli.main import main, parser\nparser().format_help()",
        *(
            f"from headstart.cli import {command}\n{command}.make_parser().format_help()"
            for command in COMMANDS
        ),
    ],
)
def test_importing_and_help_load_nothing_heavy(statement):
    assert not loaded_after(statement) & {*HEAVY, "numpy"}


def test_the_first_help_loads_no_command():
    code = "from headstart.cli.main import parser\nparser().format_help()\nimport sys"
    code += "\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in run.stdout.split() if name.startswith("headstart.cli.")}
    assert loaded == {"headstart.cli.main", "headstart.cli.running"}


def test_recognising_needs_neither_keras_nor_scikit_learn():
    loaded = loaded_after("import headstart.jobs.predict, headstart.jobs.evaluate, headstart.model")
    assert not loaded & {
        "keras",
        "tensorflow",
        "sklearn",
        "scipy",
        "matplotlib",
        "pyarrow",
        "pandas",
    }


def test_training_loads_no_gradient_backend_nor_plots():
    loaded = loaded_after("import headstart.jobs.train, headstart.classifier")
    assert not loaded & {"keras", "tensorflow", "matplotlib"}
