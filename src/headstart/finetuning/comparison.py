"""The comparison of the frozen with the fine-tuned network, which decides which one is kept."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.display.text import percent

if TYPE_CHECKING:
    from headstart.training.validation import Outcomes

# One-sided, of a normal distribution: 95 %.
_BEYOND_CHANCE = 1.645
_CHANCE = 0.05
# The sum over all images. Less can't be told from so few images, however alike their differences:
# both networks may be right on all of them, and more sure than any of them can show.
_LEAST_GAIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How well the frozen and the fine-tuned network predict the same images.

    Neither was trained on these images, and the epoch of the fine-tuned network was chosen on
    others: on those of the other folds, or on the other half of the validation set. So the figures
    favour neither network.

    Attributes
    ----------
    n : int
        The number of images.
    frozen, tuned : float
        Accuracy of either network.
    frozen_loss, tuned_loss : float
        Log loss of either network: the mean cross-entropy.
    loss_error : float
        The standard error of the difference between the two log losses, from the differences of the
        single images. Infinite for a single image.
    only_frozen, only_tuned : int
        How many images only this network predicts correctly.
    p_value : float
        From an exact two-sided McNemar test: the probability of a difference in accuracy at least
        this large if both networks were equally good (McNemar 1947, doi:10.1007/BF02295996).

    Notes
    -----
    The fine-tuned network is kept if one of its two measures is better beyond chance (one-sided,
    95 %) and the other one is not worse; see `keeps_tuned`.
    """

    n: int
    frozen: float
    tuned: float
    frozen_loss: float
    tuned_loss: float
    loss_error: float
    only_frozen: int
    only_tuned: int
    p_value: float

    @classmethod
    def of(cls, frozen: Outcomes, tuned: Outcomes) -> Comparison:
        """Compare the outcomes of both networks for the same images."""
        from scipy.stats import binomtest

        only_frozen = int((frozen.right & ~tuned.right).sum())
        only_tuned = int((tuned.right & ~frozen.right).sum())
        differ = only_frozen + only_tuned
        gains = frozen.losses.astype(np.float64) - tuned.losses
        n = len(frozen)
        return cls(
            n=n,
            frozen=frozen.accuracy,
            tuned=tuned.accuracy,
            frozen_loss=frozen.mean_loss(),
            tuned_loss=tuned.mean_loss(),
            loss_error=float(gains.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf,
            only_frozen=only_frozen,
            only_tuned=only_tuned,
            p_value=float(binomtest(only_tuned, differ).pvalue) if differ else 1.0,
        )

    @property
    def loss_gain(self) -> float:
        """By how much the log loss of the fine-tuned network is lower."""
        return self.frozen_loss - self.tuned_loss

    @property
    def keeps_tuned(self) -> bool:
        """Whether the fine-tuned network is kept.

        It is if its log loss is lower beyond chance, and by more than 1 / n, and its accuracy is
        not lower; or if its accuracy is higher beyond chance and its log loss is not higher.
        """
        least = max(_BEYOND_CHANCE * self.loss_error, _LEAST_GAIN / self.n)
        better_loss = self.loss_gain > least
        # One-sided: half of the two-sided probability.
        better_accuracy = self.only_tuned > self.only_frozen and self.p_value / 2 < _CHANCE
        return (better_loss and self.only_tuned >= self.only_frozen) or (
            better_accuracy and self.loss_gain >= 0
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, and which network is kept, in JSON's types."""
        figures = asdict(self)
        if math.isinf(self.loss_error):
            figures["loss_error"] = None
        return {**figures, "kept": "tuned" if self.keeps_tuned else "frozen"}

    def __str__(self) -> str:
        """Return the result in words."""
        return (
            f"On {self.n:,} validation images, the fine-tuned network has an accuracy of "
            f"{percent(self.tuned)} and a log loss of {self.tuned_loss:.3f}, the frozen one of "
            f"{percent(self.frozen)} and {self.frozen_loss:.3f}. Only the fine-tuned one is right "
            f"on {self.only_tuned}, only the frozen one on {self.only_frozen} "
            f"(p = {self.p_value:.2g}, McNemar). The log losses differ by "
            f"{abs(self.loss_gain):.3f}, with a standard error of {self.loss_error:.3f}. "
            f"Kept: the {self._decision}."
        )

    @property
    def _decision(self) -> str:
        if self.keeps_tuned:
            return "fine-tuned network, which is better beyond chance"
        if self.loss_gain > 0 and self.only_tuned >= self.only_frozen:
            return "frozen network, because the difference may be chance"
        if self.loss_gain > 0 or self.only_tuned > self.only_frozen:
            return "frozen network, because the fine-tuned one is better in one of the two only"
        return "frozen network, because the fine-tuned one is not better"
