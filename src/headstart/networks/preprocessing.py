"""What happens to the pixels of an image before a network's first layer, as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Numbers = tuple[float, float, float]

#: The usual ways, each under its name in `USUAL`.
PreprocessingName = Literal[
    "inside",
    "zero-to-one",
    "tf",
    "torch",
    "caffe",
    "clip",
    "inside-bgr",
    "zero-to-one-bgr",
    "tf-bgr",
    "torch-bgr",
    "caffe-rgb",
    "clip-bgr",
]


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

    def in_words(self) -> str:
        """Return the arithmetic in words, after its usual name if it has one."""
        usual = next((f"{name}: " for name, how in USUAL.items() if how == self), "")
        order = self.channels.upper()
        words = [f"{_VERBS[verb]} {_short(numbers)}" for verb, numbers in self.steps()]
        return f"{usual}{', '.join([order, *words])}"

    def reversed(self) -> Preprocessing:
        """Return the same arithmetic on each colour for a network that takes the other order."""
        channels: Literal["rgb", "bgr"] = "bgr" if self.channels == "rgb" else "rgb"
        return replace(self, channels=channels, mean=self.mean[::-1], std=self.std[::-1])


_VERBS = {"divide": "divided by", "subtract": "minus"}


def _short(numbers: Numbers) -> str:
    """Return three numbers as words, or one if all are the same."""
    return " ".join(
        f"{number:g}" for number in (numbers[:1] if len(set(numbers)) == 1 else numbers)
    )


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

#: From 0 to 1.
ZERO_TO_ONE = Preprocessing("rgb", 255.0, (0.0, 0.0, 0.0), _ONES)

# Of the images that OpenAI's CLIP was trained on; also published with its weights.
_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CLIP = Preprocessing("rgb", 255.0, _CLIP_MEAN, _CLIP_STD)

#: What networks of all kinds were trained with, by name.
USUAL: dict[PreprocessingName, Preprocessing] = {
    "inside": INSIDE,
    "zero-to-one": ZERO_TO_ONE,
    "tf": MINUS_ONE_TO_ONE,
    "torch": STANDARDISED,
    "caffe": CENTRED_BGR,
    "clip": CLIP,
    "inside-bgr": INSIDE.reversed(),
    "zero-to-one-bgr": ZERO_TO_ONE.reversed(),
    "tf-bgr": MINUS_ONE_TO_ONE.reversed(),
    "torch-bgr": STANDARDISED.reversed(),
    "caffe-rgb": CENTRED_BGR.reversed(),
    "clip-bgr": CLIP.reversed(),
}
