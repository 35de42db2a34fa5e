"""Batch normalisation with fixed statistics, folded into the layer beside it.

With fixed statistics it is an affine map, so it can be a part of the convolution before it. A
network is trained in this form: scale and offset of a normalisation learn as part of the kernel and
the bias, the statistics can't change, and a step reads each feature map less often.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.prediction.scoring import Layer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from keras import Layer as KerasLayer
    from keras import Model
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def dense_layers(layers: Iterable[KerasLayer]) -> tuple[Layer, ...]:
    """Return dense layers as arrays, with the normalisation before each folded in.

    Other layers are not returned, and neither is the softmax of the last one.
    """
    found = []
    scale = offset = None
    for layer in layers:
        kind = type(layer).__name__
        if kind == "BatchNormalization":
            scale = _scale(layer)
            offset = np.asarray(layer.beta) - np.asarray(layer.moving_mean) * scale
        elif kind == "Dense":
            weights, bias = (np.array(each, np.float32) for each in layer.get_weights())
            if scale is not None and offset is not None:
                weights, bias = scale[:, None] * weights, bias + offset @ weights
            name = layer.activation.__name__
            found.append(Layer(weights, bias, "linear" if name == "softmax" else name))
            scale = None
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A network with its normalisations folded into convolutions.

    Attributes
    ----------
    model : keras.Model
        The network to train. It shares the layers that have nothing to fold with the original.
    pairs : tuple of Pair
        The layers that differ.
    """

    model: Model
    pairs: tuple[Pair, ...]

    def unfold(self) -> None:
        """Give the original network the weights that the folded one has now.

        Layers that do not learn keep their weights, and all statistics stay.
        """
        for pair in self.pairs:
            if pair.folded.trainable:
                pair.unfold()


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A convolution, the batch normalisation after it, and the convolution that replaces both.

    Attributes
    ----------
    convolution, normalisation, folded : keras.Layer
    """

    convolution: KerasLayer
    normalisation: KerasLayer
    folded: KerasLayer

    def fold(self) -> None:
        """Give the folded convolution the weights of the two layers."""
        scale, norm = _scale(self.normalisation), self.normalisation
        kernel, bias = np.asarray(self.convolution.kernel), self._bias()
        offset = np.asarray(norm.beta) + (bias - np.asarray(norm.moving_mean)) * scale
        self.folded.set_weights([kernel * scale.reshape(self._as_channels(kernel)), offset])

    def unfold(self) -> None:
        """Give the two layers the weights of the folded convolution; the statistics stay.

        The normalisation's gamma becomes its standard deviation, so that the scale is 1: the kernel
        is divided by the scale, which must not be zero.
        """
        norm = self.normalisation
        kernel, offset = (np.asarray(each) for each in self.folded.get_weights())
        if norm.scale:
            norm.gamma.assign(_deviation(norm))
        scale = _scale(norm)
        self.convolution.kernel.assign(kernel / scale.reshape(self._as_channels(kernel)))
        norm.beta.assign(offset - (self._bias() - np.asarray(norm.moving_mean)) * scale)

    def _bias(self) -> Floats | np.float32:
        bias = self.convolution.bias
        return np.float32(0) if bias is None else np.asarray(bias)

    def _as_channels(self, kernel: Floats) -> tuple[int, ...]:
        """Return the shape of one number for each of the convolution's output channels."""
        depthwise = hasattr(self.convolution, "depth_multiplier")
        return kernel.shape[2:] if depthwise else kernel.shape[3:]


def _scale(normalisation: KerasLayer) -> Floats:
    gamma = np.asarray(normalisation.gamma) if normalisation.scale else np.float32(1)
    return np.asarray(gamma / _deviation(normalisation), np.float32)


def _deviation(normalisation: KerasLayer) -> Floats:
    variance = np.asarray(normalisation.moving_variance, np.float32)
    return np.sqrt(variance + np.float32(normalisation.epsilon))


def fold(keras: ModuleType, model: Model) -> Folded:
    """Return a network with its batch normalisations folded into the convolutions before them.

    A normalisation stays as it is if it follows no convolution, or one whose output is also used
    elsewhere.

    Parameters
    ----------
    keras : module
    model : keras.Model
        Keeps its layers and weights. A folded convolution learns if the original does.
    """
    pairs = tuple(
        Pair(convolution, norm, _both(convolution)) for convolution, norm in _foldable(keras, model)
    )
    instead = {pair.convolution.name: pair.folded for pair in pairs}
    gone = {pair.normalisation.name for pair in pairs}

    def call(layer: KerasLayer, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if layer.name in gone else layer(*inputs, **options)

    folded = keras.models.clone_model(
        model,
        clone_function=lambda layer: instead.get(layer.name, layer),
        call_function=call,
    )
    for pair in pairs:
        pair.fold()
    return Folded(folded, pairs)


def _both(convolution: KerasLayer) -> KerasLayer:
    """Return a new convolution like `convolution`, with a bias."""
    folded = type(convolution).from_config(convolution.get_config() | {"use_bias": True})
    folded.trainable = convolution.trainable
    return folded


def _foldable(keras: ModuleType, model: Model) -> list[tuple[KerasLayer, KerasLayer]]:
    """Return the convolutions that feed just a batch normalisation, each with that."""
    layers = {layer.name: layer for layer in model.layers}
    makers = {layer.name: _makers(layer) for layer in model.layers}
    uses = Counter(name for names in makers.values() for name in names)
    # An output of the network is a use, too.
    uses.update(tensor._keras_history.operation.name for tensor in model.outputs)  # noqa: SLF001 - Keras has no public way
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.center:
            (maker,) = makers[layer.name]
            before = layers.get(maker)
            if before is not None and uses[maker] == 1 and _is_linear(keras, before):
                found.append((before, layer))
    return found


def _is_linear(keras: ModuleType, layer: KerasLayer) -> bool:
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    return isinstance(layer, kinds) and layer.activation is keras.activations.linear


def _makers(layer: KerasLayer) -> list[str]:
    """Return the names of the layers that feed a layer."""
    inputs: Any = layer.input
    inputs = inputs if isinstance(inputs, list) else [inputs]
    return [tensor._keras_history.operation.name for tensor in inputs]  # noqa: SLF001 - Keras has no public way
