"""Check a network of another program before a front end, in C++, reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.foreign.contents import refused
from headstart.foreign.ir_check import check_ir
from headstart.foreign.onnx_check import check_onnx
from headstart.foreign.saved_model_check import check_saved_model
from headstart.foreign.tflite_check import check_tflite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from headstart.foreign.files import ForeignFile, Format

# Keras's files are checked where they are unpacked: `headstart.foreign.keras_files`.
_CHECKS: Mapping[Format, Callable[[Path], None]] = {
    "onnx": check_onnx,
    "openvino": check_ir,
    "saved_model": check_saved_model,
    "tflite": check_tflite,
}


def check(file: ForeignFile) -> None:
    """Check a file before a front end reads it; nothing in it is run or loaded.

    Raises
    ------
    ConversionError
        If it is refused: damaged, or made to harm.
    """
    look = _CHECKS.get(file.format)
    if look is None:
        return
    try:
        look(file.path)
    except (OSError, ValueError) as error:
        raise refused(file, str(error)) from error
