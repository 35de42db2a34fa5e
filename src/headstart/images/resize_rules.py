"""The names of the ways to resize an image, light enough for settings and rows to use."""

from typing import Literal

Rule = Literal["crop", "squash", "pad", "keras"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

#: What each rule does to an image, in the words of the model card.
IN_WORDS: dict[str, str] = {
    "crop": "resized and cropped to its centre",
    "squash": "resized without cropping and without keeping its shape",
    "pad": "resized without cropping, with its shape kept and grey added at its sides",
    "keras": "resized by nearest neighbour without keeping its shape, as Keras's load_img does",
}
