"""Decide with a user's own labelled images whether a network computes in 8 bits.

The same head is cross-validated on the features of both networks, with the same folds. What counts
is the difference on the same images: accuracies alone vary far more.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.splits import stratified_sample
from headstart.display.text import counted, percent
from headstart.errors import UsageError, warn
from headstart.features.precision import PrecisionChoice, relative_change
from headstart.features.speed import seconds_an_image
from headstart.heads.labels import encode_labels
from headstart.heads.out_of_fold import out_of_fold
from headstart.images.reader import read_images
from headstart.networks.quantising import check_nncf, quantised
from headstart.prediction.labels import class_array

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.features.extractor import FeatureExtractor
    from headstart.heads.base import Head
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

    Bools = NDArray[np.bool_]

_logger = logging.getLogger("headstart")

#: With fewer images, even no difference at all would not show that less than 3 % are lost.
MIN_IMAGES = 100
# The difference is known to one percentage point then. More images would take longer, and say more
# than anyone would notice.
_SAMPLE = 2000
#: What 8 bits may cost at most, at the lower end of the interval.
MAX_LOSS = 0.03
# Images that tell how large activations become. Features of other images move as little as those of
# these 100; with 32 images by a quarter more (MobileNetV2, docs/adr/0020).
_CALIBRATION = 100
# Of a normal distribution: 95 %.
_INTERVAL = 1.96
# Less is no reason for 8 bits.
_FASTER = 1.2


@dataclass(frozen=True, slots=True)
class PairedAccuracy:
    """How well a head predicts the same images by features of float32 and of 8 bits.

    Attributes
    ----------
    n : int
        Number of images. None was among those that the head which predicted it was trained on.
    exact, fast : float
        Accuracy with float32 and with 8 bits.
    only_exact, only_fast : int
        How many images only float32, or only 8 bits, predicts correctly.
    """

    n: int
    exact: float
    fast: float
    only_exact: int
    only_fast: int

    @classmethod
    def of(cls, exact: Bools, fast: Bools) -> PairedAccuracy:
        """Compare which images (n,) are predicted correctly."""
        only_exact, only_fast = int((exact & ~fast).sum()), int((fast & ~exact).sum())
        return cls(len(exact), float(exact.mean()), float(fast.mean()), only_exact, only_fast)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy that is gained: negative where it is lost."""
        gain = (self.only_fast - self.only_exact) / self.n
        # Each image gains 1, 0 or -1.
        variance = (self.only_fast + self.only_exact) / self.n - gain**2
        reach = _INTERVAL * math.sqrt(variance / self.n)
        return gain - reach, gain + reach

    @property
    def is_within_noise(self) -> bool:
        """Whether 8 bits may be as accurate as float32, and can't be worse by more than 3 %."""
        low, high = self.interval
        return low >= -MAX_LOSS and high >= 0

    def __str__(self) -> str:
        """Return the figures in words."""
        low, high = (100 * end for end in self.interval)
        return (
            f"cross-validated on {self.n:,} images, {percent(self.fast)} are right in 8 bits and "
            f"{percent(self.exact)} in float32 (only in 8 bits {self.only_fast:,}, only in float32 "
            f"{self.only_exact:,}; the difference has the 95 % interval {low:+.1f} to {high:+.1f} "
            "percentage points)"
        )


def check_int8(labels: Sequence[Hashable]) -> None:
    """Refuse, before an image is read, what can't be judged or quantised.

    Raises
    ------
    UsageError
        If there are too few images.
    MissingExtra
        If NNCF is not installed.
    """
    if len(labels) < MIN_IMAGES:
        raise UsageError(
            f"precision='int8' needs at least {MIN_IMAGES} labelled images, which show whether the "
            f"accuracy stays the same. Received: {counted(len(labels), 'image')}. Use "
            "precision='auto' or 'f32'."
        )
    check_nncf()


