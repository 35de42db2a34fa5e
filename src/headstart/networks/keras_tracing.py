"""Import Keras fast, and trace its networks; used only in processes that convert networks.

Keras fixes its backend for the whole process when it is imported. Such a process has the
environment of `headstart.networks.keras_settings.environment`, with the backend "openvino".
"""

from __future__ import annotations

import gc
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from importlib.util import LazyLoader
from typing import TYPE_CHECKING

from headstart.networks.runtime import load_openvino, silence_telemetry
from headstart.storage.disk import storage_error
from headstart.storage.whole_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from keras import KerasTensor
    from openvino import Model

# Keras imports these if they are installed. They are not needed here and take seconds.
NOT_NEEDED = ("jax", "matplotlib", "pandas", "sklearn", "tensorflow", "torch")
# Keras imports this in any case, but only two operations on sound use it.
SELDOM_NEEDED = ("scipy.signal",)


class _Finder(MetaPathFinder):
    """Finds nothing where a package is `NOT_NEEDED`; what is `SELDOM_NEEDED` loads when used."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in NOT_NEEDED:
            raise ModuleNotFoundError(f"A conversion needs no {name}.", name=name)
        if name not in SELDOM_NEEDED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def prepare() -> None:
    """Import Keras fast, and OpenVINO without telemetry."""
    silence_telemetry()
    sys.meta_path.insert(0, _Finder())
    import keras  # noqa: F401 - what it imports stays to the end:

    gc.freeze()  # no search for garbage need look there, such as that of `clear_session`


def trace(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> Model:
    """Return the OpenVINO model that computes `outputs` from one image.

    Raises
    ------
    StorageError
        If there is no room for it among the temporary files.
    """
    import keras

    image = keras.InputSpec(shape=(1, *inputs[0].shape[1:]), dtype="float32")
    with temporary_folder() as folder:
        path = folder / "traced.xml"
        try:
            keras.Model(inputs, outputs).export(
                str(path), format="openvino", verbose=False, input_signature=[image]
            )
        except RuntimeError as error:
            if "iostream" not in str(error):  # all that OpenVINO says of a full disk
                raise
            raise storage_error(str(folder), f"not all of it was written ({error})") from error
        return load_openvino().Core().read_model(path)
