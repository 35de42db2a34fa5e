"""Keras networks for fine-tuning: a pre-trained backbone with one's own head on it, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones import keras_outputs, keras_weights
from headstart.bundle.scoring import AffineSoftmax, DenseSoftmax, Layer, Scorer
from headstart.errors import UsageError
from headstart.gradients.folding import Folded, fold
from headstart.gradients.freezing import FreezePoint, freeze
from headstart.gradients.optimizers import layerwise_rates, make_loss, make_optimizer
from headstart.storage import writing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from keras import KerasTensor, Model

    from headstart.backbones.catalogue import Backbone
    from headstart.finetuning.recipe import Recipe

_POLICIES = {"f32": "float32", "bf16": "mixed_bfloat16"}
_HEAD = "head_"


@dataclass(frozen=True, slots=True, eq=False)
class Divided:
    """A backbone with its weights, divided at the freeze point.

    Attributes
    ----------
    keras : module
    row : Backbone
    whole : keras.Model
        As `keras.applications` builds it: what the weights file is of.
    point : FreezePoint
    """

    keras: ModuleType
    row: Backbone
    whole: Model
    point: FreezePoint


def divide(
    keras: ModuleType,
    row: Backbone,
    weights: Path,
    size: int,
    *,
    layer: str | None,
    pooling: str,
    where: int | str,
    precision: str,
) -> Divided:
    """Build a backbone, fill it, and freeze what lies below the freeze point.

    Raises
    ------
    UsageError
        If there is no such freeze point.
    WeightsMismatch
    """
    policy = keras.config.dtype_policy()
    try:
        loaded = keras_weights.load(row, weights, (size, size))
    finally:
        keras.config.set_dtype_policy(policy)  # loading resets it, and it is the user's
    for each in loaded.model.layers:
        each.dtype_policy = _POLICIES[precision]
    outputs = keras_outputs.wire_outputs(row, loaded, layer)
    features = _pooled(keras, outputs, pooling)
    backbone = keras.Model(loaded.model.input, features, name=row.name)
    return Divided(keras, row, loaded.model, freeze(keras, backbone, where))


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """A network to class probabilities, in the form it is trained in.

    Attributes
    ----------
    network : keras.Model
    body : Folded
        What of it belongs to the backbone.
    """

    network: Model
    body: Folded


def _pooled(keras: ModuleType, outputs: dict[str, KerasTensor], pooling: str) -> KerasTensor:
    layers = {
        "avg": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
        "flatten": keras.layers.Flatten,
    }
    if pooling == "auto":
        return outputs["features"]
    return layers[pooling]()(outputs["feature_map"])


def with_head(
    divided: Divided,
    layers: Sequence[Layer],
    *,
    dropout: float,
    upper_only: bool,
    any_size: bool = False,
) -> Assembled:
    """Return a network to class probabilities.

    Parameters
    ----------
    divided : Divided
    layers : sequence of Layer
        Of the head that was trained on the frozen features, with its weights.
    dropout : float
    upper_only : bool
        Whether it begins at the freeze point, rather than at pixels (RGB, 0 to 255).
    any_size : bool
        Whether it takes images of other sizes than the backbone's, too.

    Raises
    ------
    UsageError
        If it should, but can't: what its layers look like depends on the size.
    """
    keras, point = divided.keras, divided.point
    inputs: Any
    if upper_only and point.upper is not None:
        body = fold(keras, point.upper)
        inputs, values = body.model.inputs, body.model.output
    else:
        if any_size:
            _check_any_size(keras, divided)
        body = fold(keras, point.backbone, any_size=any_size)
        inputs = keras.Input(body.model.input.shape[1:], dtype="float32")
        values = body.model(keras_outputs.preprocess(inputs, divided.row.preprocessing))
    for number, layer in enumerate(layers):
        last = number == len(layers) - 1
        if dropout and (last or number):
            values = keras.layers.Dropout(dropout, seed=number, dtype="float32")(values)
        values = keras.layers.Dense(
            layer.weights.shape[1],
            "softmax" if last else layer.activation,
            dtype="float32",
            name=f"{_HEAD}{number}",
        )(values)
    network = keras.Model(inputs, values)
    put_head(network, layers)
    return Assembled(network, body)


def _check_any_size(keras: ModuleType, divided: Divided) -> None:
    for layer in divided.point.backbone.layers:
        if isinstance(layer, keras.layers.Flatten):
            raise UsageError(
                "To learn from images of another size than the network is used on, its features "
                "must be means or maxima over a feature map. Received: "
                f"{divided.row.name} with the layer {layer.name!r}, which needs one size. "
                "Take pooling='avg', or no size to learn from."
            )


def put_head(network: Model, layers: Sequence[Layer]) -> None:
    """Give the head of a network these weights."""
    for number, layer in enumerate(layers):
        network.get_layer(f"{_HEAD}{number}").set_weights([layer.weights, layer.bias])


def scorer_of(network: Model) -> Scorer:
    """Return the head of a network as arrays."""
    found = []
    for layer in network.layers:
        if layer.name.startswith(_HEAD):
            weights, bias = (np.array(each, np.float32) for each in layer.get_weights())
            name = layer.activation.__name__
            found.append(Layer(weights, bias, "linear" if name == "softmax" else name))
    if len(found) == 1:
        return AffineSoftmax(found[0].weights, found[0].bias)
    return DenseSoftmax(found)


def make_ready(keras: ModuleType, network: Model, recipe: Recipe) -> None:
    """Give a network the optimizer and the loss of a recipe, both as new."""
    rates = layerwise_rates(network, recipe.layer_decay) if recipe.layer_decay < 1 else None
    optimizer = make_optimizer(
        keras,
        recipe.optimizer,
        recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        rates=rates,
    )
    loss = make_loss(keras, recipe.loss, recipe.label_smoothing)
    network.compile(optimizer, loss, jit_compile=False)
    optimizer.build(network.trainable_variables)


def save_weights(divided: Divided, path: Path) -> None:
    """Write the backbone's weights as they are now into ``.weights.h5``.

    Raises
    ------
    StorageError
    """
    with writing(str(path)):
        divided.whole.save_weights(path)
