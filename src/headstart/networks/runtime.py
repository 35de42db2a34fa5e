"""Import OpenVINO late and without telemetry; write graphs and count their cost.

Importing OpenVINO sends a usage event if the package ``openvino-telemetry`` is installed. It always
is, because OpenVINO depends on it. If that package can't be imported, OpenVINO uses a stub that
sends nothing. So we make the import fail.
"""

from __future__ import annotations

import math
import sys
import threading
from typing import TYPE_CHECKING

from headstart.storage.disk import storage_error

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from openvino import Core, Model, Node


def silence_telemetry() -> None:
    """Keep OpenVINO from sending usage events. Call this before OpenVINO is imported."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


def load_openvino() -> ModuleType:
    """Import OpenVINO with its telemetry switched off.

    Returns
    -------
    module
        ``openvino``. All of headstart imports it by this function.
    """
    silence_telemetry()
    import openvino

    return openvino


def load_processor() -> Core:
    """Return a core of OpenVINO that is ready to compile networks for the processor.

    On Linux, the part of OpenVINO that runs networks on the processor gives the thread that loads
    it another stack for signals, and unmaps it when it is unloaded. Unloaded by another thread, or
    in another order than loaded, it leaves a stack that is not there: the next Ctrl-C would be a
    segmentation fault. So it is loaded by a thread that ends at once.
    """
    core = load_openvino().Core()
    loading = threading.Thread(target=core.get_versions, args=("CPU",))
    loading.start()
    loading.join()
    return core


def write_graph(model: Model, path: Path) -> None:
    """Write a graph as ``.xml``, with its weights in float32 beside it as ``.bin``.

    Raises
    ------
    StorageError
        If the files can't be written, for example because the disk is full.
    """
    try:
        load_openvino().save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:
        # The last line of OpenVINO's message has the reason. For a full disk that is only
        # "iostream error".
        raise storage_error(str(path), str(error).strip().splitlines()[-1]) from error


def for_one_image(model: Model) -> Model:
    """Return a graph in which the first axis counts what there is of one image.

    Where windows of an image stand in the first axis, it does not tell their number otherwise.
    """
    if not any(_counts_windows(node) for node in model.get_ops()):
        return model
    one = model.clone()
    _, *image = one.input().get_partial_shape()
    one.get_parameters()[0].set_partial_shape(type(one.input().get_partial_shape())([1, *image]))
    one.validate_nodes_and_infer_types()
    return one


def _counts_windows(node: Node) -> bool:
    return node.get_type_name() == "Reshape" and (
        node.input_value(1).get_node().get_data().reshape(-1)[:1] == -1
    )


def count_macs(model: Model) -> int:
    """Count the multiply-accumulates of one image.

    Parameters
    ----------
    model : openvino.Model
        In channels-first order, with constants folded. Only the batch size may be dynamic.

    Returns
    -------
    int
        Those of convolutions and matrix products. Elementwise operations are not counted, as in
        papers; they are about a thousandth.
    """
    return sum(_macs(node) for node in for_one_image(model).get_ordered_ops())


def _macs(node: Node) -> int:
    kind = node.get_type_name()
    if kind in ("Convolution", "GroupConvolution"):
        kernel = list(node.input_value(1).get_shape())
        per_value = math.prod(kernel[2:] if kind == "GroupConvolution" else kernel[1:])
        return per_value * _values(node)
    if kind == "MatMul":
        shape = node.get_input_partial_shape(0)
        return int(shape[len(shape) - 1].get_length()) * _values(node)
    return 0


def _values(node: Node) -> int:
    sides = node.get_output_partial_shape(0)
    return math.prod(side.get_length() for side in sides if side.is_static)
