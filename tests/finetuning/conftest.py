from functools import partial

import numpy as np
import pytest
from PIL import Image

COLOURS = {"sky": (60, 120, 230), "grass": (50, 180, 60), "brick": (200, 70, 40)}


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """Folder with three classes of 20 images each, whose colours overlap a little."""
    folder = tmp_path_factory.mktemp("dataset")
    random = np.random.default_rng(0)
    grey = np.array((120, 120, 120))
    for label, colour in COLOURS.items():
        (folder / label).mkdir()
        for number in range(20):
            shade = grey + (np.array(colour) - grey) * random.uniform(0, 0.3)
            pixels = random.normal(shade, 50, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def shared_cache(once):
    """A cache for all processes of these tests: one conversion of the network serves them all."""
    return once("finetuning-cache", lambda _: None)[1]


@pytest.fixture(scope="session")
def python(python, shared_cache):
    """Return a way to run Python with Keras on TensorFlow, in a process of its own."""
    return partial(python, HEADSTART_CACHE=str(shared_cache))
