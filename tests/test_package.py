"""What `import headstart` offers, and what it leaves alone."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import headstart
from headstart import errors
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


#: What ``from headstart import *`` brings.
PUBLIC = vars(headstart)["__all__"]


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def imported_for_type_checkers() -> dict[str, str]:
    """Return the names that `headstart` imports for type checkers, with their modules."""
    tree = ast.parse(inspect.getsource(headstart))
    checking = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    return {
        alias.name: statement.module
        for node in checking
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_the_public_names_are_closed_sorted_and_imported_from_one_place():
    imported = imported_for_type_checkers()
    assert PUBLIC == list(headstart._HOMES) == sorted(imported)
    assert imported == {name: f"headstart.{home}" for name, home in headstart._HOMES.items()}
    for name in PUBLIC:
        assert getattr(headstart, name).__name__.rpartition(".")[2] == name


def test_every_error_is_public():
    raised = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert raised <= set(PUBLIC)


def test_dir_shows_the_public_names_and_nothing_else():
    import headstart.jobs.predict

    shown = [name for name in dir(headstart) if not name.startswith("__")]
    assert shown == PUBLIC


def test_the_backbones_are_listed_whatever_was_imported_before():
    code = (
        "import headstart as hs\n"
        "first = hs.backbones()\n"
        "import headstart.backbones.row\n"
        "assert hs.backbones() == first\n"
        "print(first[0].name)"
    )
    for before in ("", "import headstart.backbones.catalogue\n"):
        command = [sys.executable, "-c", before + code]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == headstart.backbones()[0].name


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        headstart.nothing  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import headstart",
        "from headstart.cli.main import main, parser\nparser().format_help()",
        *(
            f"from headstart.cli import {command}, parser\n"
            f"parser.CommandParser({command}, full=True).format_help()"
            for command in COMMANDS
        ),
    ],
)
def test_importing_and_help_load_nothing_heavy(statement):
    assert not loaded_after(statement) & {*HEAVY, "numpy"}


def test_the_first_help_loads_no_command_and_no_logging():
    # What was there before, such as the measuring of coverage, is not headstart's.
    code = "import sys\nbefore = set(sys.modules)\nfrom headstart.cli.main import parser\n"
    code += "parser().format_help()\nprint(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in run.stdout.split() if name.startswith("headstart.cli.")}
    assert loaded == {f"headstart.cli.{name}" for name in ("main", "streams")}
    assert not {"logging", "signal", "inspect", "difflib"} & set(run.stdout.split())


def test_reading_loads_no_optional_package():
    """Any module of the rooms that read images and datasets may be imported without them."""
    source = Path(headstart.__file__).parent
    names = [
        f"headstart.{room}.{path.stem}"
        for room in ("images", "data")
        for path in (source / room).glob("[!_]*.py")
    ]
    loaded = loaded_after(f"import {', '.join(names)}")
    optional = {"pydicom", "pillow_heif", "tifffile", "pyarrow", "pandas"}
    assert "PIL" in loaded
    assert not loaded & (optional | {"keras", "openvino", "sklearn", "matplotlib"})


def test_predicting_needs_neither_keras_nor_scikit_learn():
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


def test_predicting_loads_no_readers_of_datasets():
    code = "import sys, headstart.jobs.predict, headstart.model\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unneeded = {f"headstart.data.{name}" for name in ("datasets", "class_folders", "tables")}
    assert not unneeded & set(run.stdout.split())


def test_training_loads_no_gradient_backend_nor_plots():
    loaded = loaded_after("import headstart.jobs.train, headstart.classifier")
    assert not loaded & {"keras", "tensorflow", "matplotlib"}
