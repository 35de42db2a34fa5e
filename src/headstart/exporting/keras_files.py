"""Keras's and LiteRT's formats: written and run by Keras in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from headstart.errors import ConversionError, MissingExtra
from headstart.escaping import printable
from headstart.exporting.format import Format
from headstart.exporting.model_info import label_lines, own_info
from headstart.networks.keras_settings import environment
from headstart.networks.runtime import write_graph
from headstart.processes.asking import ask
from headstart.storage.disk import storage_error
from headstart.storage.whole_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.exporting.exported_model import ExportedModel

_MODULE = "headstart.exporting.keras_process"
# What Keras builds, saves and converts with. A file that it writes runs on the others as well.
_BACKEND = "tensorflow"


def _writer(to: Literal["keras", "litert"]) -> Any:
    def write(model: ExportedModel, path: Path) -> None:
        if model.network.quantised:
            raise ConversionError(
                "A model is exported to Keras and LiteRT if it computes in float32. Received: a "
                f"network with 8 bits, {printable(model.network.name)}. Export it to onnx or "
                "openvino, or train a model without --precision int8."
            )
        with temporary_folder() as folder:
            write_graph(model.graph, folder / "graph.xml")
            _ask_keras(
                {
                    "task": f"write_{to}",
                    "graph": str(folder / "graph.xml"),
                    "path": str(path.resolve()),
                    "labels": label_lines(model.labels),
                    "license": model.network.license or "",
                    "info": own_info(model),
                }
            )

    return write


def _runner(to: Literal["keras", "litert"]) -> Any:
    def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        request = {"task": f"run_{to}", "path": str(path.resolve()), "shape": list(images.shape)}
        answer = _ask_keras(request, np.ascontiguousarray(images).tobytes())
        return np.array(answer["probabilities"], np.float32)

    return run


def _ask_keras(request: Mapping[str, Any], pixels: bytes = b"") -> dict[str, Any]:
    """Run a task of `headstart.exporting.keras_process`, and return its answer."""
    with temporary_folder() as settings:
        # It writes much to stderr, and may look for GPUs.
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        message = json.dumps(request).encode() + b"\n" + pixels
        reply = ask(_MODULE, message, {**environment(settings, _BACKEND), **quiet})
    answer = reply.answer or {}
    if "not_rebuilt" in answer:
        raise ConversionError(
            "A model is exported to Keras and LiteRT if Keras has all of its operations. Received: "
            f"{answer['not_rebuilt']}. Export it to onnx or openvino."
        )
    if "no_room" in answer:
        place = f"temporary files in {tempfile.gettempdir()}"
        raise storage_error(place, "there is no room left on its disk")
    if reply.status or not answer:
        raise reply.failure("The model could not be exported", "Keras")
    return answer


def _checker(title: str, extras: Mapping[str, str]) -> Callable[[], None]:
    def check() -> None:
        missing = [
            name for package, name in extras.items() if not importlib.util.find_spec(package)
        ]
        if missing:
            raise MissingExtra(f"Exporting to {title}", ",".join(missing))

    return check


_check_keras = _checker("Keras", {_BACKEND: "finetune"})
_check_litert = _checker("LiteRT", {_BACKEND: "finetune", "ai_edge_litert": "litert"})
KERAS = Format("Keras", (".keras",), "Keras", _check_keras, _writer("keras"), _runner("keras"))
LITERT = Format(
    "LiteRT",
    (".tflite",),
    "LiteRT's interpreter",
    _check_litert,
    _writer("litert"),
    _runner("litert"),
)
