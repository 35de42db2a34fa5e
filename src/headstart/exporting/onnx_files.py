"""ONNX: one file, written without any package, and checked with ONNX Runtime."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

from headstart.errors import MissingExtra
from headstart.exporting.format import Format
from headstart.exporting.model_info import HEADSTART, MODEL_INFO, model_info, own_info
from headstart.exporting.onnx_operations import Translation
from headstart.prediction.graph import PROBABILITIES

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from headstart.exporting.exported_model import ExportedModel

_RUNTIME = "onnxruntime"
# Of ONNX Runtime: nothing below an error goes to the terminal.
_ERRORS_ONLY = 3
_NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"


def write(model: ExportedModel, path: Path) -> None:
    """Write the model; see `Format`."""
    metadata = {f"{MODEL_INFO} {name}": value for name, value in model_info(model).items()}
    graph = Translation(model.network.name).translate(model.graph)
    with path.open("wb") as file:
        for piece in graph.message({**metadata, HEADSTART: own_info(model)}):
            file.write(piece)


def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities that ONNX Runtime computes; see `Format`."""
    onnxruntime = load_onnxruntime()
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    found: NDArray[np.float32]
    (found,) = session.run([PROBABILITIES], {image.name: images})
    return found


def load_onnxruntime() -> ModuleType:
    """Import ONNX Runtime with its telemetry switched off.

    Version 1.32 sends usage events to its maker, unless the environment forbids it when it is
    imported. The environment stays as the user has it.
    """
    before = os.environ.get(_NO_TELEMETRY)
    os.environ[_NO_TELEMETRY] = "1"
    try:
        import onnxruntime
    finally:
        if before is None:
            del os.environ[_NO_TELEMETRY]
        else:
            os.environ[_NO_TELEMETRY] = before
    return onnxruntime


def _check() -> None:
    """Check that the program is here that the file is compared with."""
    if importlib.util.find_spec(_RUNTIME) is None:
        raise MissingExtra("Exporting to ONNX, which is checked with ONNX Runtime,", "onnx")


ONNX = Format("ONNX", (".onnx",), "ONNX Runtime", _check, write, run)
