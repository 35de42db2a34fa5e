"""How images become features: the settings that every estimator and command shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headstart.arguments import Positive, check_fields
from headstart.errors import UsageError
from headstart.images.resize_rules import Rule

if TYPE_CHECKING:
    from pathlib import Path

ResizeRule = Literal["auto", Rule]
PrecisionRule = Literal["auto", "f32", "bf16", "int8"]
#: What a network is trained in.
FloatPrecisionRule = Literal["auto", "f32", "bf16"]
Device = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSettings:
    """How images are read, resized and computed.

    Parameters
    ----------
    resize : {"auto", "crop", "squash", "pad", "keras"}, default="auto"
        How an image is brought to the network's size: "crop" cuts out the centre, "squash"
        stretches the whole image, "pad" keeps its shape and adds grey, "keras" does what
        `keras.utils.load_img(target_size=...)` does. "auto" is the rule of the backbone or saved
        model that predicts. Training squashes, unless crop or pad is clearly better on up to 240 of
        its images.
    precision : {"auto", "f32", "bf16", "int8"}, default="auto"
        What the network computes in. "auto" measures bfloat16 on some of the images and uses it
        only if it agrees with float32. "int8" makes training round the network to 8 bits, and keep
        that if its accuracy on the training images stays within noise of float32.
    cache : bool or Path, default=True
        Whether to keep features on disk, or the folder to keep them in.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes. "cpu" is the processor. "gpu" is a GPU that torch can use. "auto" is the
        device in HEADSTART_DEVICE, if that is set, or else the GPU if there is one and there are so
        many images that it pays for its start.
    accept_truncated : bool, default=False
        Whether to read JPEGs that are cut short, if at most a tenth of their rows are missing.
        These become grey, and a note says so.

    Raises
    ------
    UsageError
        If a value is of another type or out of its range, or 8 bits are wanted on a GPU.
    """

    resize: ResizeRule = "auto"
    precision: PrecisionRule = "auto"
    cache: bool | Path = True
    workers: Positive | None = None
    device: Device = "auto"
    accept_truncated: bool = False

    def __post_init__(self) -> None:
        """Refuse values of another type or range."""
        check_fields(self)
        if self.precision == "int8" and self.device == "gpu":
            raise UsageError(
                "A network with 8 bits runs on the processor only. Received: precision='int8' with "
                "device='gpu'. Use device='cpu' or 'auto'."
            )
