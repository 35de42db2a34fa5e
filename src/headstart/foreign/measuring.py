"""Which preprocessing fits a network, judged by the probabilities of labelled images.

The right one gives the true classes the highest probabilities. Two are compared in pairs, image by
image: by how much the logarithm of the probability of the true class differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from headstart.networks.preprocessing import PreprocessingName

#: Those that are tried: the usual five, each in both orders of channels.
TRIED: tuple[PreprocessingName, ...] = (
    *("inside", "zero-to-one", "tf", "torch", "caffe"),
    *("inside-bgr", "zero-to-one-bgr", "tf-bgr", "torch-bgr", "caffe-rgb"),
)

#: Above this, another one may be the right one.
ALPHA = 0.05
#: The fewest images that can tell.
MIN_IMAGES = 10
# Random signs, where there are too many images to try all.
_DRAWS = 20_000
#: A probability that is lower counts as this: one image must not outweigh all others.
LEAST = 1e-7


@dataclass(frozen=True, slots=True)
class PreprocessingResult:
    """How well one preprocessing fits.

    Attributes
    ----------
    preprocessing : str
        Its name in `headstart.networks.preprocessing.USUAL`; or "as the file says".
    accuracy : float
        Share of the images whose most probable class is the true one.
    log_loss : float
        Mean of minus the logarithm of the probability of the true class.
    p_value : float
        How often the first one would be ahead of this one by as much if both fitted alike: a
        permutation test on the signs of the differences, paired by image. 1 for the first itself.
    """

    preprocessing: str
    accuracy: float
    log_loss: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MeasuredPreprocessing(Displayed):
    """Which preprocessing fits a network, and how sure that is.

    Attributes
    ----------
    results : tuple of PreprocessingResult
        The one that fits best comes first.
    n : int
        Number of images.
    n_classes : int
        Number of classes that the network tells apart.
    unreadable : int
        Images that could not be read.
    """

    results: tuple[PreprocessingResult, ...]
    n: int
    n_classes: int
    unreadable: int = 0

    @property
    def best(self) -> PreprocessingResult:
        """The one that fits best."""
        return self.results[0]

    @property
    def p_value(self) -> float:
        """How sure it is: the largest p-value of the others."""
        return max(result.p_value for result in self.results[1:])

    @property
    def beats_chance(self) -> bool:
        """Whether the best one gives the true classes more than equal probabilities would."""
        return self.best.log_loss < np.log(self.n_classes)

    @property
    def doubt(self) -> str:
        """Why the best one must not be taken; empty if it may be."""
        if self.n < MIN_IMAGES:
            return f"at least {MIN_IMAGES} images must be readable; {self.n} are"
        if not self.beats_chance:
            return (
                "with none of them is the network better than chance: the labels may be those of "
                "other classes"
            )
        if self.p_value >= ALPHA:
            rivals = [each.preprocessing for each in self.results[1:] if each.p_value >= ALPHA]
            return (
                f"{' or '.join(map(repr, rivals))} may fit as well as {self.best.preprocessing!r} "
                f"(p = {self.p_value:.2g})"
            )
        return ""

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the verdict and the table."""
        if self.doubt:
            yield f"The {counted(self.n, 'image')} do not decide: {self.doubt}."
        else:
            yield (
                f"The preprocessing {self.best.preprocessing!r} fits best: "
                f"{percent(self.best.accuracy)} of {counted(self.n, 'image')} are right, and no "
                f"other fits as well (p = {self.p_value:.2g} at most)."
            )
        yield Table(
            headings=("preprocessing", "accuracy", "log loss", "p"),
            align="<>>>",
            rows=[
                (
                    result.preprocessing,
                    percent(result.accuracy),
                    f"{result.log_loss:.2f}",
                    "" if result is self.best else f"{result.p_value:.2g}",
                )
                for result in self.results
            ],
            notes=("p: how often the first would be ahead by as much if both fitted alike.",),
        )
        if self.unreadable:
            yield f"{counted(self.unreadable, 'image')} could not be read."

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types; the first result fits best."""
        return {
            "preprocessing": None if self.doubt else self.best.preprocessing,
            "p_value": self.p_value,
            "doubt": self.doubt,
            **records.to_json(self),
        }


def judge(
    log_probabilities: Mapping[str, NDArray[np.float64]],
    right: Mapping[str, NDArray[np.bool_]],
    *,
    n_classes: int,
    unreadable: int = 0,
) -> MeasuredPreprocessing:
    """Compare what a network says of labelled images with each preprocessing.

    Parameters
    ----------
    log_probabilities : mapping of str to ndarray of float64, shape (n,)
        The logarithm of the probability of each image's true class.
    right : mapping of str to ndarray of bool, shape (n,)
        Whether its most probable class is the true one.
    n_classes : int
    unreadable : int
    """
    order = sorted(log_probabilities, key=lambda name: -float(log_probabilities[name].mean()))
    best = log_probabilities[order[0]]
    results = tuple(
        PreprocessingResult(
            name,
            float(right[name].mean()),
            -float(log_probabilities[name].mean()),
            1.0 if name == order[0] else sign_flip_test(best - log_probabilities[name]),
        )
        for name in order
    )
    return MeasuredPreprocessing(results, len(best), n_classes, unreadable)


def sign_flip_test(differences: NDArray[np.float64]) -> float:
    """Return how often a sum as large comes by chance if each difference is as often below 0.

    A one-sided permutation test on the signs of paired differences (Fisher 1935, The Design of
    Experiments, section 21): exact for up to 14 differences, else with 20,000 random draws.

    Parameters
    ----------
    differences : ndarray of float64, shape (n,)
    """
    n = len(differences)
    observed = differences.sum() - 1e-9
    if 2**n <= _DRAWS:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((signs @ differences >= observed).mean())
    rng = np.random.default_rng(0)
    as_large = sum(
        int((rng.choice((-1.0, 1.0), (_DRAWS // 20, n)) @ differences >= observed).sum())
        for _ in range(20)
    )
    return (1 + as_large) / (1 + _DRAWS)
