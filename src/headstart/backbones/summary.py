"""A network's layers, shapes, parameters and weights, for people to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
        Keras's name of it, and its class, such as ``Conv2D``.
    shape : tuple of int
        Of its output, without the batch axis: height, width and channels for a feature map.
    parameters : int
        How many numbers it holds.
    weights : tuple of (str, tuple of int)
        Name and shape of each of its arrays.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
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
        In the order the image passes through them.
    """

    backbone: Backbone
    size: tuple[int, int]
    layers: tuple[LayerSummary, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the network holds."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def weights_bytes(self) -> int:
        """What they take as float32."""
        return 4 * self.parameters


def summarise(
    backbone: Backbone, *, size: tuple[int, int] | None = None, weights: Path | None = None
) -> Summary:
    """Describe a network layer by layer.

    Parameters
    ----------
    backbone : Backbone
    size : tuple of int, optional
        Height and width in pixels, if not the backbone's own.
    weights : Path, optional
        Describe the network as this file fills it: it may lack the classifier, or have one of its
        own. Without it no weights are needed.

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
    return Summary(backbone, chosen, tuple(_layer(layer) for layer in answer["layers"]))


def _layer(found: dict[str, Any]) -> LayerSummary:
    return LayerSummary(
        name=found["name"],
        kind=found["kind"],
        shape=tuple(found["shape"]),
        parameters=found["parameters"],
        weights=tuple((name, tuple(shape)) for name, shape in found["weights"]),
    )
