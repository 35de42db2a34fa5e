"""Build a Keras network, load its weights and write its OpenVINO graph; runs as a process.

Keras fixes its backend for the whole process when it is imported. So the rest of headstart never
imports this module: `headstart.backbones.keras_process` runs it as

    KERAS_BACKEND=openvino python -m headstart.backbones.keras_export < request.json
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.folders import read_row
from headstart.backbones.keras_outputs import wire_outputs
from headstart.backbones.keras_process import REPORTED
from headstart.backbones.keras_weights import build, load
from headstart.networks.graph import finish_graph
from headstart.networks.keras_tracing import prepare, trace
from headstart.networks.runtime import count_macs, write_graph
from headstart.processes.asking import report, say
from headstart.processes.parent import end_with_parent
from headstart.storage.disk import is_no_room, storage_error
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from keras import Layer

    from headstart.backbones.row import Backbone


def export(request: dict[str, Any]) -> dict[str, Any]:
    """Write a graph, and return the shapes of its outputs and its multiply-accumulates.

    Parameters
    ----------
    request : dict
        ``backbone`` (a name), ``folder`` (of the backbone; empty for a name of the catalogue),
        ``weights`` (a path), ``size`` (height and width), ``graph`` (the path to write, ending in
        ``.xml``), ``feature_layer`` (a name, or empty), ``layers`` (names of layers whose outputs
        replace the usual ones; may be empty).
    """
    row = _backbone(request)
    height, width = request["size"]
    network = load(row, Path(request["weights"]), (height, width))
    outputs = (
        {name: network.model.get_layer(name).output for name in request["layers"]}
        if request.get("layers")
        else wire_outputs(row, network, request.get("feature_layer"))
    )
    model = trace(network.model.inputs, list(outputs.values()))
    finish_graph(model, list(outputs), row.preprocessing)
    write_graph(model, Path(request["graph"]))
    shapes = {
        output.get_any_name(): [axis.get_length() for axis in list(output.get_partial_shape())[1:]]
        for output in model.outputs
    }
    return {"outputs": shapes, "macs": count_macs(model)}


def _backbone(request: dict[str, Any]) -> Backbone:
    folder = request.get("folder")
    return read_row(Path(folder)) if folder else get_backbone(request["backbone"])


def summarise(request: dict[str, Any]) -> dict[str, Any]:
    """List the layers of a network.

    Parameters
    ----------
    request : dict
        ``backbone``, ``folder`` and ``size`` as for `export`; ``weights``: a path, or empty for the
        published network.
    """
    row = _backbone(request)
    height, width = request["size"]
    if request["weights"]:
        model = load(row, Path(request["weights"]), (height, width)).model
    else:
        model = build(row, (height, width), row.n_classes)
    return {"layers": [_layer(layer) for layer in model.layers]}


def _layer(layer: Layer) -> dict[str, Any]:
    output = layer.output[0] if isinstance(layer.output, list) else layer.output
    return {
        "name": layer.name,
        "kind": type(layer).__name__,
        "shape": list(output.shape[1:]),
        "parameters": layer.count_params(),
        "weights": [[weight.name, list(weight.shape)] for weight in layer.weights],
    }


TASKS = {"export": export, "summarise": summarise}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do the task that `request` names. Errors that are `REPORTED` are answers as well."""
    try:
        return TASKS[request["task"]](request)
    except REPORTED as error:
        return report(error, REPORTED)
    except OSError as error:
        if not is_no_room(error):
            raise
        return report(storage_error("the network", error), REPORTED)


def main() -> None:
    """Answer the request on standard input with a line of JSON on standard output."""
    end_with_parent()
    prepare()
    say(answer(parse_json(sys.stdin.read())))


if __name__ == "__main__":
    main()
