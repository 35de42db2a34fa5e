"""Which of two classifiers is kept, and how sure that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from headstart.training.validation import accuracy_and_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Answers = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The frozen and the fine-tuned network on the same pictures, which neither had learnt from.

    Attributes
    ----------
    n : int
        Pictures.
    frozen, tuned : float
        Accuracy.
    frozen_loss, tuned_loss : float
        Mean cross-entropy.
    only_frozen, only_tuned : int
        Pictures that just this one is right about.
    p_value : float
        Of an exact McNemar test, two-sided: how likely a difference as large as this one would be
        if neither were better (McNemar 1947, doi:10.1007/BF02295996).

    Notes
    -----
    The epoch of the fine-tuned network was chosen by the same pictures, which flatters it a
    little: what is told as the accuracy of a model is that on pictures kept out of all this.
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
    def of(cls, frozen: Answers, tuned: Answers, labels: NDArray[np.int64]) -> Comparison:
        """Compare probabilities (n, k) of either for the same pictures of classes (n,)."""
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
        """Whether the fine-tuned network is kept: if it is right more often."""
        return self.only_tuned > self.only_frozen

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, and which is kept, in JSON's types."""
        return {**asdict(self), "kept": "tuned" if self.keeps_tuned else "frozen"}

    def __str__(self) -> str:
        """Return a sentence or two."""
        kept = "fine-tuned" if self.keeps_tuned else "frozen"
        return (
            f"On {self.n:,} pictures kept out, the fine-tuned network is right on "
            f"{self.tuned:.1%}, the frozen one on {self.frozen:.1%}: {self.only_tuned} that only "
            f"the fine-tuned one knows, {self.only_frozen} that only the frozen one does "
            f"(p = {self.p_value:.2g}, McNemar). Kept: the {kept} one."
        )
