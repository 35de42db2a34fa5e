"""Photos, and a way to put them through the tiny network."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

N_PHOTOS = 12


def make_photo(seed: int, side: int = 48) -> Image.Image:
    """Return smooth coloured noise: like a photo, no two images have the same features."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BILINEAR)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Twelve different images in a folder, in the order of their names."""
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [folder / f"{seed:02}.png" for seed in range(N_PHOTOS)]
    for seed, path in enumerate(paths):
        make_photo(seed).save(path)
    return paths
