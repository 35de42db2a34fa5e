"""The Keras network that is fine-tuned: a pre-trained backbone, split at the freeze point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones import keras_outputs, keras_weights
from headstart.errors import UsageError
from headstart.finetuning.rebuilt_network import rebuilt_network
from headstart.networks.keras_graph import keras_name
from headstart.networks.preprocessing import INSIDE
from headstart.prediction.scoring import AffineSoftmax, DenseSoftmax, Layer, Scorer
from headstart.storage.disk import writing
from headstart.training.folding import Folded, dense_layers, fold
from headstart.training.freezing import ALL, LAST_STAGE, FreezePoint, freeze, is_number
from headstart.training.loop import assign
from headstart.training.optimizers import (
    compile_model,
    layerwise_rates,
    make_loss,
    make_optimizer,
)
from headstart.training.precision import DTYPE_POLICIES, kept_dtype_policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from keras import KerasTensor, Model
    from keras import Layer as KerasLayer
    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.features.engine import Precision
    from headstart.finetuning.settings import FineTuning
    from headstart.networks.keras_graph import Rebuilt
    from headstart.networks.network import Network
    from headstart.networks.preprocessing import Preprocessing
    from headstart.training.steps import Steps

_POOLING_LAYERS = {
    "avg": "GlobalAveragePooling2D",
    "max": "GlobalMaxPooling2D",
    "flatten": "Flatten",
}
_HEAD = "head_"


@dataclass(frozen=True, slots=True, eq=False)
class SplitNetwork:
    """A backbone with its weights, split at the freeze point.

    Attributes
    ----------
    keras : module
    preprocessing : Preprocessing
        What happens to pixels before the network.
    whole : keras.Model
        The network that the weights file belongs to, as `keras.applications` builds it.
    point : FreezePoint
    for_views : keras.Model or None
        The same backbone without weights, built for training views of another size.
    rebuilt : Rebuilt or None
        The graph that the backbone was made of, if no row builds it.
    """

    keras: ModuleType
    preprocessing: Preprocessing
    whole: Model
    point: FreezePoint
    for_views: Model | None
    rebuilt: Rebuilt | None = None

    def save_weights(self, path: Path) -> None:
        """Write the present weights of the backbone into a ``.weights.h5`` file.

        Raises
        ------
        StorageError
            If it can't be written.
        """
        with writing(str(path)):
            self.whole.save_weights(path)


def split_network(
    keras: ModuleType,
    row: Backbone,
    weights: Path,
    network: Network,
    settings: FineTuning,
    precision: Precision,
) -> SplitNetwork:
    """Build a backbone in Keras, load its weights, and freeze what is below the freeze point.

    Parameters
    ----------
    keras : module
    row : Backbone
    weights : Path
        The weights file.
    network : Network
        The converted network, whose size, layer and pooling the backbone gets.
    settings : FineTuning
    precision : {"f32", "bf16"}
        What training computes in.

    Raises
    ------
    UsageError
        If there is no such freeze point, or the views are of a size that does not fit.
    WeightsMismatch
        If the weights are not those of the backbone.
    """
    size, view_size = network.size[0], settings.view_size
    if view_size is not None and not row.min_size <= view_size <= size:
        raise UsageError(
            f"view_size must be from {row.min_size} to the size of the network, {size}. "
            f"Received: {view_size}."
        )
    with kept_dtype_policy(keras):
        loaded = keras_weights.load(row, weights, network.size)
    for layer in loaded.model.layers:
        layer.dtype_policy = DTYPE_POLICIES[precision]
    outputs = keras_outputs.wire_outputs(row, loaded, network.layer)
    features = outputs["features"]
    if network.pooling != "auto":
        pooling = getattr(keras.layers, _POOLING_LAYERS[network.pooling])
        features = pooling()(outputs["feature_map"])
    backbone = keras.Model(loaded.model.input, features, name=row.name)
    for_views = None
    if view_size not in (None, size):
        for_views = keras_weights.build(row, (view_size, view_size), None)
        _check_feature_map(backbone, for_views)
    point = freeze(keras, backbone, settings.where)
    return SplitNetwork(keras, row.preprocessing, loaded.model, point, for_views)


def split_graph(
    keras: ModuleType, network: Network, settings: FineTuning, precision: Precision
) -> SplitNetwork:
    """Build a Keras network of a graph, and freeze what is below the freeze point.

    Parameters
    ----------
    keras : module
    network : Network
        The converted network.
    settings : FineTuning
    precision : {"f32", "bf16"}
        What training computes in.

    Raises
    ------
    UsageError
        If Keras has not all operations of the graph, there is no such freeze point, or the views
        are of another size.
    """
    if settings.view_size not in (None, network.size[0]):
        raise UsageError(
            "view_size must be the size of a network that the catalogue does not build, "
            f"{network.size[0]}. Received: {settings.view_size}."
        )
    with kept_dtype_policy(keras):
        rebuilt = rebuilt_network(keras, network)
    for layer in rebuilt.model.layers:
        layer.dtype_policy = DTYPE_POLICIES[precision]
    point = freeze(keras, rebuilt.model, _where(settings.where))
    return SplitNetwork(keras, INSIDE, rebuilt.model, point, None, rebuilt)


def _where(where: int | str) -> int | str:
    """Return a freeze point as the layers of a rebuilt network are named."""
    text = str(where)
    return where if text in (ALL, LAST_STAGE) or is_number(text) else keras_name(text)


def _check_feature_map(backbone: Model, other: Model) -> None:
    """Refuse images that make a last feature map of another size.

    A network that learns on 4 x 4 places is worse on 5 x 5. On CIFAR-10 one fell from 92 to 76 %
    accuracy.
    """
    maps = _map_sizes(other)
    # The backbone may go on with maps of one place, in a classifier, which the other has not.
    used, learnt = [
        (size, maps[name]) for name, size in _map_sizes(backbone).items() if name in maps
    ][-1]
    if used != learnt:
        raise UsageError(
            "Training views must make a feature map of the same size as the network's images do. "
            f"Received: {other.input.shape[1]} pixels, which make {learnt[0]} x {learnt[1]}, for a "
            f"network of {backbone.input.shape[1]} pixels, which make {used[0]} x {used[1]}. Take "
            "a view_size nearer to the size of the network."
        )


def _map_sizes(model: Model) -> dict[str, tuple[int, int]]:
    """Return height and width of the feature map of each layer that makes one."""
    return {
        layer.name: tuple(layer.output.shape[1:3])
        for layer in model.layers
        if len(layer.output.shape) == 4
    }


@dataclass(frozen=True, slots=True, eq=False)
class TrainableNetwork:
    """A backbone, or its upper part, with a head, in the form that is trained.

    Attributes
    ----------
    network : keras.Model
        To class probabilities.
    model : keras.Model
        What is trained: the network itself, or the same layers for views of another size.
    backbone : Folded
        The part that belongs to the backbone.
    """

    network: Model
    model: Model
    backbone: Folded
    _variables: list[Any] = field(default_factory=list)
    _start: list[NDArray[Any]] = field(default_factory=list)

    def compile(self, keras: ModuleType, settings: FineTuning) -> Steps:
        """Return what trains the model, and remember its state as the start of each training."""
        decay = settings.layer_decay
        optimizer = make_optimizer(
            keras,
            settings.optimizer,
            settings.learning_rate,
            weight_decay=settings.weight_decay,
            rates=layerwise_rates(self.model, decay) if decay < 1 else None,
        )
        loss = make_loss(keras, settings.loss, settings.label_smoothing)
        steps = compile_model(keras, self.model, optimizer, [loss], network=self.network)
        self._variables[:] = [*self.model.variables, *optimizer.variables]
        # Not np.array: of a variable of Keras, it warns that this knows no copies.
        self._start[:] = [np.asarray(each).copy() for each in self._variables]
        return steps

    def restart(self) -> None:
        """Return to the start: weights, optimizer and what dropout draws from."""
        assign(self._variables, self._start)

    def set_head(self, layers: Sequence[Layer]) -> None:
        """Give the head these weights."""
        for number, layer in enumerate(layers):
            self.network.get_layer(f"{_HEAD}{number}").set_weights([layer.weights, layer.bias])

    def head(self) -> Scorer:
        """Return the head as it is now."""
        layers = dense_layers(
            layer for layer in self.network.layers if layer.name.startswith(_HEAD)
        )
        if len(layers) == 1:
            return AffineSoftmax(layers[0].weights, layers[0].bias)
        return DenseSoftmax(layers)


def with_head(
    split: SplitNetwork, layers: Sequence[Layer], *, dropout: float, upper_only: bool
) -> TrainableNetwork:
    """Return a network with a head, to train.

    Parameters
    ----------
    split : SplitNetwork
    layers : sequence of Layer
        The head that was trained on the features of the backbone.
    dropout : float
        The share of the inputs of each dense layer that is dropped, except of the first of several.
    upper_only : bool
        Whether the network begins at the freeze point, instead of at pixels (RGB, 0 to 255).
    """
    keras, point = split.keras, split.point
    head = _head_layers(keras, layers, dropout)
    if upper_only and point.upper is not None:
        folded = fold(keras, point.upper)
        network = keras.Model(folded.model.inputs, _apply(head, folded.model.output))
        trainable = TrainableNetwork(network, network, folded)
    else:
        folded = fold(keras, point.backbone)
        network = model = _from_pixels(split, folded.model, head)
        if split.for_views is not None:
            model = _from_pixels(split, _padded_like(keras, folded.model, split.for_views), head)
        trainable = TrainableNetwork(network, model, folded)
    trainable.set_head(layers)
    return trainable


def _from_pixels(split: SplitNetwork, backbone: Model, head: Sequence[KerasLayer]) -> Model:
    inputs = split.keras.Input(backbone.input.shape[1:], dtype="float32")
    features = backbone(keras_outputs.preprocess(inputs, split.preprocessing))
    return split.keras.Model(inputs, _apply(head, features))


def _padded_like(keras: ModuleType, model: Model, other: Model) -> Model:
    """Return a network with the layers of `model` for the size of `other`.

    Only layers that pad differ. How much they pad depends on whether the height of a map is even.
    """
    paddings = {
        layer.name: layer for layer in other.layers if isinstance(layer, keras.layers.ZeroPadding2D)
    }
    return keras.models.clone_model(
        model,
        input_tensors=keras.Input(other.input.shape[1:]),
        clone_function=lambda layer: paddings.get(layer.name, layer),
    )


def _head_layers(keras: ModuleType, layers: Sequence[Layer], dropout: float) -> list[KerasLayer]:
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


def _apply(layers: Sequence[KerasLayer], values: KerasTensor) -> KerasTensor:
    for layer in layers:
        values = layer(values)
    return values
