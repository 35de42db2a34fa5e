"""A row of the catalogue: one network and everything that belongs to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart import records
from headstart.backbones.classes import ClassName
from headstart.backbones.preprocessing import Interpolation, Preprocessing

IMAGENET = "ImageNet-1k"
IMAGENET_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class OfficialWeights:
    """A weights file that Keras publishes.

    Attributes
    ----------
    url : str
        Where Keras loads it from.
    filename : str
        The name Keras keeps it under in its cache.
    digest : str or None
        The hash Keras publishes: 32 hexadecimal digits are MD5, 64 are SHA-256. None where Keras
        publishes none (MobileNet and MobileNetV2): such a file can't be checked.
    """

    url: str
    filename: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A network that somebody trained, with all that belongs to it.

    Attributes
    ----------
    name, family : str
        Keras's name in snake case, and the family whose members share their preprocessing.
    builder : str
        The function in `headstart.backbones.architectures.ARCHITECTURES`, or else in
        ``keras.applications``.
    size : tuple of int
        Height and width in pixels of the images it was trained on.
    min_size, max_size : int
        The smallest and the largest height and width that can be asked for instead; a `max_size`
        of None sets no bound.
    preprocessing : Preprocessing
        What happens to the pixels first.
    feature_layer : str or None
        The layer whose output are the features; None: the mean of the last feature map over
        height and width. Either is what the builder gives for
        ``include_top=False, pooling="avg"``.
    n_features : int
        How many features an image has.
    resize : str
        The rule for bringing a photo to `size`: 'crop' scales the shorter side to
        ``size / crop_fraction`` and cuts out the centre.
    crop_fraction : float
        See `resize`.
    interpolation, antialias
        How pixels are computed when an image is resized; see `headstart.data.resizing.Resize`.
    weights, weights_without_top : OfficialWeights or None
        With and without the classifier; None for a network that has a `folder`.
    folder : Path or None
        The backbone folder that holds its weights; None for weights that Keras publishes.
    weights_sha256 : str or None
        Hash of the weights in `folder`.
    trained_on : str
        The data set.
    classes : tuple of ClassName or None
        What its classifier tells apart; None stands for the 1,000 classes of ImageNet-1k.
    license : str
        Licence of the weights.
    parameters, macs : int
        Numbers in the network, and multiply-accumulates for one image of `size`; both with the
        classifier, counted on the graph.
    top1, top5 : float or None
        Published accuracy, 0 to 1, on the validation images of what it was `trained_on`: compare
        only networks that were trained on the same. None where none is published.
    source : str
        Where the network was described.
    """

    name: str
    family: str
    builder: str
    size: tuple[int, int]
    min_size: int = 32
    max_size: int | None = None
    preprocessing: Preprocessing
    feature_layer: str | None = None
    n_features: int
    resize: str = "crop"
    crop_fraction: float = 0.875
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    weights: OfficialWeights | None = None
    weights_without_top: OfficialWeights | None = None
    folder: Path | None = None
    weights_sha256: str | None = None
    trained_on: str = IMAGENET
    classes: tuple[ClassName, ...] | None = field(default=None, repr=False)
    license: str
    parameters: int
    macs: int
    top1: float | None
    top5: float | None
    source: str

    @property
    def n_classes(self) -> int:
        """How many classes its classifier tells apart."""
        return IMAGENET_CLASSES if self.classes is None else len(self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return the row in JSON's types, with the number of classes instead of their names."""
        folder = None if self.folder is None else str(self.folder)
        row = records.to_json(self, without=("classes",))
        return {**row, "folder": folder, "n_classes": self.n_classes}
