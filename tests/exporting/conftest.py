"""Models of every head to export, and pixels to run them on."""

import numpy as np
import pytest
from tests.prediction.scorers import affine, dense, neighbours

#: A head of each kind that there is.
SCORERS = {"affine": affine, "dense": dense, "neighbours": neighbours, "none": lambda: None}


@pytest.fixture(params=SCORERS)
def predictor(request, make_predictor):
    """A predictor with each kind of head in turn, and one with the network's own classes."""
    return make_predictor(SCORERS[request.param]())


@pytest.fixture(scope="session")
def pixels():
    """Noise of the size of the tiny network."""
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
