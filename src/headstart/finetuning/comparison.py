"""The comparison of the frozen with the fine-tuned network, which decides which one is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from headstart.training.validation import accuracy_and_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headstart.training.validation import Probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The accuracy of the frozen and the fine-tuned network on images that neither was trained on.

    Attributes
    ----------
    n : int
        The number of images.
    frozen, tuned : float
        Accuracy of either network.
    frozen_loss, tuned_loss : float
        Mean cross-entropy of either network.
    only_frozen, only_tuned : int
        How many images only this network predicts correctly.
    p_value : float
        From an exact two-sided McNemar test: the probability of a difference at least this large if
        both networks were equally good (McNemar 1947, doi:10.1007/BF02295996).

    Notes
    -----
    The same images decided about the best epoch of the fine-tuned network, so its accuracy here is
    a little too high. The accuracy that is reported for a model is that on its test set.
    """

    n: int
    frozen: float
    tuned: float
    frozen_loss: float
    tuned_loss: float
    only_frozen: int
    only_tuned: int
    p_value: float

    @classmethod
    def of(
        cls, frozen: Probabilities, tuned: Probabilities, labels: NDArray[np.int64]
    ) -> Comparison:
        """Compare class probabilities (n, k) of both networks for images of classes (n,)."""
        from scipy.stats import binomtest

        frozen_right = frozen.argmax(axis=1) == labels
        tuned_right = tuned.argmax(axis=1) == labels
        only_frozen = int((frozen_right & ~tuned_right).sum())
        only_tuned = int((tuned_right & ~frozen_right).sum())
        differ = only_frozen + only_tuned
        frozen_accuracy, frozen_loss = accuracy_and_loss(frozen, labels)
        tuned_accuracy, tuned_loss = accuracy_and_loss(tuned, labels)
        return cls(
            n=len(labels),
            frozen=frozen_accuracy,
            tuned=tuned_accuracy,
            frozen_loss=frozen_loss,
            tuned_loss=tuned_loss,
            only_frozen=only_frozen,
            only_tuned=only_tuned,
            p_value=float(binomtest(only_tuned, differ).pvalue) if differ else 1.0,
        )

    @property
    def keeps_tuned(self) -> bool:
        """Whether the fine-tuned network is kept, because it predicts more images correctly."""
        return self.only_tuned > self.only_frozen

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, and which network is kept, in JSON's types."""
        return {**asdict(self), "kept": "tuned" if self.keeps_tuned else "frozen"}

    def __str__(self) -> str:
        """Return the result in words."""
        kept = "fine-tuned" if self.keeps_tuned else "frozen"
        return (
            f"On {self.n:,} validation images, the fine-tuned network has an accuracy of "
            f"{self.tuned:.1%} and the frozen one of {self.frozen:.1%}. Only the fine-tuned one is "
            f"right on {self.only_tuned}, only the frozen one on {self.only_frozen} "
            f"(p = {self.p_value:.2g}, McNemar). Kept: the {kept} network."
        )
