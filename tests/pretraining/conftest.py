import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

KINDS = {"sky": (60, 120, 230), "grass": (50, 180, 60), "brick": (200, 70, 40)}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Folder with three kinds of 24 pictures each, which their colours tell apart."""
    folder = tmp_path_factory.mktemp("kinds")
    random = np.random.default_rng(0)
    for kind, colour in KINDS.items():
        (folder / kind).mkdir()
        for number in range(24):
            pixels = random.normal(colour, 25, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def python():
    """Return a way to run Python with Keras on TensorFlow, in a process of its own."""

    def run(*words, **settings):
        return subprocess.run(
            [sys.executable, *map(str, words)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow"} | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
