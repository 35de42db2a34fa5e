"""The versions of the packages that a model is made with."""

import importlib.metadata
import platform

from headstart.version import __version__

_PACKAGES = ("keras", "numpy", "openvino", "pillow", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of headstart, Python and the packages that affect the predictions."""
    return {
        "headstart": __version__,
        "python": platform.python_version(),
        **{name: version for name in _PACKAGES if (version := _installed(name))},
    }


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
