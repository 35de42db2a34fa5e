"""What happens to the pixels of an image before a network's first layer, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Numbers = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Arithmetic on RGB pixels from 0 to 255, in this order.

    Attributes
    ----------
    channels : {"rgb", "bgr"}
        Order of the channels that the network takes.
    scale : float
        What the pixels are divided by.
    mean : tuple of 3 floats
        What is subtracted from each channel, in the order of `channels`.
    std : tuple of 3 floats
        What each channel is divided by at the end, in the order of `channels`.
    """

    channels: Literal["rgb", "bgr"]
    scale: float
    mean: Numbers
    std: Numbers

    def steps(self) -> list[tuple[Literal["divide", "subtract"], Numbers]]:
        """Return the arithmetic after ordering the channels, without what changes nothing."""
        steps: list[tuple[Literal["divide", "subtract"], Numbers]] = [
            ("divide", (self.scale, self.scale, self.scale)),
            ("subtract", self.mean),
            ("divide", self.std),
        ]
        return [step for step in steps if step not in _IDLE]


_ONES = (1.0, 1.0, 1.0)
_IDLE = (("divide", _ONES), ("subtract", (0.0, 0.0, 0.0)))

#: Nothing: the network's own first layers do it.
INSIDE = Preprocessing("rgb", 1.0, (0.0, 0.0, 0.0), _ONES)

#: From -1 to 1.
MINUS_ONE_TO_ONE = Preprocessing("rgb", 127.5, _ONES, _ONES)

#: From 0 to 1, then standardised by the mean and the standard deviation of ImageNet.
STANDARDISED = Preprocessing("rgb", 255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

#: BGR minus the mean of ImageNet.
CENTRED_BGR = Preprocessing("bgr", 1.0, (103.939, 116.779, 123.68), _ONES)

#: By the names of `mode` in ``keras.applications.imagenet_utils.preprocess_input``.
KERAS_MODES = {
    "inside": INSIDE,
    "tf": MINUS_ONE_TO_ONE,
    "torch": STANDARDISED,
    "caffe": CENTRED_BGR,
}
