"""Evidence of small datasets that are made in memory."""

import io

import numpy as np
import pytest
from PIL import Image

from headstart.checking.evidence import Evidence
from headstart.data.labelled_images import LabelledImages, sorted_classes
from headstart.duplicates.profiling import profiles
from headstart.images.sources import BytesSource


def photo(seed, size=(64, 48), colour=None):
    """Return an image with structure of its own, as it is after decoding."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    if colour is not None:
        coarse = (coarse // 4 + np.array(colour) * 3 // 4).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def encoded(image, kind="PNG", **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def as_evidence(files, labels, *, split=None, features=None, names=None):
    """Return the evidence of image files in memory."""
    names = names or [f"{label}/{n}.png" for n, label in enumerate(labels)]
    sources = [BytesSource(name, data) for name, data in zip(names, files, strict=True)]
    dataset = LabelledImages(sources, labels, sorted_classes(labels), split)
    return Evidence.of(dataset, profiles(sources, workers=1), features)


@pytest.fixture
def two_classes():
    """Thirty images in each of two classes, with features that tell the classes apart."""
    files = [encoded(photo(seed)) for seed in range(60)]
    labels = ["cat"] * 30 + ["dog"] * 30
    random = np.random.default_rng(0)
    features = random.normal(0, 0.3, (60, 8)).astype(np.float32)
    features[:30, 0] += 2
    features[30:, 1] += 2
    return files, labels, features
