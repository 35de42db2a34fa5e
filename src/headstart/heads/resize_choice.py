"""Choose the resize rule of a user's own images by the rule's cross-validated log loss."""

from __future__ import annotations

import functools
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.data.splits import stratified_sample
from headstart.heads.base import class_weights
from headstart.heads.labels import encode_labels
from headstart.heads.logistic import cross_validated_losses
from headstart.prediction.labels import class_array

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.features.extractor import FeatureExtractor
    from headstart.images.resize_rules import Rule
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

    Float64 = NDArray[np.float64]

_logger = logging.getLogger("headstart")

#: The rules that are compared, the one for images that do not decide it first.
CANDIDATES: tuple[Rule, ...] = ("squash", "crop", "pad")
_IMAGES = 240
# Four images of each of them, for a cross-validation that says something.
_CLASSES = 60
# With fewer, the difference between two rules is chance.
_TOO_FEW = 100
# Standard errors by which a rule must be better than the first.
_CLEARLY = 2.0


@dataclass(frozen=True, slots=True)
class ResizeChoice:
    """Which resize rule is used, and why.

    Attributes
    ----------
    rule : {"squash", "crop", "pad"}
    reason : str
        For example "chosen by cross-validated log loss on 240 images: squash 0.28, crop 0.21, pad
        0.33".
    """

    rule: Rule
    reason: str

    def __str__(self) -> str:
        """Return the rule and the reason."""
        return f"{self.rule}, {self.reason}"


def choose_resize(
    extractor: FeatureExtractor,
    sources: Sequence[ImageSource],
    labels: Sequence[Hashable],
    seed: int = 0,
    progress: Progress | None = None,
    *,
    groups: NDArray[np.int64] | None = None,
) -> ResizeChoice:
    """Choose the resize rule by cross-validation on some of the images.

    The rule with the lowest log loss is taken if it is better than squashing by more than two
    standard errors of the difference on the same images. At most 240 images of at most 60 classes
    are used, whatever the size of the dataset; their features are kept in the extractor's cache.

    Parameters
    ----------
    extractor : FeatureExtractor
        The network; its own rule does not matter.
    sources : sequence of ImageSource
    labels : sequence of hashable
    seed : int
        The seed of the choice of images and of the folds.
    progress : Progress, optional
        Shows how far it is, and is told which rule was chosen unless there were too few images. The
        default shows bars only; the rule is logged.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in the same fold.
    """
    rows = _sample(labels, seed)
    found = {
        rule: extractor.resized_by(rule).extract_all(
            [sources[row] for row in rows], skip_unreadable=True, progress=progress
        )
        for rule in CANDIDATES
        if len(rows) >= _TOO_FEW
    }
    read = _repeated(rows, labels, [each.places for each in found.values()])
    if len(read) < _TOO_FEW:
        reason = f"as always with fewer than {_TOO_FEW} images to compare"
        return ResizeChoice(CANDIDATES[0], reason)
    classes, codes = encode_labels(class_array([labels[rows[place]] for place in read]))
    own = None if groups is None else groups[rows[read]]
    losses = {}
    for rule, each in found.items():
        features = each.features[np.isin(each.places, read)]
        losses[rule], tested = cross_validated_losses(features, codes, seed, own)
    if len(tested) < _TOO_FEW:
        reason = f"as always with fewer than {_TOO_FEW} images that can be held out"
        return ResizeChoice(CANDIDATES[0], reason)
    choice = _best(losses, class_weights("balanced", classes, codes)[codes[tested]])
    message = f"The resize rule is {choice}."
    _logger.info(message)
    # Not by default: a cross-validation would print a line for each of its fits.
    if progress is not None:
        progress.say(message)
    return choice


def _best(losses: dict[Rule, Float64], weights: Float64) -> ResizeChoice:
    """Choose a rule by the losses (n,) of the same images, which have `weights` (n,)."""
    means = {rule: float(np.average(each, weights=weights)) for rule, each in losses.items()}
    first, best = CANDIDATES[0], min(means, key=means.__getitem__)
    gain = losses[first] - losses[best]
    mean = np.average(gain, weights=weights)
    error = np.sqrt(np.sum((weights * (gain - mean)) ** 2)) / weights.sum()
    clearly = best == first or mean > _CLEARLY * error
    listed = ", ".join(f"{rule} {mean:.2f}" for rule, mean in means.items())
    by = f"by cross-validated log loss on {len(weights)} images: {listed}"
    if clearly:
        return ResizeChoice(best, f"chosen {by}")
    return ResizeChoice(first, f"since none was better beyond chance {by}")


def _sample(labels: Sequence[Hashable], seed: int) -> NDArray[np.int64]:
    """Return some of those images whose class has others: at most 240 of at most 60 classes."""
    rows = _repeated(np.arange(len(labels)), labels, [])
    names = list(dict.fromkeys(labels[row] for row in rows))
    drawn = np.random.default_rng(seed).permutation(len(names))[:_CLASSES]
    code_of = {names[place]: code for code, place in enumerate(sorted(drawn.tolist()))}
    rows = np.array([row for row in rows if labels[row] in code_of], np.int64)
    codes = np.array([code_of[labels[row]] for row in rows], np.int64)
    return rows[stratified_sample(codes, _IMAGES, seed)] if len(rows) else rows


def _repeated(
    rows: NDArray[np.int64], labels: Sequence[Hashable], read: list[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return the places in `rows` that are in all of `read` and whose class is there twice."""
    places = functools.reduce(np.intersect1d, read, np.arange(len(rows)))
    counts = Counter(labels[rows[place]] for place in places)
    return places[[counts[labels[rows[place]]] > 1 for place in places]]
