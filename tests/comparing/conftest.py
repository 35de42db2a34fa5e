import numpy as np
import pytest

from headstart.images.sources import as_source


@pytest.fixture
def noise():
    """Forty images whose brightness tells their class, with one before them that is broken."""
    random = np.random.default_rng(0)
    labels = ["dark", "bright"] * 20
    images = [
        random.integers(0, 120, (32, 48, 3), np.uint8) + np.uint8(130 * (label == "bright"))
        for label in labels
    ]
    return [as_source(b"broken", 0), *map(as_source, images, range(1, 41))], ["dark", *labels]
