"""Images that a tiny network with random weights can tell apart."""

import numpy as np
import pytest
from PIL import Image


def photo(kind, seed):
    """Noise on a ground of the kind's colour: uint8 (48, 64, 3)."""
    random = np.random.default_rng([seed, len(kind)])
    colour = {"red": (200, 60, 50), "green": (70, 190, 60), "blue": (60, 70, 200)}[kind]
    return np.clip(random.normal(colour, 40, (48, 64, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photos():
    """36 images as arrays, and their labels."""
    labels = ["red", "green", "blue"] * 12
    return [photo(label, seed) for seed, label in enumerate(labels)], labels


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory, photos):
    """The same as class folders of PNG files."""
    folder = tmp_path_factory.mktemp("photos")
    for number, (pixels, label) in enumerate(zip(*photos, strict=True)):
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{number:02}.png")
    return folder
