"""A row of the catalogue: one network and everything that belongs to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart import records
from headstart.images.resize_rules import Interpolation, Rule
from headstart.networks.classes import ClassName
from headstart.networks.preprocessing import Preprocessing

IMAGENET_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class OfficialWeights:
    """A weights file that Keras or a hub publishes.

    Attributes
    ----------
    url : str
        Its address. That of a hub names a revision.
    filename : str
        Its name in Keras's cache and in headstart's.
    digest : str or None
        The hash that is published: 32 hexadecimal digits are MD5, 64 are SHA-256. None if none is
        known (MobileNet, MobileNetV2 and those of the hubs): such a file can't be checked.
    """

    url: str
    filename: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """How the text tower beside a network makes vectors of texts.

    Attributes
    ----------
    tokenizer : OfficialWeights
        The file ``tokenizer.json``.
    template : str
        The text for a class whose name takes the place of ``{}``.
    length : int
        How many tokens the tower takes.
    first : tuple of int
        The tokens before those of the text.
    last, pad : int
        The token after them, and the one that fills up short texts.
    causal : bool
        Whether each token sees only those before it. Then `last` stands for the text, else the last
        of all `length` tokens.
    gelu : {"erf", "tanh"}
        How the activation of the blocks is computed.
    epsilon : float
        Of the normalisations.
    """

    tokenizer: OfficialWeights
    template: str
    length: int
    first: tuple[int, ...]
    last: int
    pad: int
    causal: bool
    gelu: str
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A trained network, with all facts that are needed to use it.

    Attributes
    ----------
    name, family : str
        Its usual name in snake case, and the family whose members share their preprocessing.
    builder : str
        Name of the function that builds the network: in
        `headstart.backbones.architectures.ARCHITECTURES`, else in ``keras.applications``.
    size : tuple of int
        Height and width in pixels of the images that it was trained on.
    min_size, max_size : int
        The smallest and the largest height and width that it can be converted for. A `max_size` of
        None sets no limit.
    multiple_of : int
        What height and width must be multiples of: the side of a patch.
    preprocessing : Preprocessing
        What happens to the pixels before the first layer.
    feature_layer : str or None
        The layer whose output is the features. None takes the mean of the last feature map over
        height and width. Either is what the builder gives for
        ``include_top=False, pooling="avg"``.
    n_features : int
        Number of features of an image.
    resize : {"crop", "squash", "pad", "keras"}
        How an image is brought to `size`; see `headstart.images.resizing.Resize`.
    crop_fraction : float
        For "crop": how much of the shorter side is kept.
    interpolation, antialias
        How pixels are computed when an image is resized; see `headstart.images.resizing.Resize`.
    weights, weights_without_top : OfficialWeights or None
        With and without the classifier; None for a network that has a `folder`. Hubs have no files
        without it.
    folder : Path or None
        The backbone folder that holds the weights; None for weights that are published.
    weights_sha256 : str or None
        Hash of the weights in `folder`.
    trained_on : str
        The dataset.
    classes : tuple of ClassName or None
        Classes of its classifier; None stands for the 1,000 classes of ImageNet-1k. It is empty
        for a network without a classifier.
    texts : Texts or None
        The text tower in the same file, for a network that was trained on images with their texts.
    license : str
        Licence of the weights.
    parameters, macs : int
        Number of parameters, and multiply-accumulates for one image of `size`. Both are counted on
        the graph, with the classifier.
    top1, top5 : float or None
        Published accuracy, 0 to 1, on the validation images of the dataset that it was
        `trained_on`; None if none is published. Compare only networks that were trained on the same
        dataset.
    source : str
        Where the network was described.
    """

    name: str
    family: str
    builder: str
    size: tuple[int, int]
    min_size: int = 32
    max_size: int | None = None
    multiple_of: int = 1
    preprocessing: Preprocessing
    feature_layer: str | None = None
    n_features: int
    resize: Rule = "crop"
    crop_fraction: float = 0.875
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    weights: OfficialWeights | None = None
    weights_without_top: OfficialWeights | None = None
    folder: Path | None = None
    weights_sha256: str | None = None
    trained_on: str = "ImageNet-1k"
    classes: tuple[ClassName, ...] | None = field(default=None, repr=False)
    texts: Texts | None = field(default=None, repr=False)
    license: str
    parameters: int
    macs: int
    top1: float | None
    top5: float | None
    source: str

    @property
    def n_classes(self) -> int:
        """Number of classes of its classifier."""
        return IMAGENET_CLASSES if self.classes is None else len(self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return the row in JSON's types, with the number of classes instead of their names."""
        folder = None if self.folder is None else str(self.folder)
        row = records.to_json(self, without=("classes",))
        return {**row, "folder": folder, "n_classes": self.n_classes}
