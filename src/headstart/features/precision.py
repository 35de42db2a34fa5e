"""float32 or bfloat16: bfloat16 is faster where the processor has it, if the images allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from headstart.errors import UsageError
from headstart.features.engine import Device, Precision, choose_runtime
from headstart.features.extract import extract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.features.cache import FeatureCache

PRECISION_RULES = ("auto", "f32", "bf16")

# With fewer pictures than this the measurement takes longer than it saves.
MIN_IMAGES = 64
SAMPLE = 32
# Measured with MobileNet and MobileNetV2, 1,000 samples each: 0.04 to 0.14 on photos, where a head
# does as well on either; 0.14 to 0.60 on CIFAR-10's 32 pixels blown up to 224, where a fifth to a
# half of the nearest neighbours change.
MAX_CHANGE = 0.15


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """A precision, and why.

    Attributes
    ----------
    precision : {"f32", "bf16"}
    reason : str
        One sentence for people.
    change : float or None
        How far bfloat16 moves features, relative to how far pictures lie apart: see
        `relative_change`. None if it was not measured.
    n_measured : int
        Pictures it was measured on.
    """

    precision: Precision
    reason: str
    change: float | None = None
    n_measured: int = 0


def choose_precision(
    precision: Literal["auto", "f32", "bf16"],
    network: Network,
    sources: Sequence[ImageSource],
    *,
    resize: Resize,
    cache: FeatureCache | None = None,
    device: Device = "auto",
) -> PrecisionChoice:
    """Settle what to compute in.

    Parameters
    ----------
    precision : {"auto", "f32", "bf16"}
        'auto' measures both on some of the pictures and takes bfloat16 only if features move
        little compared with how far the pictures lie apart.
    network : Network
    sources : sequence of ImageSource
        The pictures it is for. `SAMPLE` of them, evenly spread, are measured; broken ones are left
        out.
    resize : Resize
    cache : FeatureCache, optional
        Where the features of the sample are looked up and kept.
    device : {"auto", "openvino", "keras"}

    Raises
    ------
    UsageError
        If there is no such precision.
    """
    if precision not in PRECISION_RULES:
        raise UsageError(
            f"The precision must be one of {', '.join(PRECISION_RULES)}. Received: {precision!r}."
        )
    if precision != "auto":
        return PrecisionChoice(precision, "as asked for")
    if len(sources) < MIN_IMAGES:
        return PrecisionChoice(
            "f32", f"fewer than {MIN_IMAGES} images: nothing to gain from bfloat16"
        )
    runtime = choose_runtime(device, network)
    if runtime == "openvino" and not _has_bf16():
        return PrecisionChoice("f32", "the processor has no bfloat16 instructions")
    places = np.linspace(0, len(sources) - 1, SAMPLE).round().astype(int)
    sample = [sources[place] for place in places]

    def features(precision: Precision) -> NDArray[np.float32]:
        stream = extract(
            sample, network, resize=resize, precision=precision, cache=cache, device=runtime
        )
        rows = [item.values["features"] for item in stream if item.values is not None]
        return np.array(rows, np.float32).reshape(len(rows), *network.outputs["features"])

    return _judge(features("f32"), features("bf16"))


def _has_bf16() -> bool:
    from headstart.features.openvino_engine import has_bf16

    return has_bf16()


def _judge(exact: NDArray[np.float32], quick: NDArray[np.float32]) -> PrecisionChoice:
    if not len(exact):
        return PrecisionChoice("f32", "none of the images in the sample could be read")
    change = relative_change(exact, quick)
    agree = change <= MAX_CHANGE
    return PrecisionChoice(
        "bf16" if agree else "f32",
        f"on {len(exact)} of the images bfloat16 moves features by {change:.1%} of the distance "
        f"between images; {'up to' if agree else 'more than'} {MAX_CHANGE:.0%} is "
        f"{'harmless' if agree else 'too much'}",
        change,
        len(exact),
    )


def relative_change(exact: NDArray[np.float32], quick: NDArray[np.float32]) -> float:
    """Return how far features move, relative to how far images lie apart.

    The median length of ``quick - exact`` over the median distance of `exact` from its mean; 0 if
    nothing moves, and infinite if something does although all images are the same.
    """
    moved = float(np.median(np.linalg.norm(quick - exact, axis=1)))
    spread = float(np.median(np.linalg.norm(exact - exact.mean(axis=0), axis=1)))
    if moved == 0:
        return 0.0
    return moved / spread if spread else float("inf")
