"""Set up an environment and recognise pictures: ``python scripts/try.py [PICTURE OR FOLDER ...]``.

Without arguments it takes the two photos that scikit-learn carries. What follows is handed to
``headstart predict``, so ``--model resnet50 --top 3`` work here too.
"""

import subprocess
import sys

import environment

PHOTOS = (
    "import sklearn.datasets as d, os; print(os.path.join(os.path.dirname(d.__file__), 'images'))"
)


def main() -> int:
    """Install headstart into ``.venv`` and run its main job once."""
    programs = environment.make(environment.ROOT / ".venv", ".")
    arguments = sys.argv[1:]
    if not arguments:
        python = str(programs / "python")
        photos = subprocess.run([python, "-c", PHOTOS], capture_output=True, text=True, check=True)
        arguments = [photos.stdout.strip(), "--top", "3"]
    return environment.call(programs, "headstart", "predict", *arguments)


if __name__ == "__main__":
    sys.exit(main())