def choose_int8(
    extractor: FeatureExtractor,
    head: Head,
    sources: Sequence[ImageSource],
    labels: Sequence[Hashable],
    seed: int = 0,
    progress: Progress | None = None,
    *,
    groups: NDArray[np.int64] | None = None,
) -> FeatureExtractor:
    """Return an extractor with a network of 8 bits, or the given one where accuracy would suffer.

    Its precision says why, with the figures. The network of 8 bits is kept if the 95 % interval of
    the difference in accuracy, paired by image, holds 0 or gains, and loses 3 percentage points at
    most at its lower end. At most 2,000 of the images are used, or two of each class.

    Parameters
    ----------
    extractor : FeatureExtractor
        The network in float32.
    head : Head
        What is trained on the features, not fitted.
    sources : sequence of ImageSource
    labels : sequence of hashable
        The class of each image.
    seed : int
        The seed of the choice of images and of the folds.
    progress : Progress, optional
        Shows how far it is, and is told what was decided. Without it, a warning tells if the
        network stays in float32.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in the same fold.

    Warns
    -----
    UserWarning
        If the network stays in float32, and `progress` is not given.
    """
    _, codes = encode_labels(class_array(labels))
    rows = stratified_sample(codes, _SAMPLE, seed)
    sample = [sources[row] for row in rows]
    exact = extractor.extract_all(sample, skip_unreadable=True, progress=progress)
    read = rows[exact.places]
    if len(read) < MIN_IMAGES:
        why = f"of the images, only {len(read):,} can be read; {MIN_IMAGES} are needed to judge"
        return _kept(extractor, why, progress)
    images = _calibration([sources[row] for row in read], extractor)
    network = quantised(extractor.network, images)
    rounded = replace(extractor, network=network, device="cpu").computed_in("int8")
    fast = rounded.extract_all([sources[row] for row in read], progress=progress)
    judged = (
        _is_right(
            each.features,
            [labels[row] for row in read],
            head,
            None if groups is None else groups[read],
            seed,
        )
        for each in (exact, fast)
    )
    found = PairedAccuracy.of(*judged)
    if not found.is_within_noise:
        why = f"{found}, so a loss of more than {percent(MAX_LOSS)} can't be ruled out"
        if found.interval[1] < 0:
            why = f"{found}, which is not within noise"
        return _kept(extractor, why, progress)
    change = relative_change(exact.features, fast.features)
    choice = PrecisionChoice("int8", f"{found}, which is within noise", change, found.n)
    speed = seconds_an_image(extractor) / seconds_an_image(rounded)
    _say(f"The network computes in 8 bits: {choice.reason}. {_speed_in_words(speed)}", progress)
    return replace(rounded, precision=choice)


def _calibration(sources: list[ImageSource], extractor: FeatureExtractor) -> NDArray[np.uint8]:
    """Return the pixels of some images, as the network sees them."""
    places = np.linspace(0, len(sources) - 1, min(_CALIBRATION, len(sources))).round().astype(int)
    loaded = read_images(
        [sources[place] for place in places],
        extractor.resize,
        workers=extractor.workers,
        accept_truncated=extractor.accept_truncated,
    )
    return np.stack([image.pixels for image in loaded if image.pixels is not None])


def _is_right(
    features: NDArray[np.float32],
    labels: list[Any],
    head: Head,
    groups: NDArray[np.int64] | None,
    seed: int,
) -> Bools:
    """Return for each image that is held out whether a head trained on the others is right."""
    found = out_of_fold(head, features, labels, groups=groups, seed=seed)
    tested = found.tested
    right: Bools = found.probabilities[tested].argmax(axis=1) == found.codes[tested]
    return right


def _speed_in_words(speed: float) -> str:
    if speed >= _FASTER:
        return f"On this machine it is {speed:.1f} times as fast as in float32."
    return (
        f"On this machine that is hardly faster ({speed:.1f} times as fast as in float32): 8 bits "
        "need a processor with instructions for them, such as VNNI or AMX."
    )


def _kept(extractor: FeatureExtractor, why: str, progress: Progress | None) -> FeatureExtractor:
    """Return the extractor as it is, and tell why it does not compute in 8 bits."""
    reason = f"8 bits were asked for, but {why}"
    message = f"The network stays in float32: {reason}."
    if progress is None:
        warn(message)
    _say(message, progress)
    return replace(extractor, precision=replace(extractor.precision, reason=reason))


def _say(message: str, progress: Progress | None) -> None:
    _logger.info(message)
    if progress is not None:
        progress.say(message)
