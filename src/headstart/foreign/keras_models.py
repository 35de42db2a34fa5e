"""Build the network of a Keras file, and trace it; used only in the process that converts.

Keras is imported with the environment of `headstart.networks.keras_settings.environment`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from headstart.errors import StorageError
from headstart.foreign.keras_files import opened_keras_file
from headstart.networks.keras_tracing import trace
from headstart.networks.layers import is_numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
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
        From one float image ``[1, height, width, channels]`` to the network's output. What a layer
        gives has the layer's name.

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
            with _named_by_layers():
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


@contextlib.contextmanager
def _named_by_layers() -> Iterator[None]:
    """Give the last operation of each layer the layer's name, as long as the context lasts.

    Keras's OpenVINO backend names nothing. Of layers inside each other the innermost counts: what
    holds it ends with the same operation.
    """
    import keras

    call, named = keras.Layer.__call__, set()

    def calling(layer: Any, *args: Any, **settings: Any) -> Any:
        result = call(layer, *args, **settings)
        value: Any = getattr(result, "output", None)  # of a tensor of the OpenVINO backend
        if hasattr(value, "get_node") and layer.name not in named:
            node = value.get_node()
            while node.get_type_name() in _ONLY_HAND_ON:
                node = node.input_value(0).get_node()
            if is_numbered(node):
                named.add(layer.name)
                node.set_friendly_name(layer.name)
        return result

    with mock.patch.object(keras.Layer, "__call__", calling):
        yield


class _Unfit(ValueError):
    """The reason is a sentence of ours."""


_SHOWN = 300
# What moves axes for OpenVINO's kernels, and what converts numbers: both vanish later.
_ONLY_HAND_ON = ("Transpose", "Convert")
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
        raise _Unfit(
            f"a network for images of any size, {shapes[0]}: give the size, such as --size 224"
        )
    numbers = model.count_params()
    if numbers > file.n_numbers:
        raise _Unfit(f"{numbers:,} weights described, and {file.n_numbers:,} in the file")
