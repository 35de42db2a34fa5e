"""A saved model to look at, and one to damage."""

import itertools
import shutil

import numpy as np
import pytest

from headstart.data import Resize
from headstart.features.precision import PrecisionChoice
from headstart.model import TrainingData, save_model
from headstart.prediction.scoring import AffineSoftmax, DenseSoftmax, Layer, NeighbourVotes, unit

CLASSES = ("cat", "dog", "other")


def affine(n_features=16, n_classes=3):
    random = np.random.default_rng(0)
    weights = random.standard_normal((n_features, n_classes)).astype(np.float32)
    return AffineSoftmax(weights, random.standard_normal(n_classes).astype(np.float32))


def dense(n_features=16, n_classes=3, activation="relu"):
    random = np.random.default_rng(0)
    widths = (n_features, 8, 6, n_classes)
    return DenseSoftmax(
        [
            Layer(
                random.standard_normal(shape).astype(np.float32),
                random.standard_normal(shape[1]).astype(np.float32),
                "linear" if shape[1] == n_classes else activation,
            )
            for shape in itertools.pairwise(widths)
        ]
    )


def neighbours(n_features=16, n_classes=3):
    random = np.random.default_rng(0)
    examples = unit(random.standard_normal((12, n_features)).astype(np.float32))
    codes = np.arange(12) % n_classes
    return NeighbourVotes(
        np.full(n_features, 0.5, np.float32),
        examples,
        codes,
        np.ones(n_classes, np.float32),
        1.5,
        3,
    )


@pytest.fixture(scope="session")
def save(tiny_network):
    """Save a model: ``save(folder, scorer=..., classes=..., ...)``."""

    def save_to(folder, **changes):
        settings = {
            "network": tiny_network,
            "resize": Resize("pad", 32, 32),
            "precision": PrecisionChoice("f32", "as asked for"),
            "scorer": affine(),
            "classes": CLASSES,
            "head": "logistic",
            "training": TrainingData((5, 7, 3), 1),
            "evaluation": {"accuracy": 0.9, "interval": [0.8, 0.95], "n_test": 20},
            "extras": {},
            "overwrite": False,
        }
        return save_model(folder, **settings | changes)

    return save_to


@pytest.fixture(scope="session")
def model_folder(save, tmp_path_factory):
    """A whole saved model; not to be changed."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    save(folder)
    return folder


@pytest.fixture
def copied(model_folder, tmp_path):
    """A copy of it that may be changed."""
    return shutil.copytree(model_folder, tmp_path / "copied")
