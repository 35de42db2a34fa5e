"""Run Keras in a short process of its own, to convert a network or to list its layers."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.errors import StorageError, UsageError, WeightsMismatch
from headstart.escaping import printable
from headstart.networks.keras_settings import environment
from headstart.processes.asking import ask
from headstart.storage.whole_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from headstart.backbones.row import Backbone

# Part of the key of every converted network: raise it whenever the graph comes out differently.
FORMAT = 2
_MODULE = "headstart.backbones.keras_export"

_logger = logging.getLogger("headstart")

#: The errors that the process reports by name. Every other error is a `ConversionError`.
REPORTED = (WeightsMismatch, StorageError, UsageError)


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

    def to_dict(self) -> dict[str, Any]:
        """Return the row and the layers in JSON's types; what is for its own size only is None."""
        row = self.backbone.to_dict()
        if self.size != self.backbone.size:
            row |= {"macs": None, "top1": None, "top5": None}
        layers = [records.to_json(layer) for layer in self.layers]
        return {**row, "size": list(self.size), "parameters": self.parameters, "layers": layers}

    @property
    def weights_bytes(self) -> int:
        """Size of the parameters as float32, in bytes."""
        return 4 * self.parameters


def convert(
    row: Backbone,
    weights: Path,
    size: tuple[int, int],
    graph: Path,
    *,
    feature_layer: str | None = None,
    layers: Sequence[str] = (),
) -> dict[str, Any]:
    """Write the OpenVINO graph of a backbone with these weights.

    Parameters
    ----------
    row : Backbone
    weights : Path
        Keras weights, with or without the classifier.
    size : tuple of int
        Height and width of the images, in pixels.
    graph : Path
        The file to write, ending in ``.xml``. The weights go beside it, into ``.bin``.
    feature_layer : str, optional
        The layer of the Keras network that gives the features, instead of the row's own.
    layers : sequence of str
        Names of layers of the Keras network. If given, their outputs replace the usual outputs;
        each has the name of its layer.

    Returns
    -------
    dict
        ``outputs``: the shape of each output without its batch axis. ``macs``:
        multiply-accumulates for one image.

    Raises
    ------
    WeightsMismatch
        If the weights belong to another network.
    StorageError
        If the graph can't be written.
    UsageError
        If there is no such layer.
    ConversionError
        If Keras or OpenVINO fails; with the end of what they wrote to stderr.
    """
    began = time.perf_counter()
    answer = ask_keras(
        "export",
        row,
        weights=str(weights.resolve()),
        size=list(size),
        graph=str(graph.resolve()),
        feature_layer=feature_layer or "",
        layers=list(layers),
    )
    _logger.info("converted %s in %.1f s", printable(row.name), time.perf_counter() - began)
    return answer


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
        backbone,
        size=list(chosen),
        weights=str(weights.resolve()) if weights else "",
    )
    layers = (records.from_json(LayerSummary, layer) for layer in answer["layers"])
    return Summary(backbone, chosen, tuple(layers))


def ask_keras(task: str, row: Backbone, **request: str | list[int] | list[str]) -> dict[str, Any]:
    """Run a task of `headstart.backbones.keras_export` for a backbone, and return its answer."""
    folder = "" if row.folder is None else str(row.folder.resolve())
    message = {"task": task, "backbone": row.name, "folder": folder, **request}
    with temporary_folder() as settings:
        reply = ask(_MODULE, json.dumps(message).encode(), environment(settings, "openvino"))
    if error := reply.reported(REPORTED):
        raise error
    if reply.status == 0 and reply.answer is not None:
        return reply.answer
    raise reply.failure(f"{row.name} could not be converted", "Keras")
