"""Layers of Keras that compute and are named as those of networks from PyTorch.

Names are those of the arrays in such a network's files, with dashes for dots; see
`headstart.backbones.safetensors_weights`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras import KerasTensor

# PyTorch's own, of batch normalisation and layer normalisation.
EPSILON = 1e-5


def convolution(
    x: KerasTensor, width: int, kernel: int = 1, *, stride: int = 1, name: str, **options: Any
) -> KerasTensor:
    """Apply a convolution that pads equally on all sides.

    Parameters
    ----------
    x : KerasTensor, shape (n, height, width, channels)
    width : int
        Channels of the result.
    kernel, stride : int
        The kernel's height and width are odd.
    name : str
        Name of the layer.
    **options
        Of ``Conv2D``, such as ``groups`` or ``use_bias``, which is False.
    """
    from keras import layers

    x, padding = _padded(x, kernel, stride, name)
    return layers.Conv2D(
        width, kernel, strides=stride, padding=padding, name=name, **{"use_bias": False, **options}
    )(x)


def depthwise(
    x: KerasTensor, kernel: int, *, stride: int = 1, name: str, use_bias: bool = False
) -> KerasTensor:
    """Apply a convolution to each channel alone; see `convolution`."""
    from keras import layers

    x, padding = _padded(x, kernel, stride, name)
    return layers.DepthwiseConv2D(
        kernel, strides=stride, padding=padding, use_bias=use_bias, name=name
    )(x)


def _padded(x: KerasTensor, kernel: int, stride: int, name: str) -> tuple[KerasTensor, str]:
    """Return what a convolution takes, and how it pads that.

    With a stride, Keras's "same" pads less before than after if height or width are even.
    """
    from keras import layers

    if stride == 1 or kernel == 1:
        return x, "same"
    return layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"


def batch_norm(x: KerasTensor, name: str, activation: str | None = None) -> KerasTensor:
    """Apply batch normalisation, and an activation if one is named."""
    from keras import layers

    x = layers.BatchNormalization(momentum=0.9, epsilon=EPSILON, name=name)(x)
    return x if activation is None else activate(x, activation, name)


def activate(x: KerasTensor, activation: str, name: str) -> KerasTensor:
    """Apply an activation after the layer `name`."""
    from keras import layers

    if activation == "relu":
        return layers.ReLU(name=f"{name}_relu")(x)
    return layers.Activation(activation, name=f"{name}_{activation}")(x)


def classifier(x: KerasTensor, classes: int, name: str) -> KerasTensor:
    """Return probabilities by a last layer, computed in 32 bits."""
    from keras import layers

    return layers.Dense(classes, activation="softmax", dtype="float32", name=name)(x)
