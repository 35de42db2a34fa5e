"""float32 or bfloat16: bfloat16 is faster, and used where it hardly changes the features.

Whether 8 bits are used is decided with labels: see `headstart.heads.int8_choice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.display.text import percent, whole_percent
from headstart.features.engine import Precision  # noqa: TC001 - records are read by their types

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: With fewer images than this, the measurement takes longer than bfloat16 saves.
MIN_IMAGES = 64
#: Images on which both precisions are measured.
SAMPLE = 32
# Measured with MobileNet and MobileNetV2, 1,000 samples each: 0.04 to 0.14 on large images, where a
# head does as well on either; 0.14 to 0.60 on CIFAR-10's 32 pixels blown up to 224, where a fifth
# to a half of the nearest neighbours change.
MAX_CHANGE = 0.15


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """What a network computes in, and why.

    Attributes
    ----------
    precision : {"f32", "bf16", "int8"}
    reason : str
        One sentence for people.
    change : float or None
        How far bfloat16, or 8 bits, move features, relative to the distance between images: see
        `relative_change`. None if it was not measured.
    n_measured : int
        Images on which it was measured.
    """

    precision: Precision
    reason: str
    change: float | None = None
    n_measured: int = 0


def judge(exact: NDArray[np.float32], fast: NDArray[np.float32]) -> PrecisionChoice:
    """Choose bfloat16 if it moves features little compared with the distance between images.

    Parameters
    ----------
    exact, fast : ndarray of float32, shape (n, d)
        Features of the same images, computed in float32 and in bfloat16.
    """
    if not len(exact):
        return PrecisionChoice("f32", "none of the images in the sample could be read")
    change = relative_change(exact, fast)
    agree = change <= MAX_CHANGE
    return PrecisionChoice(
        "bf16" if agree else "f32",
        f"on {len(exact)} of the images bfloat16 moves features by {percent(change)} of the "
        f"distance between images; {'up to' if agree else 'more than'} {whole_percent(MAX_CHANGE)} "
        f"is {'harmless' if agree else 'too much'}",
        change,
        len(exact),
    )


def relative_change(exact: NDArray[np.float32], fast: NDArray[np.float32]) -> float:
    """Return how far features move, relative to the distance between images.

    The result is the median length of ``fast - exact``, divided by the median distance of `exact`
    from its mean. It is 0 if nothing moves, and infinite if features move although all images are
    the same.
    """
    moved = float(np.median(np.linalg.norm(fast - exact, axis=1)))
    spread = float(np.median(np.linalg.norm(exact - exact.mean(axis=0), axis=1)))
    if moved == 0:
        return 0.0
    return moved / spread if spread else float("inf")
