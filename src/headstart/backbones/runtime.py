"""OpenVINO, imported late and without telemetry.

Importing OpenVINO sends a usage event if the package ``openvino-telemetry`` is installed. It always
is, because OpenVINO depends on it. If that package can't be imported, OpenVINO uses a stub that
sends nothing. So we make the import fail.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from headstart.storage import storage_error

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from openvino import Model

TELEMETRY = "openvino_telemetry"


def silence_telemetry() -> None:
    """Keep OpenVINO from sending usage events. Call this before OpenVINO is imported."""
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]


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
