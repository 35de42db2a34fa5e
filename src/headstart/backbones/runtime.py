"""OpenVINO, imported late and silent.

Importing OpenVINO sends a usage event when the package ``openvino-telemetry`` is installed, which
it always is: OpenVINO depends on it. When that package can't be imported OpenVINO falls back on a
stub of its own that sends nothing, so we make the import fail.
"""

import sys
from types import ModuleType

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
