"""Class activation maps: what each place of the feature map adds to the score of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.features.compiling import compile_network
from headstart.networks.classifier_layer import classifier_layer
from headstart.prediction.scoring import AffineSoftmax, softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from headstart.prediction.predictor import Predictor

    Array = NDArray[np.float32]

# How far two ways to the same values may be apart, relative to their length: rounding of bfloat16
# and 8 bits included.
_ROUNDING = 0.02


def _from_means(feature_map: Array, weights: Array) -> Array:
    height, width, _ = feature_map.shape
    return feature_map @ weights / np.float32(height * width)


def _from_maxima(feature_map: Array, weights: Array) -> Array:
    places = feature_map.reshape(-1, feature_map.shape[2])
    largest = places.argmax(axis=0)
    added = np.zeros(len(places), np.float32)
    np.add.at(added, largest, places.max(axis=0) * weights)
    return added.reshape(feature_map.shape[:2])


def _from_all(feature_map: Array, weights: Array) -> Array:
    return (feature_map * weights.reshape(feature_map.shape)).sum(axis=2)


# For each pooling: the features of a feature map (height, width, channels), and what each place
# adds to the sum of features times weights. A mean is shared by all places alike, a maximum
# belongs to the place where it is.
_POOLINGS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "avg": (lambda feature_map: feature_map.mean(axis=(0, 1)), _from_means),
    "max": (lambda feature_map: feature_map.max(axis=(0, 1)), _from_maxima),
    "flatten": (lambda feature_map: feature_map.ravel(), _from_all),
}


@dataclass(frozen=True, slots=True, eq=False)
class ActivationMaps:
    """The class activation maps of a predictor whose head is linear.

    The score of a class is the sum of its map plus a bias: nothing is approximated, and no
    gradient is needed. With features that are the means of the feature map this is the class
    activation map of Zhou et al. 2016, "Learning deep features for discriminative localization",
    which is Grad-CAM (Selvaraju et al. 2017) before negative values are cut off.

    Attributes
    ----------
    weights : ndarray of float32, shape (n_features, n_classes)
    bias : ndarray of float32, shape (n_classes,)
    pooling : {"avg", "max", "flatten"}
        How the features come from the feature map.
    """

    weights: Array
    bias: Array
    pooling: str

    def __call__(self, feature_map: Array, place: int) -> Array:
        """Return what each place of a feature map adds to the score of class number `place`.

        Parameters
        ----------
        feature_map : ndarray of float32, shape (height, width, channels)
        place : int

        Returns
        -------
        ndarray of float32, shape (height, width)
            Its sum and ``bias[place]`` are the score, whose softmax is the probability.
        """
        _, added = _POOLINGS[self.pooling]
        return added(feature_map, self.weights[:, place])


def activation_maps(predictor: Predictor) -> ActivationMaps | None:
    """Return the activation maps of a predictor; None if its scores are no sum over places.

    Nothing is taken for granted: the network runs on one image of noise, whose feature map must
    give the features, and for a network with a classifier of its own the features its
    probabilities.
    """
    layer = _last_layer(predictor)
    shape = predictor.network.outputs.get("feature_map")
    # A map of one place tells of no place.
    if layer is None or shape is None or shape[:2] == (1, 1):
        return None
    outputs = ["features", "feature_map"]
    if predictor.scorer is None:
        outputs.append("probabilities")
    engine = compile_network(
        predictor.network,
        precision=predictor.extractor.precision.precision,
        outputs=outputs,
        threads=predictor.extractor.threads,
    )
    noise = np.random.default_rng(0).integers(0, 256, (1, *predictor.network.size, 3), np.uint8)
    found = {name: values[0] for name, values in engine.infer(noise).items()}
    weights, bias = layer
    features = found["features"]
    if predictor.scorer is None and (
        features.shape != weights.shape[:1]
        or not _agree(softmax((features @ weights + bias)[None])[0], found["probabilities"])
    ):
        return None
    for pooling, (pooled, _) in _POOLINGS.items():
        if _agree(pooled(found["feature_map"]), features):
            return ActivationMaps(weights, bias, pooling)
    return None


def _last_layer(predictor: Predictor) -> tuple[Array, Array] | None:
    """Return weights and bias of a linear head, or of the network's own last layer."""
    if predictor.scorer is None:
        return classifier_layer(predictor.network)
    if not isinstance(predictor.scorer, AffineSoftmax):
        return None
    head = predictor.scorer
    return head.weights.astype(np.float32), head.bias.astype(np.float32)


def _agree(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    return bool(np.linalg.norm(one - other) <= _ROUNDING * np.linalg.norm(other))
