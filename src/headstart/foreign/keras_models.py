"""Build the network of a Keras file, and trace it; used only in the process that converts.

Keras is imported with the environment of `headstart.networks.keras_settings.environment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.errors import StorageError
from headstart.foreign.keras_files import opened_keras_file
from headstart.networks.keras_tracing import trace

if TYPE_CHECKING:
    from pathlib import Path

    from keras import Model
    from openvino import Model as Graph

    from headstart.foreign.keras_files import KerasFile


def read_keras_model(path: Path, size: tuple[int, int] | None = None) -> Graph:
    """Return the graph of a network in a Keras file.

    Parameters
    ----------
    path : Path
    size : tuple of int, optional
        Height and width of the images, where the network takes any.

    Returns
    -------
    openvino.Model
        From one float image ``[1, height, width, channels]`` to the network's output.

    Raises
    ------
    ValueError
        See `opened_keras_file`; or if Keras can't build what the file describes, the weights are
        others, or it takes anything but one image of a known size.
    StorageError
        If there is no room among the temporary files.
    """
    with opened_keras_file(path, size) as file:
        try:
            model = _filled(file)
            return trace(model.inputs, model.outputs)
        except (StorageError, _Unfit):
            raise
        except _OF_KERAS as error:
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(f"what Keras can't build: {why[0][:_SHOWN]}") from error


def _filled(file: KerasFile) -> Model:
    import keras

    keras.utils.clear_session()
    # No variable takes memory before the weights that are in the file replace it.
    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(file.config, safe_mode=True)
    _check(model, file)
    model.load_weights(str(file.weights))
    return model


class _Unfit(ValueError):
    """The reason is a sentence of ours."""


_SHOWN = 300
# What Keras raises for descriptions and weights that do not fit.
_OF_KERAS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError),
    *(OSError, RuntimeError, TypeError, ValueError),
)


def _check(model: Model, file: KerasFile) -> None:
    shapes = [tuple(each.shape) for each in model.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or len(model.outputs) != 1:
        raise _Unfit(
            f"a network with inputs of the shapes {shapes} and {len(model.outputs)} outputs, where "
            "one image and one output are needed"
        )
    if None in shapes[0][1:]:
        raise _Unfit(f"a network for images of any size, {shapes[0]}: give the size as well")
    numbers = model.count_params()
    if numbers > file.n_numbers:
        raise _Unfit(f"{numbers:,} weights described, and {file.n_numbers:,} in the file")
