"""From features to probabilities: a fitted head as plain arrays, without scikit-learn."""

import abc
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

# Similarities that are computed at a time: 64 MiB of float32, however large the data are.
_BLOCK = 2**24


class Scorer(abc.ABC):
    """A fitted head without the library that fitted it: NumPy arrays in, probabilities out."""

    kind: ClassVar[str]
    #: The dense layers before the softmax; empty if it does not consist of layers.
    layers: tuple["Layer", ...] = ()

    @abc.abstractmethod
    def probabilities(self, features: Array) -> Array:
        """Return the probabilities (n, n_classes) for `features` (n, d). Each row sums to 1."""

    @abc.abstractmethod
    def arrays(self) -> Arrays:
        """Return the arrays from which `from_arrays` makes the same scorer."""

    @classmethod
    @abc.abstractmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from the arrays that `arrays` returned.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or the shapes do not fit together.
        """

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, int]:
        """Number of features, number of classes."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A dense layer: ``activation(inputs @ weights + bias)``.

    Attributes
    ----------
    weights : ndarray of float, shape (n_inputs, n_units)
    bias : ndarray of float, shape (n_units,)
    activation : str
        A name in `ACTIVATIONS`.
    """

    weights: Array
    bias: Array
    activation: str = "linear"


def _relu(values: Array) -> Array:
    return np.maximum(values, 0)


def _sigmoid(values: Array) -> Array:
    # The hyperbolic tangent does not overflow, as exp(-values) would.
    return 0.5 * (1 + np.tanh(0.5 * values))


def _silu(values: Array) -> Array:
    return values * _sigmoid(values)


def _elu(values: Array) -> Array:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


#: The activations of layers, under Keras's names.
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": np.asarray,
    "relu": _relu,
    "elu": _elu,
    "silu": _silu,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}


class DenseSoftmax(Scorer):
    """Dense layers, one after the other, and a softmax.

    Parameters
    ----------
    layers : sequence of Layer
        At least one. The activation of the last one is linear.
    """

    kind: ClassVar[str] = "dense_softmax"

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers or layers[-1].activation != "linear":
            raise ValueError(
                "there must be a layer, and the activation of the last one must be linear"
            )
        for layer in layers:
            if layer.activation not in ACTIVATIONS:
                raise ValueError(f"there is no activation {layer.activation!r}")
            if layer.weights.ndim != 2 or layer.bias.shape != layer.weights.shape[1:]:
                raise ValueError(
                    "weights must be (inputs, units) and bias (units,). "
                    f"Received: {layer.weights.shape} and {layer.bias.shape}"
                )
        for layer, after in itertools.pairwise(layers):
            if layer.weights.shape[1] != after.weights.shape[0]:
                raise ValueError(f"{after.weights.shape} can't follow {layer.weights.shape}")
        self.layers = tuple(layers)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of features, number of classes."""
        return self.layers[0].weights.shape[0], self.layers[-1].weights.shape[1]

    def probabilities(self, features: Array) -> Array:
        """Return the probabilities (n, n_classes) for `features` (n, d)."""
        for layer in self.layers:
            features = ACTIVATIONS[layer.activation](features @ layer.weights + layer.bias)
        return softmax(features)

    def arrays(self) -> Arrays:
        """Return the weights and biases of each layer, and the names of the activations."""
        found = {"activations": np.array([layer.activation for layer in self.layers])}
        for i, layer in enumerate(self.layers):
            found |= {f"weights_{i}": layer.weights, f"bias_{i}": layer.bias}
        return found

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from what `arrays` returned."""
        activations = arrays["activations"].tolist()
        return cls(
            [
                Layer(arrays[f"weights_{i}"], arrays[f"bias_{i}"], activation)
                for i, activation in enumerate(activations)
            ]
        )


class AffineSoftmax(DenseSoftmax):
    """``softmax(features @ weights + bias)``: one dense layer.

    Parameters
    ----------
    weights : ndarray of float, shape (d, n_classes)
        Any standardisation of the features is folded in.
    bias : ndarray of float, shape (n_classes,)
    """

    kind: ClassVar[str] = "affine_softmax"

    def __init__(self, weights: Array, bias: Array) -> None:
        super().__init__([Layer(weights, bias)])
        self.weights, self.bias = weights, bias

    def arrays(self) -> Arrays:
        """Return ``weights`` and ``bias``."""
        return {"weights": self.weights, "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from ``weights`` and ``bias``."""
        return cls(arrays["weights"], arrays["bias"])


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourVotes(Scorer):
    """Votes of the `n_neighbors` training images that are most similar to an image.

    Similarity is the cosine of the angle at `centre`. The features of a rectified network all point
    into one corner of the space, so this works far better than the angle at the origin.

    The share of a class is that of its votes, with one more vote divided among all classes
    (Laplace's rule), so that no class is ever called impossible. Probabilities are the shares to
    the power of `sharpness`, scaled to a sum of 1.

    Attributes
    ----------
    centre : ndarray of float, shape (d,)
        The mean of the training features.
    examples : ndarray of float, shape (n, d)
        The training features minus `centre`, each scaled to length 1.
    codes : ndarray of int, shape (n,)
        The class of each example, 0 ... n_classes - 1.
    votes : ndarray of float, shape (n_classes,)
        How much one neighbour of each class counts.
    sharpness : float
        Above 1 if the majority is right more often than its share says.
    n_neighbors : int
        How many neighbours vote.
    """

    kind: ClassVar[str] = "neighbour_votes"

    centre: Array
    examples: Array
    codes: Array
    votes: Array
    sharpness: float
    n_neighbors: int

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        fits = (
            self.examples.ndim == 2
            and self.centre.shape == self.examples.shape[1:]
            and self.votes.ndim == 1
            and self.codes.shape == self.examples.shape[:1]
            and 1 <= self.n_neighbors <= len(self.examples)
            and self.codes.min() >= 0
            and self.codes.max() < len(self.votes)
        )
        if not fits:
            raise ValueError(
                "examples must be (n, features), centre (features,), codes (n,) below the number "
                f"of votes, n_neighbors between 1 and n. Received: {self.examples.shape}, "
                f"{self.centre.shape}, {self.codes.shape}, {self.votes.shape}, {self.n_neighbors}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of features, number of classes."""
        return self.examples.shape[1], len(self.votes)

    def probabilities(self, features: Array) -> Array:
        """Return the probabilities (n, n_classes) for `features` (n, d)."""
        near = nearest(unit(features - self.centre), self.examples, self.n_neighbors)
        shares = log_shares(self.codes[near], self.votes)
        return softmax(np.asarray(self.sharpness, shares.dtype) * shares)

    def arrays(self) -> Arrays:
        """Return every attribute by its name."""
        return {each.name: np.asarray(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from what `arrays` returned."""
        found: dict[str, Any] = {each.name: arrays[each.name] for each in fields(cls)}
        found["sharpness"] = float(found["sharpness"].item())
        found["n_neighbors"] = int(found["n_neighbors"].item())
        return cls(**found)


SCORERS: dict[str, type[Scorer]] = {
    scorer.kind: scorer for scorer in (AffineSoftmax, DenseSoftmax, NeighbourVotes)
}


def softmax(logits: Array) -> Array:
    """Return ``exp(logits)``, each row divided by its sum, without overflow."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def unit(features: Array) -> Array:
    """Return each row divided by its length. A row of zeros stays as it is."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(length > 0, length, 1)


def nearest(queries: Array, examples: Array, count: int) -> Array:
    """Return the numbers (n, count) of the examples that are most similar to each query, in order.

    The rows of both have length 1. Works block by block, so that memory does not grow with n.
    """
    rows = max(1, _BLOCK // len(examples))
    blocks = [queries[start : start + rows] for start in range(0, max(1, len(queries)), rows)]
    return np.concatenate([_largest(block @ examples.T, count) for block in blocks])


def _largest(similarities: Array, count: int) -> Array:
    some = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
    # Of equally similar examples the first comes first, so that the result is always the same.
    some.sort(axis=1)
    order = np.argsort(-np.take_along_axis(similarities, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def log_shares(codes: Array, votes: Array) -> Array:
    """Return log shares (n, n_classes) of the classes for which neighbours `codes` (n, k) vote."""
    shares = np.full((len(codes), len(votes)), 1 / len(votes), votes.dtype)
    for neighbour in codes.T:
        shares[np.arange(len(codes)), neighbour] += votes[neighbour]
    return np.log(shares / shares.sum(axis=1, keepdims=True))
