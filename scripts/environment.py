"""A virtual environment with headstart in it, made with nothing but Python.

Used by the other scripts; not a command of its own.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
# All but "gpu", whose torch takes several GB on Linux.
EXTRAS = (
    *("check", "dicom", "finetune", "heic", "int8", "litert", "onnx", "pandas", "parquet", "text"),
    "tiff",
)


def make(folder: Path, *what: str) -> Path:
    """Create (or complete) the environment `folder`, install `what`, and return its ``bin``.

    `what` is given to ``pip install`` as it stands; versions come from ``constraints.txt``.
    """
    programs = _create(folder)
    print("Installing headstart and what it needs ...", file=sys.stderr, flush=True)
    _pip(programs, "-c", str(CONSTRAINTS), *what)
    return programs


def make_lowest(folder: Path, extras: Sequence[str], *groups: str) -> Path:
    """Create the environment `folder` with the lowest versions that headstart asks for.

    The dependencies and `extras` in ``pyproject.toml`` get their lowest versions. What they need in
    turn and the dependency groups `groups` get the newest that fit. pip can't choose the lowest
    versions, so this installs uv into the environment.
    """
    programs = _create(folder)
    python, lowest = str(_python(programs)), str(folder / "lowest.txt")
    _pip(programs, "uv>=0.8")
    uv = (str(programs / "uv"), "pip")
    print("Installing headstart and the lowest versions that it asks for ...", file=sys.stderr)
    compile_ = ("compile", "--quiet", "--resolution", "lowest-direct", "--python", python)
    named = (f"--extra={extra}" for extra in extras)
    _run(*uv, *compile_, *named, "--output-file", lowest, "pyproject.toml")
    install = ("install", "--quiet", "--python", python)
    _run(*uv, *install, "--requirements", lowest, *(f"--group={group}" for group in groups))
    _run(*uv, *install, "--no-deps", "--reinstall", ".")
    return programs


def _create(folder: Path) -> Path:
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python runs this before pip can refuse it
        sys.exit(f"headstart needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not (folder / "pyvenv.cfg").is_file():
        print(f"Making the virtual environment {folder} ...", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True)
    programs = folder.absolute() / ("Scripts" if os.name == "nt" else "bin")
    # Dependency groups need a pip newer than the one that Python 3.11 brings along.
    _pip(programs, "pip>=25.1")
    return programs


def call(programs: Path, name: str, *arguments: str, folder: Path = ROOT) -> int:
    """Run a program of the environment in `folder`; return its exit status."""
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    program = str(programs / name) + (".exe" if os.name == "nt" else "")
    print("$", name, *arguments, file=sys.stderr, flush=True)
    environment = {**os.environ, "PATH": path}
    done = subprocess.run([program, *arguments], cwd=folder, env=environment, check=False)
    return done.returncode


def _pip(programs: Path, *arguments: str) -> None:
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(str(_python(programs)), *pip, *arguments)


def _python(programs: Path) -> Path:
    return programs / ("python.exe" if os.name == "nt" else "python")


def _run(*command: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit("Could not install what headstart needs; the message stands above.")
