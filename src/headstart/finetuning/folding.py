"""Batch normalisation whose statistics stay is an affine map: part of the convolution before it.

In this form a network is trained: scale and offset of a normalisation learn as part of the kernel
and of the bias, its statistics can't change, and a step touches each feature map less often.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

    from keras import Layer, Model
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A network, and the same function with its normalisations folded into convolutions.

    Attributes
    ----------
    model : keras.Model
        To train. Layers with nothing to fold are the very layers of the original.
    pairs : tuple of Pair
    """

    model: Model
    pairs: tuple[Pair, ...]

    def unfold(self) -> None:
        """Give the original network the weights that its folded form has now.

        What does not learn is left alone, and so are all statistics.
        """
        for pair in self.pairs:
            if pair.folded.trainable:
                pair.unfold()


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A convolution, the batch normalisation behind it, and the convolution that is both.

    Attributes
    ----------
    convolution, normalisation, folded : keras.Layer
    """

    convolution: Layer
    normalisation: Layer
    folded: Layer

    def fold(self) -> None:
        """Give the folded convolution the weights of the two layers."""
        scale, norm = self._scale(), self.normalisation
        kernel, bias = np.asarray(self.convolution.kernel), self._bias()
        offset = np.asarray(norm.beta) + (bias - np.asarray(norm.moving_mean)) * scale
        self.folded.set_weights([kernel * scale.reshape(self._as_channels(kernel)), offset])

    def unfold(self) -> None:
        """Give the two layers the weights of the folded convolution; the statistics stay.

        The normalisation's own scale becomes what cancels the statistics: none of it may be zero,
        since the kernel is divided by it.
        """
        norm = self.normalisation
        kernel, offset = (np.asarray(each) for each in self.folded.get_weights())
        if norm.scale:
            norm.gamma.assign(self._deviation())
        scale = self._scale()
        self.convolution.kernel.assign(kernel / scale.reshape(self._as_channels(kernel)))
        norm.beta.assign(offset - (self._bias() - np.asarray(norm.moving_mean)) * scale)

    def _deviation(self) -> Floats:
        norm = self.normalisation
        return np.sqrt(np.asarray(norm.moving_variance, np.float32) + np.float32(norm.epsilon))

    def _scale(self) -> Floats:
        norm = self.normalisation
        gamma = np.asarray(norm.gamma) if norm.scale else np.float32(1)
        return np.asarray(gamma / self._deviation(), np.float32)

    def _bias(self) -> Floats | np.float32:
        bias = self.convolution.bias
        return np.float32(0) if bias is None else np.asarray(bias)

    def _as_channels(self, kernel: Floats) -> tuple[int, ...]:
        """Return the shape of one number for each of the convolution's output channels."""
        depthwise = hasattr(self.convolution, "depth_multiplier")
        return kernel.shape[2:] if depthwise else kernel.shape[3:]


def fold(keras: ModuleType, model: Model) -> Folded:
    """Return a network with its batch normalisations folded into the convolutions before them.

    Those that follow no convolution, or one whose output is used elsewhere too, stay as they are.

    Parameters
    ----------
    keras : module
    model : keras.Model
        It keeps its layers and weights. A folded convolution learns where the original does.
    """
    pairs = tuple(
        Pair(convolution, norm, _both(convolution)) for convolution, norm in _foldable(keras, model)
    )
    instead = {pair.convolution.name: pair.folded for pair in pairs}
    gone = {pair.normalisation.name for pair in pairs}

    def call(layer: Layer, *inputs: Any, **options: Any) -> Any:  # noqa: ANN401 - Keras's tensors
        return inputs[0] if layer.name in gone else layer(*inputs, **options)

    folded = keras.models.clone_model(
        model,
        clone_function=lambda layer: instead.get(layer.name, layer),
        call_function=call,
    )
    for pair in pairs:
        pair.fold()
    return Folded(folded, pairs)


def _both(convolution: Layer) -> Layer:
    """Return a convolution like `convolution`, with a bias that begins wherever it is put."""
    folded = type(convolution).from_config(convolution.get_config() | {"use_bias": True})
    folded.trainable = convolution.trainable
    return folded


def _foldable(keras: ModuleType, model: Model) -> list[tuple[Layer, Layer]]:
    """Return the convolutions with nothing but a batch normalisation behind them, and those."""
    layers = {layer.name: layer for layer in model.layers}
    makers = {layer.name: _makers(layer) for layer in model.layers}
    uses = Counter(name for names in makers.values() for name in names)
    # What leaves the network is used, too.
    uses.update(tensor._keras_history.operation.name for tensor in model.outputs)  # noqa: SLF001
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.center:
            (maker,) = makers[layer.name]
            before = layers.get(maker)
            if before is not None and uses[maker] == 1 and _is_linear(keras, before):
                found.append((before, layer))
    return found


def _is_linear(keras: ModuleType, layer: Layer) -> bool:
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    return isinstance(layer, kinds) and layer.activation is keras.activations.linear


def _makers(layer: Layer) -> list[str]:
    """Return the names of the layers that a layer takes its input from."""
    inputs: Any = layer.input
    inputs = inputs if isinstance(inputs, list) else [inputs]
    return [tensor._keras_history.operation.name for tensor in inputs]  # noqa: SLF001
