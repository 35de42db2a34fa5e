"""From features to probabilities: what is left of a head once it is fitted, as plain arrays."""

import abc
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

# Distances of this many numbers at a time: 64 MiB of float32, whatever the size of the data.
_BLOCK = 2**24


class Scorer(abc.ABC):
    """A fitted head without the library that fitted it: NumPy arrays in, probabilities out."""

    kind: ClassVar[str]

    @abc.abstractmethod
    def probabilities(self, features: Array) -> Array:
        """Return the probabilities (n, classes), summing to 1, for `features` (n, d)."""

    @abc.abstractmethod
    def arrays(self) -> Arrays:
        """Return what `from_arrays` makes the same scorer from."""

    @classmethod
    @abc.abstractmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from what `arrays` returned.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or the shapes do not go together.
        """

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, int]:
        """Number of features, number of classes."""

    @property
    def layers(self) -> tuple["Layer", ...]:
        """The dense layers that it consists of, a softmax after the last; empty if it does not."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A dense layer: ``activation(inputs @ weights + bias)``.

    Attributes
    ----------
    weights
        Float array (inputs, units).
    bias
        Float array (units,).
    activation
        A name in `ACTIVATIONS`.
    """

    weights: Array
    bias: Array
    activation: str = "linear"


@dataclass(frozen=True, slots=True, eq=False)
class AffineSoftmax(Scorer):
    """``softmax(features @ weights + bias)``.

    Attributes
    ----------
    weights
        Float array (d, classes); any standardisation of the features is folded in.
    bias
        Float array (classes,).
    """

    kind: ClassVar[str] = "affine_softmax"

    weights: Array
    bias: Array

    def __post_init__(self) -> None:
        """Refuse arrays that do not go together."""
        if self.weights.ndim != 2 or self.bias.shape != self.weights.shape[1:]:
            raise ValueError(
                "weights must be (features, classes) and bias (classes,). "
                f"Received: {self.weights.shape} and {self.bias.shape}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of features, number of classes."""
        return self.weights.shape[0], self.weights.shape[1]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The one layer."""
        return (Layer(self.weights, self.bias),)

    def probabilities(self, features: Array) -> Array:
        """Return the probabilities (n, classes) for `features` (n, d)."""
        return softmax(features @ self.weights + self.bias)

    def arrays(self) -> Arrays:
        """Return ``weights`` and ``bias``."""
        return {"weights": self.weights, "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from ``weights`` and ``bias``."""
        return cls(arrays["weights"], arrays["bias"])


def _relu(values: Array) -> Array:
    return np.maximum(values, 0)


def _sigmoid(values: Array) -> Array:
    # The hyperbolic tangent does not overflow, as exp(-values) would.
    return 0.5 * (1 + np.tanh(0.5 * values))


def _silu(values: Array) -> Array:
    return values * _sigmoid(values)


def _elu(values: Array) -> Array:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


#: What may stand between layers, under Keras's names.
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": np.asarray,
    "relu": _relu,
    "elu": _elu,
    "silu": _silu,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}


