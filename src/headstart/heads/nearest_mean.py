"""Nearest class mean: one point for each class, and nothing else to train."""

import numpy as np

from headstart.heads.base import AffineHead, Array, ClassWeight, Codes
from headstart.heads.coordinates import principal_coordinates
from headstart.heads.temperature import best_sharpness
from headstart.prediction.scoring import AffineSoftmax


class NearestMeanHead(AffineHead):
    """Probabilities that fall with the squared distance from the mean of each class.

    ``p(c) ~ weight_c * n_c * exp(-factor * |x - mean_c|^2)`` on standardised features. With
    balanced weights only the distance counts. |x|^2 is the same for all classes and cancels, so
    this is an affine map and a softmax. The factor is fitted to the distance of each sample from
    means that leave it out.

    Parameters
    ----------
    class_weight : "balanced", dict or None, default="balanced"
        The weight of each class. "balanced" gives every class the same weight, None every sample.

    Attributes
    ----------
    means_ : ndarray of shape (n_classes, n_features)
        The mean of the features of each class.
    """

    means_: Array

    def __init__(self, *, class_weight: ClassWeight = "balanced") -> None:
        self.class_weight = class_weight

    def _learn(
        self, features: Array, codes: Codes, class_weights: Array, groups: Codes | None
    ) -> AffineSoftmax:
        weights = class_weights[codes]
        coordinates = principal_coordinates(features, weights)
        counts = np.bincount(codes)
        prior = np.log(class_weights * counts)
        means = _class_means(coordinates.values, codes)
        self.means_ = _class_means(features, codes).astype(features.dtype)
        linear = (2 * means.T).astype(features.dtype)
        constant = -np.square(means).sum(axis=1)
        lengths = np.einsum("ij,ij->i", coordinates.values, coordinates.values)
        scores = (
            coordinates.values @ linear.astype(coordinates.values.dtype)
            + constant
            - lengths[:, None]
        )
        own = _own_scores(coordinates.values, means, codes, groups)
        sharpness = _sharpness(scores, own, codes, weights, prior)
        return AffineSoftmax(
            *coordinates.to_features(sharpness * linear, sharpness * constant + prior)
        )


def _class_means(values: Array, codes: Codes) -> Array:
    counts = np.bincount(codes)
    members = np.eye(len(counts), dtype=values.dtype)[codes]
    return (members.T @ values) / counts[:, None]


def _own_scores(values: Array, means: Array, codes: Codes, groups: Codes | None) -> Array:
    """Return the score (n,) of each sample's class without the sample's group in the class's mean.

    NaN where no other group of the class is left.
    """
    groups = np.arange(len(codes)) if groups is None else groups
    keys = groups * len(means) + codes
    first, part, sizes = np.unique(keys, return_inverse=True, return_counts=True)[:3]
    sums = np.zeros((len(first), values.shape[1]))
    np.add.at(sums, part, values)
    counts = np.bincount(codes)[codes]
    left = (counts - sizes[part]).astype(np.float64)
    left[left == 0] = np.nan
    without = (means[codes] * counts[:, None] - sums[part]) / left[:, None]
    return -np.square(values - without).sum(axis=1)


def _sharpness(scores: Array, own: Array, codes: Codes, weights: Array, prior: Array) -> float:
    """Fit the factor to the scores that samples have without a part in their class's mean."""
    tested = np.isfinite(own)
    if not tested.any():
        return 1 / (float(-scores.min()) or 1.0)
    left_out = scores.astype(np.float64)
    left_out[np.arange(len(codes)), codes] = own
    # Distances grow with the number of features. The search expects a spread of about 1.
    typical = float(-own[tested].mean()) or 1.0
    factor, _ = best_sharpness(left_out[tested] / typical, codes[tested], weights[tested], prior)
    return factor / typical
