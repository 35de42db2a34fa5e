"""Images of two classes that any network can tell apart."""

import numpy as np
import pytest

from headstart.data.labelled_images import LabelledImages
from headstart.images.sources import as_source


@pytest.fixture
def images():
    """Twelve dark and twelve bright images, with numbers as labels."""
    shades = [20 + i for i in range(12)] + [200 + i for i in range(12)]
    return [np.full((40, 40, 3), shade, np.uint8) for shade in shades], [0] * 12 + [1] * 12


@pytest.fixture
def labelled(images):
    sources = [as_source(image, i) for i, image in enumerate(images[0])]
    return LabelledImages(sources, images[1], [0, 1])
