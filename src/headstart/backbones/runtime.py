"""OpenVINO, imported late and silent.

Importing OpenVINO sends a usage event when the package ``openvino-telemetry`` is installed, which
it always is: OpenVINO depends on it. When that package can't be imported OpenVINO falls back on a
stub of its own that sends nothing, so we make the import fail.
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
    """Make sure that OpenVINO, imported after this, has nothing to report with."""
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]


def load_openvino() -> ModuleType:
    """Import OpenVINO with its telemetry switched off.

    Returns
    -------
    module
        ``openvino``. Whoever needs it gets it here, so that nothing is ever sent anywhere.
    """
    silence_telemetry()
    import openvino

    return openvino


def write_graph(model: Model, path: Path) -> None:
    """Write a graph as ``.xml`` with its numbers, float32, beside it as ``.bin``.

    Raises
    ------
    StorageError
        If it can't be written, because the disk is full for example.
    """
    try:
        load_openvino().save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:
        # All that OpenVINO says of a full disk is "iostream error"; of others, in the last line.
        raise storage_error(str(path), str(error).strip().splitlines()[-1]) from error
