import ast
import subprocess
import sys
from pathlib import Path

import pytest

from headstart import data

ROOT = Path(data.__file__).parents[3]


def imported_from_data(file):
    """Return the names that a module imports from headstart.data or a module in it."""
    imports = [
        node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)
    ]
    modules = [node for node in imports if f"{node.module}.".startswith("headstart.data.")]
    return {alias.name for node in modules for alias in node.names}


def test_all_names_exist_and_are_sorted():
    assert data.__all__ == sorted(data.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(data, name) for name in data.__all__)


@pytest.mark.parametrize("folder", ["src", "benchmarks", "recipes"])
def test_all_has_every_name_that_others_import(folder):
    files = [file for file in (ROOT / folder).rglob("*.py") if file.parent.name != "data"]
    if not files:
        pytest.skip("headstart is not in a checkout")
    used = {name for file in files for name in imported_from_data(file)}
    assert used <= set(data.__all__)


def test_importing_the_room_loads_no_optional_package():
    code = "import sys, headstart.data; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "PIL" in loaded
    assert not loaded & {"pyarrow", "pandas", "keras", "openvino", "sklearn", "matplotlib"}
