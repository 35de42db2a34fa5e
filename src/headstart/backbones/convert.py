"""Run Keras in a short process of its own, to convert a network or to list its layers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from headstart.errors import ConversionError, StorageError, UsageError, WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from headstart.backbones.row import Backbone

# Part of the key of every converted network: raise it whenever the graph comes out differently.
FORMAT = 1

#: The errors that the process reports by name. Every other error is a `ConversionError`.
REPORTED = (WeightsMismatch, StorageError, UsageError)


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
    return ask_keras(
        "export",
        **name_and_folder(row),
        weights=str(weights.resolve()),
        size=list(size),
        graph=str(graph.resolve()),
        feature_layer=feature_layer or "",
        layers=list(layers),
    )


def name_and_folder(row: Backbone) -> dict[str, str]:
    """Return the part of a request that says which backbone is meant."""
    folder = "" if row.folder is None else str(row.folder.resolve())
    return {"backbone": row.name, "folder": folder}


def ask_keras(task: str, **request: str | list[int] | list[str]) -> dict[str, Any]:
    """Run a task of `headstart.backbones.keras_export` and return its answer."""
    done = subprocess.run(
        # -P: a file called keras.py in the current directory must not be run.
        [sys.executable, "-P", "-m", "headstart.backbones.keras_export"],
        input=json.dumps({"task": task, **request}),
        env={**os.environ, "KERAS_BACKEND": "openvino"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    answer = _last_json_line(done.stdout)
    if answer is not None and "error" in answer:
        kinds = {kind.__name__: kind for kind in REPORTED}
        raise kinds[answer["error"]](answer["message"])
    if done.returncode == 0 and answer is not None:
        return answer
    raise ConversionError(
        f"{request.get('backbone', 'The network')} could not be converted: the process that runs "
        f"Keras ended with {done.returncode}. The end of its messages:\n"
        f"{done.stderr.strip()[-2000:]}"
    )


def _last_json_line(text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(text.strip().rpartition("\n")[2])
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
