"""A saved model to read, and a copy to damage."""

import shutil

import pytest
from tests.prediction.scorers import affine

from headstart.features.extractor import FeatureExtractor
from headstart.features.precision import PrecisionChoice
from headstart.images.resizing import Resize
from headstart.model import TrainingData, save_model
from headstart.prediction.labels import user_classes
from headstart.prediction.predictor import Predictor

CLASSES = ("cat", "dog", "other")


@pytest.fixture(scope="session")
def save(tiny_network):
    """Save a model: ``save(folder, scorer=..., classes=..., ...)``."""

    def save_to(folder, **changes):
        made_of = {
            "network": tiny_network,
            "resize": Resize("pad", 32, 32),
            "precision": PrecisionChoice("f32", "as asked for"),
            "scorer": affine(),
            "classes": CLASSES,
            "training_hashes": None,
        }
        settings = {
            "head": "logistic",
            "training": TrainingData((5, 7, 3), unreadable=1, fingerprint="f" * 64),
            "evaluation": {"accuracy": 0.9, "interval": [0.8, 0.95], "n_test": 20},
            "extras": {},
            "version": "1",
            "overwrite": False,
        }
        made_of |= {name: changes.pop(name) for name in made_of.keys() & changes.keys()}
        extractor = FeatureExtractor(made_of["network"], made_of["resize"], made_of["precision"])
        classes = user_classes(made_of["classes"])
        predictor = Predictor(
            "tiny",
            extractor,
            classes,
            made_of["scorer"],
            training_hashes=made_of["training_hashes"],
        )
        return save_model(folder, predictor, **settings | changes)

    return save_to


@pytest.fixture(scope="session")
def model_folder(save, tmp_path_factory):
    """A saved model that no test may change."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    save(folder)
    return folder


@pytest.fixture
def copied(model_folder, tmp_path):
    """A copy of it that the test may change."""
    return shutil.copytree(model_folder, tmp_path / "copied")
