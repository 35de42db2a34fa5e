"""MobileNetV4, built with Keras; used only where Keras may be imported."""

from __future__ import annotations

from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from headstart.backbones.torch_layers import batch_norm, classifier, convolution, depthwise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras import KerasTensor, Model

_STEM = 32
_LAST_MAP = 960
_HIDDEN = 1280


class Convolution(NamedTuple):
    """A convolution with its normalisation and rectifier."""

    kernel: int
    stride: int
    width: int


class Fused(NamedTuple):
    """A 3 x 3 convolution that widens `expansion` times, and one that narrows to `width`."""

    stride: int
    expansion: int
    width: int


class Bottleneck(NamedTuple):
    """The universal inverted bottleneck, which replaces four kinds of block.

    Attributes
    ----------
    start, middle : int
        Kernel of the depthwise convolution before and after the widening one. 0: there is none.
    stride : int
        Of the second, or of the first if that is the only one.
    expansion : float
        How many times it widens.
    width : int
        Channels of the result.
    """

    start: int
    middle: int
    stride: int
    expansion: float
    width: int


Block = Convolution | Fused | Bottleneck

_SMALL: tuple[tuple[Block, ...], ...] = (
    (Convolution(3, 2, 32), Convolution(1, 1, 32)),
    (Convolution(3, 2, 96), Convolution(1, 1, 64)),
    (
        Bottleneck(5, 5, 2, 3, 96),
        *repeat(Bottleneck(0, 3, 1, 2, 96), 4),
        Bottleneck(3, 0, 1, 4, 96),
    ),
    (
        Bottleneck(3, 3, 2, 6, 128),
        Bottleneck(5, 5, 1, 4, 128),
        Bottleneck(0, 5, 1, 4, 128),
        Bottleneck(0, 5, 1, 3, 128),
        *repeat(Bottleneck(0, 3, 1, 4, 128), 2),
    ),
    (Convolution(1, 1, _LAST_MAP),),
)

_MEDIUM: tuple[tuple[Block, ...], ...] = (
    (Fused(2, 4, 48),),
    (Bottleneck(3, 5, 2, 4, 80), Bottleneck(3, 3, 1, 2, 80)),
    (
        Bottleneck(3, 5, 2, 6, 160),
        *repeat(Bottleneck(3, 3, 1, 4, 160), 2),
        Bottleneck(3, 5, 1, 4, 160),
        Bottleneck(3, 3, 1, 4, 160),
        Bottleneck(3, 0, 1, 4, 160),
        Bottleneck(0, 0, 1, 2, 160),
        Bottleneck(3, 0, 1, 4, 160),
    ),
    (
        Bottleneck(5, 5, 2, 6, 256),
        Bottleneck(5, 5, 1, 4, 256),
        *repeat(Bottleneck(3, 5, 1, 4, 256), 2),
        Bottleneck(0, 0, 1, 4, 256),
        Bottleneck(3, 0, 1, 4, 256),
        Bottleneck(3, 5, 1, 2, 256),
        Bottleneck(5, 5, 1, 4, 256),
        *repeat(Bottleneck(0, 0, 1, 4, 256), 2),
        Bottleneck(5, 0, 1, 2, 256),
    ),
    (Convolution(1, 1, _LAST_MAP),),
)


def _mobilenet_v4(
    name: str,
    stages: Sequence[Sequence[Block]],
    *,
    include_top: bool = True,
    weights: None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """Return a MobileNetV4 of convolutions, whose layers have the names that timm gives them.

    Without its classifier, it ends in the last feature map or the means of that: as in MobileNetV3,
    a wider layer between those means and the classifier belongs to the classifier. The other
    parameters are those of `headstart.backbones.architectures.mini`.

    References
    ----------
    Qin et al. 2024, "MobileNetV4 - Universal models for the mobile ecosystem", arXiv:2404.10518.
    """
    from keras import Input, Model, layers

    del weights
    image = Input(input_shape, name="image")
    x = batch_norm(convolution(image, _STEM, 3, stride=2, name="conv_stem"), "bn1", "relu")
    for number, blocks in enumerate(stages):
        for place, block in enumerate(blocks):
            x = _apply(x, block, f"blocks-{number}-{place}")
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True, name="global_pool")(x)
        x = batch_norm(convolution(x, _HIDDEN, name="conv_head"), "norm_head", "relu")
        x = classifier(layers.Flatten(name="flatten")(x), classes, "classifier")
    elif pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    return Model(image, x, name=name)


def _apply(x: KerasTensor, block: Block, name: str) -> KerasTensor:
    from keras import layers

    match block:
        case Convolution():
            x = convolution(x, block.width, block.kernel, stride=block.stride, name=f"{name}-conv")
            return batch_norm(x, f"{name}-bn1", "relu")
        case Fused():
            wide = block.expansion * x.shape[-1]
            x = convolution(x, wide, 3, stride=block.stride, name=f"{name}-conv_exp")
            x = batch_norm(x, f"{name}-bn1", "relu")
            x = convolution(x, block.width, name=f"{name}-conv_pwl")
            return batch_norm(x, f"{name}-bn2")
    y = _bottleneck(x, block, name)
    keeps_shape = block.stride == 1 and x.shape[-1] == block.width
    return layers.Add(name=f"{name}_add")([x, y]) if keeps_shape else y


def _bottleneck(x: KerasTensor, block: Bottleneck, name: str) -> KerasTensor:
    wide = int(block.expansion * x.shape[-1])
    if block.start:
        stride = 1 if block.middle else block.stride
        x = depthwise(x, block.start, stride=stride, name=f"{name}-dw_start-conv")
        x = batch_norm(x, f"{name}-dw_start-bn")
    x = convolution(x, wide, name=f"{name}-pw_exp-conv")
    x = batch_norm(x, f"{name}-pw_exp-bn", "relu")
    if block.middle:
        x = depthwise(x, block.middle, stride=block.stride, name=f"{name}-dw_mid-conv")
        x = batch_norm(x, f"{name}-dw_mid-bn", "relu")
    x = convolution(x, block.width, name=f"{name}-pw_proj-conv")
    return batch_norm(x, f"{name}-pw_proj-bn")


MOBILENET_V4 = {
    name: partial(_mobilenet_v4, name, stages)
    for name, stages in (("mobilenet_v4_small", _SMALL), ("mobilenet_v4_medium", _MEDIUM))
}
