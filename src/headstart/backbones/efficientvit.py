"""EfficientViT, built with Keras; used only where Keras may be imported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from headstart.backbones.hybrid_layers import linear_attention
from headstart.backbones.torch_layers import (
    EPSILON,
    activate,
    batch_norm,
    classifier,
    convolution,
    depthwise,
)

if TYPE_CHECKING:
    from keras import KerasTensor, Model

_EXPANSION = 4
_ACTIVATION = "hard_silu"
# The first stages are convolutions alone.
_CONVOLUTIONAL = 2


class Shape(NamedTuple):
    """The sizes of a network.

    Attributes
    ----------
    widths : tuple of int
        Channels of the stem and of each stage.
    depths : tuple of int
        Blocks of each of them, besides the one that halves height and width before attention.
    head : int
        Channels of a head of attention.
    last : tuple of int
        Channels of the last map and of the layer before the classifier.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    head: int
    last: tuple[int, int]


_B1 = Shape((16, 32, 64, 128, 256), (1, 2, 3, 3, 4), 16, (1536, 1600))


def _efficientvit(
    name: str,
    shape: Shape,
    *,
    include_top: bool = True,
    weights: None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """Return an EfficientViT of MIT's Han Lab, whose layers have the names that timm gives them.

    Without its classifier, it ends in the last feature map or the means of that. The parameters are
    those of `headstart.backbones.architectures.mini`.

    References
    ----------
    Cai et al. 2022, "EfficientViT - Multi-scale linear attention for high-resolution dense
    prediction", arXiv:2205.14756.
    """
    from keras import Input, Model, layers

    del weights
    image = Input(input_shape, name="image")
    x = convolution(image, shape.widths[0], 3, stride=2, name="stem-in_conv-conv")
    x = batch_norm(x, "stem-in_conv-norm", _ACTIVATION)
    for place in range(shape.depths[0]):
        x = _residual(x, _separable(x, f"stem-res{place}-main"), f"stem-res{place}")
    for stage, (width, depth) in enumerate(zip(shape.widths[1:], shape.depths[1:], strict=True)):
        attends = stage >= _CONVOLUTIONAL
        name_of = f"stages-{stage}-blocks-{{}}".format
        x = _bottleneck(x, width, f"{name_of(0)}-main", stride=2, few_norms=attends)
        for place in range(1, depth + attends):
            block = _attention if attends else _convolutional
            x = block(x, shape.head, name_of(place))
    x = convolution(x, shape.last[0], name="head-in_conv-conv")
    x = batch_norm(x, "head-in_conv-norm", _ACTIVATION)
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="head-global_pool")(x)
    if include_top:
        x = layers.Dense(shape.last[1], use_bias=False, name="head-classifier-0")(x)
        x = layers.LayerNormalization(epsilon=EPSILON, name="head-classifier-1")(x)
        x = activate(x, _ACTIVATION, "head-classifier-1")
        x = classifier(x, classes, "head-classifier-4")
    return Model(image, x, name=name)


def _residual(x: KerasTensor, y: KerasTensor, name: str) -> KerasTensor:
    from keras import layers

    return layers.Add(name=f"{name}_add")([x, y])


def _convolutional(x: KerasTensor, _: int, name: str) -> KerasTensor:
    return _residual(x, _bottleneck(x, x.shape[-1], f"{name}-main"), name)


def _attention(x: KerasTensor, head: int, name: str) -> KerasTensor:
    """Add what attention finds on the whole map, then what convolutions find around each place."""
    context, local = f"{name}-context_module", f"{name}-local_module"
    x = _residual(x, _multi_scale(x, head, f"{context}-main"), context)
    y = _bottleneck(x, x.shape[-1], f"{local}-main", few_norms=True)
    return _residual(x, y, local)


def _multi_scale(x: KerasTensor, head: int, name: str) -> KerasTensor:
    """Return the attention among places, and among the surroundings of 5 x 5 places."""
    from keras import layers

    width = x.shape[-1]
    heads = width // head
    near = convolution(x, 3 * width, name=f"{name}-qkv-conv")
    wide = depthwise(near, 5, name=f"{name}-aggreg-0-0")
    wide = convolution(wide, 3 * width, groups=3 * heads, name=f"{name}-aggreg-0-1")
    both = layers.Concatenate(name=f"{name}-concat")([near, wide])
    x = linear_attention(head, name=f"{name}-attention")(both)
    return batch_norm(convolution(x, width, name=f"{name}-proj-conv"), f"{name}-proj-norm")


def _separable(x: KerasTensor, name: str) -> KerasTensor:
    width = x.shape[-1]
    x = depthwise(x, 3, name=f"{name}-depth_conv-conv")
    x = batch_norm(x, f"{name}-depth_conv-norm", _ACTIVATION)
    x = convolution(x, width, name=f"{name}-point_conv-conv")
    return batch_norm(x, f"{name}-point_conv-norm")


def _bottleneck(
    x: KerasTensor, width: int, name: str, *, stride: int = 1, few_norms: bool = False
) -> KerasTensor:
    """Widen, look around each place, and narrow. Biases may replace all norms but the last."""

    def act(x: KerasTensor, part: str) -> KerasTensor:
        if few_norms:
            return activate(x, _ACTIVATION, f"{name}-{part}-conv")
        return batch_norm(x, f"{name}-{part}-norm", _ACTIVATION)

    wide = _EXPANSION * x.shape[-1]
    x = convolution(x, wide, use_bias=few_norms, name=f"{name}-inverted_conv-conv")
    x = act(x, "inverted_conv")
    x = depthwise(x, 3, stride=stride, use_bias=few_norms, name=f"{name}-depth_conv-conv")
    x = act(x, "depth_conv")
    x = convolution(x, width, name=f"{name}-point_conv-conv")
    return batch_norm(x, f"{name}-point_conv-norm")


EFFICIENTVIT = {"efficientvit_b1": partial(_efficientvit, "efficientvit_b1", _B1)}
