"""One scorer of each kind, with random numbers in it."""

import itertools

import numpy as np

from headstart.prediction.scoring import AffineSoftmax, DenseSoftmax, Layer, NeighbourVotes, unit


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
