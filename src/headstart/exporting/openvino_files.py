"""OpenVINO's own format: ``.xml`` with the graph and its metadata, ``.bin`` with the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.exporting.format import Format
from headstart.exporting.model_info import HEADSTART, MODEL_INFO, model_info, own_info
from headstart.networks.runtime import load_openvino, load_processor, write_graph
from headstart.prediction.graph import PROBABILITIES

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.exporting.exported_model import ExportedModel


def write(model: ExportedModel, path: Path) -> None:
    """Write the model; see `Format`."""
    for name, value in model_info(model).items():
        model.graph.set_rt_info(value, [MODEL_INFO, name])
    model.graph.set_rt_info(own_info(model), [HEADSTART])
    write_graph(model.graph, path)


def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities that OpenVINO computes; see `Format`."""
    core = load_processor()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: NDArray[np.float32] = compiled(images)[PROBABILITIES]
    return found


def _check() -> None:
    """Nothing is missing: headstart itself runs on it."""
    load_openvino()


OPENVINO = Format("OpenVINO", (".xml", ".bin"), "OpenVINO", _check, write, run)