class DenseSoftmax(Scorer):
    """Dense layers one after the other, and a softmax.

    Parameters
    ----------
    layers
        At least one; the last one's activation is linear.
    """

    kind: ClassVar[str] = "dense_softmax"

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers or layers[-1].activation != "linear":
            raise ValueError("there must be a layer, and the last one's activation be linear")
        for layer in layers:
            if layer.activation not in ACTIVATIONS or layer.weights.ndim != 2:
                raise ValueError(f"no such layer: {layer.activation!r}, {layer.weights.shape}")
        for layer, after in itertools.pairwise(layers):
            if layer.weights.shape[1] != after.weights.shape[0]:
                raise ValueError(f"{after.weights.shape} can't follow {layer.weights.shape}")
        if any(layer.bias.shape != layer.weights.shape[1:] for layer in layers):
            raise ValueError("each layer must have as many biases as units")
        self._layers = tuple(layers)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All of them."""
        return self._layers

    @property
    def shape(self) -> tuple[int, int]:
        """Number of features, number of classes."""
        return self._layers[0].weights.shape[0], self._layers[-1].weights.shape[1]

    def probabilities(self, features: Array) -> Array:
        """Return the probabilities (n, classes) for `features` (n, d)."""
        for layer in self._layers:
            features = ACTIVATIONS[layer.activation](features @ layer.weights + layer.bias)
        return softmax(features)

    def arrays(self) -> Arrays:
        """Return the weights and biases of each layer, and the names of the activations."""
        found = {"activations": np.array([layer.activation for layer in self._layers])}
        for i, layer in enumerate(self._layers):
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


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourVotes(Scorer):
    """Votes of the `n_neighbors` training images whose features differ from the mean alike.

    Alike is the cosine of the angle at `centre`: on features of a rectified network, which all
    point into one corner of the space, far better than at the origin.

    The share of a class is that of its votes and of one more vote which is divided among all
    classes (Laplace's rule), so that no class is ever called impossible. Probabilities are the
    shares to the power of `sharpness`, brought to a sum of 1.

    Attributes
    ----------
    centre
        Float array (d,): the mean of the training features.
    examples
        Float array (n, d): training features less `centre`, of unit length each.
    codes
        Integer array (n,): the class of each example, 0 ... classes - 1.
    votes
        Float array (classes,): what one neighbour of the class counts.
    sharpness
        Above 1 where the majority is right more often than its share says.
    n_neighbors
        How many vote.
    """

    kind: ClassVar[str] = "neighbour_votes"

    centre: Array
    examples: Array
    codes: Array
    votes: Array
    sharpness: float
    n_neighbors: int

    def __post_init__(self) -> None:
        """Refuse arrays that do not go together."""
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
        """Return the probabilities (n, classes) for `features` (n, d)."""
        near = nearest(unit(features - self.centre), self.examples, self.n_neighbors)
        shares = log_shares(self.codes[near], self.votes)
        return softmax(np.asarray(self.sharpness, shares.dtype) * shares)

    def arrays(self) -> Arrays:
        """Return every attribute by its name."""
        return {
            "centre": self.centre,
            "examples": self.examples,
            "codes": self.codes,
            "votes": self.votes,
            "sharpness": np.array(self.sharpness),
            "n_neighbors": np.array(self.n_neighbors),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Make a scorer from what `arrays` returned."""
        return cls(
            arrays["centre"],
            arrays["examples"],
            arrays["codes"],
            arrays["votes"],
            sharpness=float(arrays["sharpness"].item()),
            n_neighbors=int(arrays["n_neighbors"].item()),
        )


SCORERS: dict[str, type[Scorer]] = {
    AffineSoftmax.kind: AffineSoftmax,
    DenseSoftmax.kind: DenseSoftmax,
    NeighbourVotes.kind: NeighbourVotes,
}


def softmax(logits: Array) -> Array:
    """Return ``exp(logits)``, each row divided by its sum, without overflow."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def unit(features: Array) -> Array:
    """Return each row divided by its length; a row of zeros stays what it is."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(length > 0, length, 1)


def nearest(queries: Array, examples: Array, count: int) -> Array:
    """Return which examples (n, count) are the most similar to each query, most similar first.

    Rows of both are of unit length. Works block by block, so that memory does not grow with n.
    """
    rows = max(1, _BLOCK // len(examples))
    blocks = [queries[start : start + rows] for start in range(0, max(1, len(queries)), rows)]
    return np.concatenate([_largest(block @ examples.T, count) for block in blocks])


def _largest(similarities: Array, count: int) -> Array:
    some = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
    # Among equals the earlier example comes first, so that the answer depends on nothing else.
    some.sort(axis=1)
    order = np.argsort(-np.take_along_axis(similarities, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def log_shares(codes: Array, votes: Array) -> Array:
    """Return the logarithm of the shares (n, classes) when the classes `codes` (n, k) vote."""
    shares = np.full((len(codes), len(votes)), 1 / len(votes), votes.dtype)
    for neighbour in codes.T:
        shares[np.arange(len(codes)), neighbour] += votes[neighbour]
    return np.log(shares / shares.sum(axis=1, keepdims=True))
