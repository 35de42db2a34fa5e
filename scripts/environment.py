"""A virtual environment with headstart in it, made with nothing but Python.

Used by the other scripts; not a command of its own.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"


def make(folder: Path, *what: str) -> Path:
    """Create (or complete) the environment `folder`, install `what`, and return its ``bin``.

    `what` is given to ``pip install`` as it stands; versions come from ``constraints.txt``.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python runs this before pip can refuse it
        sys.exit(f"headstart needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not (folder / "pyvenv.cfg").is_file():
        print(f"Making the virtual environment {folder} ...", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    # Dependency groups need a pip newer than the one that Python 3.11 brings along.
    _pip(programs, "pip>=25.1")
    print("Installing headstart and what it needs ...", file=sys.stderr, flush=True)
    _pip(programs, "-c", str(CONSTRAINTS), *what)
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
    python = programs / ("python.exe" if os.name == "nt" else "python")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit("pip could not install what headstart needs; its message stands above.")
