"""From features to probabilities: what is left of a head once it is fitted, as plain arrays."""

import abc
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
