"""Weights in the safetensors format of the hubs, for networks that are built with Keras.

A network of the catalogue whose weights are such a file calls its layers as the file does, with
dashes for the dots, which Keras on torch refuses. So an array is found by the names of its layer
and its variable, and only the order of its axes and the publisher's words for a variable differ
from Keras's. Those are one table, by kind of layer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from headstart.errors import WeightsMismatch
from headstart.untrusted.regular_files import open_regular
from headstart.untrusted.tensor_files import open_tensors

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from keras import Layer, Model
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

_Variables = dict[str, tuple[str, tuple[int, ...] | None]]
_NORMALISATION: _Variables = {"gamma": ("weight", None), "beta": ("bias", None)}
#: By kind of layer: what publishers call a variable of Keras, and which axis of theirs is each axis
#: of Keras's. None keeps the order. A variable that is not here has Keras's name and order in the
#: file as well.
VARIABLES: dict[str, _Variables] = {
    "BatchNormalization": {
        **_NORMALISATION,
        "moving_mean": ("running_mean", None),
        "moving_variance": ("running_var", None),
    },
    "Conv2D": {"kernel": ("weight", (2, 3, 1, 0))},
    "Dense": {"kernel": ("weight", (1, 0))},
    "DepthwiseConv2D": {"kernel": ("weight", (2, 3, 0, 1))},
    "Embedding": {"embeddings": ("weight", None)},
    "LayerNormalization": _NORMALISATION,
}

#: What a file may hold besides the network: counters of training, and tables that follow from the
#: architecture.
_IDLE = r".*\.(num_batches_tracked|attention_bias_idxs|position_ids)"
#: By builder: what else its files hold, such as the text tower beside an image tower.
UNUSED = {
    **dict.fromkeys(["DINOv2Small", "DINOv2Base"], r"embeddings\.mask_token"),
    **dict.fromkeys(["CLIPViTB32", "SigLIP2ViTB16"], r"(text_model\.|text_proj|logit_).*"),
}


def is_safetensors(path: Path) -> bool:
    """Tell whether a file may be in the safetensors format, by its first bytes."""
    with open_regular(path) as file:
        start = file.read(9)
    # The length of the header, then the header, which is a JSON object.
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") < 2**27


def read_arrays(path: Path, builder: str = "") -> dict[str, Array]:
    """Return the arrays of a safetensors file by their names.

    Parameters
    ----------
    path : Path
    builder : str
        Name of the builder of the network. What it has no use for is not read.

    Raises
    ------
    WeightsMismatch
        If the file is no such file, is cut short, or has arrays of a type that NumPy lacks.
    """
    unused = _unused(builder)
    try:
        with open_tensors(path) as file:
            return {name: file.read(name) for name in file.entries if not unused.fullmatch(name)}
    except (OSError, ValueError) as error:
        raise WeightsMismatch(
            "A weights file must be whole, in the safetensors format, with arrays of 16, 32 or 64 "
            f"bits a number and not bfloat16. Received {path}, which can't be read: {error}. If a "
            "download or copy was cut short, fetch the file again."
        ) from error


def names_of(model: Model) -> dict[str, Any]:
    """Return the variables of a network by the names that its weights have in the file."""
    return {
        _name(layer, variable.name): variable
        for layer in model.layers
        for variable in layer.weights
    }


def count_classes(full: Model, arrays: dict[str, Array]) -> int | None:
    """Return the number of classes of a file's classifier; None if it has no classifier.

    Parameters
    ----------
    full : keras.Model
        The network with its classifier, which is the last of its layers that has weights.
    arrays : dict
        From `read_arrays`.
    """
    last = [layer for layer in full.layers if layer.weights][-1]
    bias = arrays.get(_name(last, "bias"))
    return None if bias is None or bias.ndim != 1 else bias.size or None


def fill(model: Model, arrays: dict[str, Array], path: Path, builder: str) -> None:
    """Give a network the weights of a file.

    Parameters
    ----------
    model : keras.Model
    arrays : dict
        From `read_arrays`.
    path : Path
        The file, for messages.
    builder : str
        Name of the builder of the network.

    Raises
    ------
    WeightsMismatch
        If an array is missing, has another shape, or is one that the network has no place for.
    """
    variables = names_of(model)
    unused = _unused(builder)
    surplus = [name for name in arrays.keys() - variables.keys() if not unused.fullmatch(name)]
    missing = variables.keys() - arrays.keys()
    if missing or surplus:
        raise WeightsMismatch(
            f"Weights for {model.name} must be {len(variables)} arrays with the names of its "
            f"layers. Received {path}, {_examples('without', missing)}"
            f"{' and ' if missing and surplus else ''}{_examples('with', surplus)}. Give the "
            "weights of this network, or name the backbone that the file belongs to."
        )
    for layer in model.layers:
        for variable in layer.weights:
            name = _name(layer, variable.name)
            variable.assign(_ordered(layer, variable, arrays[name], name, path))


def _unused(builder: str) -> re.Pattern[str]:
    return re.compile(f"{_IDLE}|{UNUSED[builder]}" if builder in UNUSED else _IDLE)


def _examples(word: str, names: Any) -> str:
    """Return the first of some names with their number, or nothing if there are none."""
    if not names:
        return ""
    return f"{word} {', '.join(sorted(names)[:2])}{', ...' if len(names) > 2 else ''}"


def _name(layer: Layer, variable: str) -> str:
    """Return the name that a file has for a variable of a layer."""
    word, _ = VARIABLES.get(type(layer).__name__, {}).get(variable, (variable, None))
    return f"{layer.name}.{word}".replace("-", ".")


def _ordered(layer: Layer, variable: Any, array: Array, name: str, path: Path) -> Array:
    """Return an array with the axes of the variable."""
    _, axes = VARIABLES.get(type(layer).__name__, {}).get(variable.name, ("", None))
    fits = axes is None or len(axes) == array.ndim
    ordered = array.transpose(axes) if axes is not None and fits else array
    if ordered.shape != tuple(variable.shape) or array.dtype.kind != "f":
        raise WeightsMismatch(
            f"The array {name} must be numbers of the shape {_published(variable.shape, axes)}. "
            f"Received {path}, where it is {array.dtype} of the shape {array.shape}. Give the "
            "weights of this network, or name the backbone that the file belongs to."
        )
    return ordered.astype("float32", copy=False)


def _published(shape: tuple[int, ...], axes: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the shape of a variable in the order of the file."""
    if axes is None:
        return tuple(shape)
    return tuple(shape[axes.index(axis)] for axis in range(len(axes)))
