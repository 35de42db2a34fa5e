"""The layers of a network: shapes, parameters and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart import records
from headstart.backbones.convert import ask_keras, name_and_folder

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.backbones.row import Backbone


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One layer.

    Attributes
    ----------
    name, kind : str
        Keras's name of the layer, and its class, such as ``Conv2D``.
    shape : tuple of int
        Shape of its output without the batch axis: height, width and channels for a feature map.
    parameters : int
        Number of parameters.
    weights : tuple of (str, tuple of int)
        Name and shape of each of its arrays.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    weights: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole network.

    Attributes
    ----------
    backbone : Backbone
    size : tuple of int
        Height and width of the images, in pixels.
    layers : tuple of LayerSummary
        In the order that an image passes through them.
    """

    backbone: Backbone
    size: tuple[int, int]
    layers: tuple[LayerSummary, ...]

    @property
    def parameters(self) -> int:
        """Number of parameters of the network."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def weights_bytes(self) -> int:
        """Size of the parameters as float32, in bytes."""
        return 4 * self.parameters


def summarise(
    backbone: Backbone, *, size: tuple[int, int] | None = None, weights: Path | None = None
) -> Summary:
    """List the layers of a network.

    Parameters
    ----------
    backbone : Backbone
    size : tuple of int, optional
        Height and width in pixels, instead of the backbone's own.
    weights : Path, optional
        List the layers of the network that this weights file belongs to. It may lack the classifier
        or have another one. Without a file no weights are needed.

    Raises
    ------
    WeightsMismatch, ConversionError
    """
    chosen = size or backbone.size
    answer = ask_keras(
        "summarise",
        **name_and_folder(backbone),
        size=list(chosen),
        weights=str(weights.resolve()) if weights else "",
    )
    layers = (records.from_json(LayerSummary, layer) for layer in answer["layers"])
    return Summary(backbone, chosen, tuple(layers))
