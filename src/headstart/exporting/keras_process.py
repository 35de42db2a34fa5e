"""Write a model with Keras, or run one that was written; runs as a process.

The rest of headstart never imports this module: `headstart.exporting.keras_files` runs it with a
line of JSON, and then the pixels of images, on standard input.
"""

from __future__ import annotations

import contextlib
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.exporting.litert_metadata import with_metadata
from headstart.networks.keras_graph import NotRebuilt, rebuild
from headstart.networks.keras_operations import RULES
from headstart.networks.runtime import load_openvino
from headstart.processes.asking import say
from headstart.processes.parent import end_with_parent
from headstart.storage.disk import is_no_room
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Request = dict[str, Any]


def write_keras(request: Request) -> dict[str, Any]:
    """Write a ``.keras`` file; the labels stand in its ``metadata.json``."""
    path = Path(request["path"])
    _rebuilt(request).save(path)
    # Keras reads its own names there, and leaves others alone.
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(members["metadata.json"])
    about["headstart"] = json.loads(request["info"])
    members["metadata.json"] = json.dumps(about).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return {"done": True}


def write_litert(request: Request) -> dict[str, Any]:
    """Write a ``.tflite`` file with TFLite's metadata, and the labels packed in it."""
    path = Path(request["path"])
    with contextlib.redirect_stdout(sys.stderr):
        _rebuilt(request).export(str(path), format="litert", verbose=False)
    content = with_metadata(path.read_bytes(), request["license"])
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", request["labels"])
        archive.writestr("headstart.json", request["info"])
    return {"done": True}


def _rebuilt(request: Request) -> Any:
    import keras

    graph = load_openvino().Core().read_model(request["graph"])
    names = [next(iter(output.get_names())) for output in graph.outputs]
    return rebuild(keras, graph, names, RULES).model


def run_keras(request: Request, images: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the probabilities of images, by a ``.keras`` file as anybody loads it."""
    import keras

    model = keras.models.load_model(request["path"])
    found = model(images, training=False)["probabilities"]
    return {"probabilities": keras.ops.convert_to_numpy(found).tolist()}


def run_litert(request: Request, images: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the probabilities of images, by a ``.tflite`` file as anybody runs it."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(request["path"])
    runner = interpreter.get_signature_runner()
    (name,) = runner.get_input_details()
    # One by one: not every program makes room for more.
    found = [runner(**{name: image[None]})["probabilities"][0].tolist() for image in images]
    return {"probabilities": found}


_WRITERS: dict[str, Callable[[Request], dict[str, Any]]] = {
    "write_keras": write_keras,
    "write_litert": write_litert,
}
_RUNNERS = {"run_keras": run_keras, "run_litert": run_litert}


def answer(request: Request, pixels: bytes) -> dict[str, Any]:
    """Do the task that `request` names.

    That Keras has not an operation is an answer as well, and that a disk is full.
    """
    if request["task"] in _RUNNERS:
        images = np.frombuffer(pixels, np.uint8).reshape(request["shape"])
        return _RUNNERS[request["task"]](request, images)
    try:
        return _WRITERS[request["task"]](request)
    except NotRebuilt as error:
        return {"not_rebuilt": f"the operation {error}"}
    except Exception as error:
        if not is_no_room(error):
            raise
        return {"no_room": True}


def main() -> None:
    """Answer the request on standard input with a line of JSON on standard output."""
    end_with_parent()
    request = parse_json(sys.stdin.buffer.readline())
    found = answer(request, sys.stdin.buffer.read())
    say(found)


if __name__ == "__main__":
    main()
