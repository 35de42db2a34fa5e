"""Keras networks for fine-tuning: a pre-trained backbone with one's own head on it, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headstart.backbones import keras_outputs, keras_weights
from headstart.errors import UsageError
from headstart.prediction.scoring import AffineSoftmax, DenseSoftmax, Layer, Scorer
from headstart.storage import writing
from headstart.training.folding import Folded, dense_layers, fold
from headstart.training.freezing import FreezePoint, freeze
from headstart.training.optimizers import (
    compile_model,
    layerwise_rates,
    make_loss,
    make_optimizer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from keras import KerasTensor, Model
    from keras import Layer as KerasLayer

    from headstart.backbones.row import Backbone
    from headstart.finetuning.settings import FineTuning

_POLICIES = {"f32": "float32", "bf16": "mixed_bfloat16"}
_HEAD = "head_"


@dataclass(frozen=True, slots=True, eq=False)
class ForSize:
    """What differs in a network that is built for images of another size.

    Attributes
    ----------
    size : int
        Height and width, in pixels.
    paddings : dict of str to keras.Layer
        By their names, the layers that pad: by how much depends on whether a map's height is even.
    """

    size: int
    paddings: dict[str, KerasLayer]

    @classmethod
    def of(cls, keras: ModuleType, backbone: Model, other: Model) -> ForSize:
        """Return what differs in `other`, built like `backbone` for another size.

        Raises
        ------
        UsageError
            If its last feature map has another height or width. A network that learns on 4 x 4
            places knows no 5 x 5: on CIFAR-10 one fell from 92 to 76 % right.
        """
        maps = _maps(other)
        # A classifier, which `other` has none of, may go on with maps of one place.
        used, learnt = [
            (size, maps[name]) for name, size in _maps(backbone).items() if name in maps
        ][-1]
        size = int(other.input.shape[1])
        if used != learnt:
            raise UsageError(
                "Images to learn from must make a feature map as high and wide as those that the "
                f"network is used on. Received: {size} pixels, which make {learnt[0]} x "
                f"{learnt[1]}, for a network of {backbone.input.shape[1]} pixels, which make "
                f"{used[0]} x {used[1]}. Take a size nearer to the network's own."
            )
        kind = keras.layers.ZeroPadding2D
        return cls(size, {each.name: each for each in other.layers if isinstance(each, kind)})

    def rebuilt(self, keras: ModuleType, model: Model) -> Model:
        """Return a network for this size; all its layers but those that pad are `model`'s own."""
        return keras.models.clone_model(
            model,
            input_tensors=keras.Input((self.size, self.size, 3)),
            clone_function=lambda layer: self.paddings.get(layer.name, layer),
        )


def _maps(model: Model) -> dict[str, tuple[int, int]]:
    """Return the heights and widths of the feature maps that layers make, by their names."""
    return {
        layer.name: tuple(layer.output.shape[1:3])
        for layer in model.layers
        if len(layer.output.shape) == 4
    }


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
    for_size : ForSize or None
        What the images that it learns from need, if they are of another size.
    """

    keras: ModuleType
    row: Backbone
    whole: Model
    point: FreezePoint
    for_size: ForSize | None = None

    def learning_from(self, size: int | None) -> Divided:
        """Return the same, to learn from images of another size than it is used on.

        Raises
        ------
        UsageError
            If they make another feature map.
        """
        if size in (None, self.whole.input.shape[1]):
            return self
        other = keras_weights.build(self.row, (size, size), None)
        return replace(self, for_size=ForSize.of(self.keras, self.point.backbone, other))


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
    learner : keras.Model
        What is trained: the network itself, or the same layers for images of another size.
    body : Folded
        What of it belongs to the backbone.
    """

    network: Model
    learner: Model
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
    divided: Divided, layers: Sequence[Layer], *, dropout: float, upper_only: bool
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
    """
    keras, point = divided.keras, divided.point
    head = _head(keras, layers, dropout)
    if upper_only and point.upper is not None:
        body = fold(keras, point.upper)
        network = learner = keras.Model(body.model.inputs, _through(head, body.model.output))
    else:
        body = fold(keras, point.backbone)
        network = learner = _from_pixels(divided, body.model, head)
        if divided.for_size is not None:
            learner = _from_pixels(divided, divided.for_size.rebuilt(keras, body.model), head)
    put_head(network, layers)
    return Assembled(network, learner, body)


def _from_pixels(divided: Divided, body: Model, head: Sequence[KerasLayer]) -> Model:
    inputs = divided.keras.Input(body.input.shape[1:], dtype="float32")
    features = body(keras_outputs.preprocess(inputs, divided.row.preprocessing))
    return divided.keras.Model(inputs, _through(head, features))


def _head(keras: ModuleType, layers: Sequence[Layer], dropout: float) -> list[KerasLayer]:
    found = []
    for number, layer in enumerate(layers):
        last = number == len(layers) - 1
        if dropout and (last or number):
            found.append(keras.layers.Dropout(dropout, seed=number, dtype="float32"))
        found.append(
            keras.layers.Dense(
                layer.weights.shape[1],
                "softmax" if last else layer.activation,
                dtype="float32",
                name=f"{_HEAD}{number}",
            )
        )
    return found


def _through(head: Sequence[KerasLayer], values: KerasTensor) -> KerasTensor:
    for layer in head:
        values = layer(values)
    return values


def put_head(network: Model, layers: Sequence[Layer]) -> None:
    """Give the head of a network these weights."""
    for number, layer in enumerate(layers):
        network.get_layer(f"{_HEAD}{number}").set_weights([layer.weights, layer.bias])


def scorer_of(network: Model) -> Scorer:
    """Return the head of a network as arrays."""
    layers = dense_layers(layer for layer in network.layers if layer.name.startswith(_HEAD))
    if len(layers) == 1:
        return AffineSoftmax(layers[0].weights, layers[0].bias)
    return DenseSoftmax(layers)


def make_ready(keras: ModuleType, network: Model, recipe: FineTuning) -> None:
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
    compile_model(keras, network, optimizer, [loss])


def save_weights(divided: Divided, path: Path) -> None:
    """Write the backbone's weights as they are now into ``.weights.h5``.

    Raises
    ------
    StorageError
    """
    with writing(str(path)):
        divided.whole.save_weights(path)
