"""Set up an environment and show what headstart does: ``python scripts/try.py [IMAGE ...]``.

Without arguments it runs ``headstart demo``: the whole job on example images, in the folder
``headstart-demo``. With images or folders of your own it runs ``headstart predict`` on them; its
options (``--model resnet50 --top 3``) work here too.
"""

import os
import shlex
import sys
from pathlib import Path

import environment

VENV = environment.ROOT / ".venv"
HERE = Path()


def main() -> int:
    """Install headstart into ``.venv``, and run the demo or recognise the images given."""
    programs = environment.make(VENV, ".")
    if sys.argv[1:]:
        return environment.call(programs, "headstart", "predict", *sys.argv[1:], folder=HERE)
    status = environment.call(programs, "headstart", "demo", "--overwrite", folder=HERE)
    if not status:
        print(
            f"\nTo type such commands yourself, let your shell find headstart:\n$ {_find(programs)}"
        )
    return status


def _find(programs: Path) -> str:
    """Return what makes a shell look for commands in `programs`."""
    activate = programs / "activate"
    if activate.is_relative_to(Path.cwd()):
        activate = activate.relative_to(Path.cwd())
    return str(activate) if os.name == "nt" else f". {shlex.quote(str(activate))}"


if __name__ == "__main__":
    sys.exit(main())
