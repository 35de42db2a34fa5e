"""The ends of a Keras network: what goes in, what comes out; only where Keras may be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras import KerasTensor, Model

    from headstart.backbones.catalogue import Backbone
    from headstart.backbones.keras_weights import Loaded


def wire_outputs(row: Backbone, network: Loaded) -> dict[str, KerasTensor]:
    """Return the network's outputs by the names they have in a `Network`."""
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
    return outputs


def _last_map(model: Model) -> KerasTensor:
    """Return what the last pooling over the whole image sees; VGG's classifier has none."""
    kinds = [type(layer).__name__ for layer in model.layers]
    kind = "GlobalAveragePooling2D" if "GlobalAveragePooling2D" in kinds else "Flatten"
    last = len(kinds) - 1 - kinds[::-1].index(kind)
    return model.layers[last].input


def preprocess(pixels: Any, mode: str) -> Any:  # noqa: ANN401 - a tensor of any backend
    """Return RGB pixels (float, 0 to 255) as the network wants them.

    Parameters
    ----------
    pixels : tensor, shape (n, height, width, 3)
    mode : {'caffe', 'tf', 'torch', 'inside'}
        ``Backbone.preprocessing``.
    """
    from keras.applications import imagenet_utils

    if mode == "inside":
        return pixels
    return imagenet_utils.preprocess_input(pixels, data_format="channels_last", mode=mode)
