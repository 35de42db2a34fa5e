"""Set up an environment and pass the tests: ``python scripts/test.py [options] [PYTEST ...]``.

Builds the wheel, installs it (not the checkout) with all extras but "gpu", and runs pytest against
it. ``--torch`` installs that extra, too, and others' networks to compare with; without it, tests
that need them are skipped. ``--checks`` runs the linters and the type checker first. ``--lowest``
installs the lowest versions that pyproject.toml allows, not those in constraints.txt. Other
arguments go to pytest: ``-m slow`` or ``-m real_data`` select the tests that the plain suite leaves
out.
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
    parser.add_argument("--venv", type=Path, help="default: .venv-test, or .venv-lowest")
    parser.add_argument("--checks", action="store_true", help="lint and type-check first")
    parser.add_argument("--lowest", action="store_true", help="the lowest versions allowed")
    parser.add_argument("--torch", action="store_true", help="torch, too: several GB on Linux")
    options, pytest_arguments = parser.parse_known_args()
    groups = (
        "test",
        *(("lint",) if options.checks else ()),
        # What these compare needs torch.
        *(("interop",) if options.torch else ()),
    )
    folder = options.venv or environment.ROOT / (".venv-lowest" if options.lowest else ".venv-test")
    extras = (*environment.EXTRAS, *(("gpu",) if options.torch else ()))
    if options.lowest:
        programs = environment.make_lowest(folder, extras, *groups)
    else:
        grouped = (f"--group={group}" for group in groups)
        environment.make(folder, f".[{','.join(extras)}]", *grouped)
        programs = environment.make(folder, "--force-reinstall", "--no-deps", ".")
    for check in CHECKS if options.checks else ():
        if status := environment.call(programs, *check):
            return status
    return environment.call(programs, "pytest", *(pytest_arguments or ["-n", "auto"]))


if __name__ == "__main__":
    sys.exit(main())
