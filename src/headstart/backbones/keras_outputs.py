"""The inputs and outputs of a Keras network; used only where Keras may be imported."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from headstart.backbones.vision_transformers import token_map
from headstart.errors import UsageError

if TYPE_CHECKING:
    from keras import KerasTensor, Model

    from headstart.backbones.keras_weights import Loaded
    from headstart.backbones.row import Backbone
    from headstart.networks.preprocessing import Preprocessing


def wire_outputs(
    row: Backbone, network: Loaded, layer: str | None = None
) -> dict[str, KerasTensor]:
    """Return the outputs of a network by their names in a `Network`.

    Parameters
    ----------
    row : Backbone
    network : Loaded
    layer : str, optional
        The layer that gives the features, instead of the row's own.

    Raises
    ------
    UsageError
        If there is no such layer, or its output can't be features.
    """
    import keras

    feature_map = _last_map(network.model)
    outputs = {"features": network.model.output, "feature_map": feature_map}
    if network.n_classes is not None:
        outputs["features"] = (
            keras.layers.GlobalAveragePooling2D()(feature_map)
            if row.feature_layer is None
            else network.model.get_layer(row.feature_layer).output
        )
        outputs["probabilities"] = network.model.output
    if layer:
        outputs |= _from_layer(row, network.model, layer)
    return outputs


def _from_layer(row: Backbone, model: Model, name: str) -> dict[str, KerasTensor]:
    import keras

    layers = {layer.name: layer for layer in model.layers}
    if name not in layers:
        close = difflib.get_close_matches(name, layers, n=3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UsageError(
            f"{row.name} with these weights and this size has no such layer. Received: {name!r}."
            f"{hint} `headstart models {row.name}` lists them."
        )
    output = layers[name].output
    if len(output.shape) == 2:
        return {"features": output}
    if len(output.shape) == 4:
        return {"features": keras.layers.GlobalAveragePooling2D()(output), "feature_map": output}
    raise UsageError(
        "Features must come from a layer whose output for an image is a feature map or a vector. "
        f"Received: {name!r} of {row.name}, with the shape {tuple(output.shape[1:])}."
    )


def _last_map(model: Model) -> KerasTensor:
    """Return the input of the last pooling over the whole image, or of VGG's ``Flatten``.

    Of a vision transformer, return the last tokens of the patches, in their places.
    """
    tokens = token_map(model)
    if tokens is not None:
        return tokens
    kinds = [type(layer).__name__ for layer in model.layers]
    kind = "GlobalAveragePooling2D" if "GlobalAveragePooling2D" in kinds else "Flatten"
    last = len(kinds) - 1 - kinds[::-1].index(kind)
    return model.layers[last].input


def preprocess(pixels: Any, how: Preprocessing) -> Any:
    """Return RGB pixels (float, 0 to 255) as the network takes them.

    Parameters
    ----------
    pixels : tensor, shape (n, height, width, 3)
    how : Preprocessing
        Of the backbone's row.
    """
    import keras

    if how.channels == "bgr":
        pixels = keras.ops.take(pixels, [2, 1, 0], axis=-1)
    for operation, numbers in how.steps():
        constant = keras.ops.convert_to_tensor(numbers, dtype=pixels.dtype)
        pixels = getattr(keras.ops, operation)(pixels, constant)
    return pixels
