"""Set up an environment and pass the tests: ``python scripts/test.py [--checks] [PYTEST ...]``.

Builds the wheel, installs it (not the checkout) with all extras, and runs pytest against it;
``--checks`` runs the linters and the type checker first. What follows is handed to pytest:
``-m slow`` or ``-m real_data`` select the tests that the plain suite leaves out.
"""

import argparse
import sys
from pathlib import Path

import environment

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)


def main() -> int:
    """Install, check, test; return the first exit status that is not zero."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=environment.ROOT / ".venv-test")
    parser.add_argument("--checks", action="store_true", help="lint and type-check first")
    options, pytest_arguments = parser.parse_known_args()
    groups = [f"--group={name}" for name in ("test", *(["lint"] if options.checks else []))]
    wheel = ("--force-reinstall", "--no-deps", ".")
    programs = environment.make(options.venv, ".[finetune,pandas,parquet]", *groups)
    programs = environment.make(options.venv, *wheel)
    for check in CHECKS if options.checks else ():
        if status := environment.call(programs, *check):
            return status
    return environment.call(programs, "pytest", *(pytest_arguments or ["-n", "auto"]))


if __name__ == "__main__":
    sys.exit(main())
