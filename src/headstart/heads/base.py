"""The base of all heads: a scikit-learn classifier that results in plain arrays."""

import abc
from collections.abc import Hashable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from headstart.errors import UsageError
from headstart.heads.labels import encode_labels
from headstart.prediction.scoring import AffineSoftmax, Scorer

Array = npt.NDArray[Any]
Codes = npt.NDArray[np.int64]
ClassWeight = str | Mapping[Hashable, float] | None


class Head(ClassifierMixin, BaseEstimator, abc.ABC):
    """A classifier on features. It computes in the type of the features, float32 or float64.

    A subclass stores its arguments, `class_weight` among them, and implements `_learn`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the probabilities' columns.
    scorer_ : Scorer
        The trained head as arrays, which makes probabilities without scikit-learn.
    n_features_in_ : int
    """

    class_weight: ClassWeight
    classes_: Array
    scorer_: Scorer
    n_features_in_: int

    def fit(self, X: Any, y: Any) -> Self:
        """Train the head.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : sequence of hashable, length n_samples
            The label of each sample.

        Returns
        -------
        Head
            Itself.

        Raises
        ------
        ValueError
            If the features are not finite numbers, the labels are fewer or more, or all the same.
        """
        features = validate_data(self, X, dtype=[np.float64, np.float32])
        classes, codes = encode_labels(y)
        check_consistent_length(features, codes)
        weights = class_weights(self.class_weight, classes, codes)
        self.classes_ = classes
        self.scorer_ = self._learn(features, codes, weights)
        return self

    @abc.abstractmethod
    def _learn(self, features: Array, codes: Codes, class_weights: Array) -> Scorer:
        """Return a scorer trained on features (n, d), classes (n,) and class weights (k,)."""

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities (n, n_classes) in the order of ``classes_``; rows sum to 1."""
        check_is_fitted(self)
        features = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.scorer_.probabilities(features)

    def predict(self, X: Any) -> Array:
        """Return the labels (n,) with the highest probability."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class AffineHead(Head):
    """A head of the form ``softmax(features @ W + b)``, which can become a part of the network."""

    scorer_: AffineSoftmax

    def affine(self) -> tuple[Array, Array]:
        """Return W (d, k) and b (k,). They include the standardisation of the features."""
        check_is_fitted(self)
        return self.scorer_.weights, self.scorer_.bias


def class_weights(
    class_weight: ClassWeight, classes: Array, codes: Codes
) -> npt.NDArray[np.float64]:
    """Return the weight of one sample of each class: float64 array (k,).

    "balanced" gives every class the same weight, whatever its number of images. That number tells
    how the images were collected, and seldom how common the class is where the model is used.
    """
    counts = np.bincount(codes, minlength=len(classes))
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, Mapping):
        return _given(class_weight, classes)
    if class_weight == "balanced":
        return len(codes) / (len(classes) * counts)
    raise UsageError(
        "class_weight must be 'balanced', None or a dict of label: weight. "
        f"Received: {class_weight!r}."
    )


def _given(class_weight: Mapping[Hashable, float], classes: Array) -> npt.NDArray[np.float64]:
    weights = np.array([class_weight.get(label, 1.0) for label in classes.tolist()], np.float64)
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise UsageError(f"Class weights must be above 0. Received: {dict(class_weight)}.")
    return weights
