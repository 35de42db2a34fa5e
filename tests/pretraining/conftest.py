import numpy as np
import pytest
from PIL import Image

COLOURS = {"sky": (60, 120, 230), "grass": (50, 180, 60), "brick": (200, 70, 40)}


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """Folder with three classes of 24 images each, of different colours."""
    folder = tmp_path_factory.mktemp("dataset")
    random = np.random.default_rng(0)
    for label, colour in COLOURS.items():
        (folder / label).mkdir()
        for number in range(24):
            pixels = random.normal(colour, 25, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder
