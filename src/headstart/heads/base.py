"""The base of all heads: a scikit-learn classifier that results in plain arrays."""

import abc
import math
from collections.abc import Collection, Hashable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from headstart.arguments import check_parameters
from headstart.data.labels import listed
from headstart.errors import UsageError
from headstart.heads.labels import encode_labels
from headstart.prediction.scoring import AffineSoftmax, Scorer

Array = npt.NDArray[Any]
Codes = npt.NDArray[np.int64]
Groups = npt.ArrayLike | None
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

    def fit(self, X: Any, y: Any, groups: Groups = None) -> Self:
        """Train the head.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : sequence of hashable, length n_samples
            The label of each sample.
        groups : array of shape (n_samples,), optional
            The group of each sample, such as copies of one image. Wherever the head predicts
            training samples by others to choose its settings, none of these is of the same group.
            The default is that each sample is its own group.

        Returns
        -------
        Head
            Itself.

        Raises
        ------
        ValueError
            If the features are not finite numbers, the labels are fewer or more, or all the same.
        """
        check_parameters(self)
        features = validate_data(self, X, dtype=[np.float64, np.float32])
        classes, codes = encode_labels(y)
        check_consistent_length(features, codes, groups)
        weights = class_weights(self.class_weight, classes, codes)
        self.classes_ = classes
        self.scorer_ = self._learn(features, codes, weights, group_numbers(groups))
        return self

    def check_ready(self) -> None:
        """Refuse, before features are computed, what `fit` would refuse for want of a package."""

    @abc.abstractmethod
    def _learn(
        self, features: Array, codes: Codes, class_weights: Array, groups: Codes | None
    ) -> Scorer:
        """Return a scorer trained on features (n, d), classes (n,) and class weights (k,).

        `groups` (n,) are numbers from 0; None if each sample is its own group.
        """

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


def group_numbers(groups: Groups) -> Codes | None:
    """Return groups (n,) as numbers from 0; None if each sample is its own group."""
    if groups is None:
        return None
    names, numbers = np.unique(np.asarray(groups), return_inverse=True)
    return None if len(names) == len(numbers) else numbers.astype(np.int64)


def class_weights(
    class_weight: ClassWeight, classes: Array, codes: Codes
) -> npt.NDArray[np.float64]:
    """Return the weight of one sample of each class: float64 array (k,).

    "balanced" gives every class the same weight, whatever its number of images. That number tells
    how the images were collected, and seldom how common the class is where the model is used.
    """
    check_class_weight(class_weight, classes.tolist())
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, Mapping):
        return np.array([class_weight.get(label, 1.0) for label in classes.tolist()], np.float64)
    counts = np.bincount(codes, minlength=len(classes))
    return len(codes) / (len(classes) * counts)


def check_class_weight(class_weight: object, classes: Collection[Hashable]) -> None:
    """Refuse class weights that can't be used; classes without a weight have the weight 1.

    Raises
    ------
    UsageError
        If they are not "balanced", None or a mapping; a key is none of the classes; or a weight is
        not a number above 0.
    """
    if class_weight is None or (isinstance(class_weight, str) and class_weight == "balanced"):
        return
    if not isinstance(class_weight, Mapping):
        raise UsageError(
            "class_weight must be 'balanced', None or a dict of label: weight. "
            f"Received: {class_weight!r}."
        )
    unknown = [label for label in class_weight if label not in set(classes)]
    if unknown:
        raise UsageError(
            f"Each key of class_weight must be one of the classes: {listed(list(classes))}. "
            f"Received: {listed(unknown)}. Classes that are not named have the weight 1."
        )
    for label, weight in class_weight.items():
        if not _is_positive(weight):
            raise UsageError(
                f"Class weights must be numbers above 0. Received: {weight!r} for {label!r}."
            )


def _is_positive(weight: object) -> bool:
    is_number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
    return is_number and bool(0 < weight < math.inf)  # type: ignore[operator]
