"""TinyViT, built with Keras; used only where Keras may be imported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from headstart.backbones.hybrid_layers import whole_map, window_attention, windows
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
_DEPTHS = (2, 2, 6, 2)
# Height and width of the windows of each stage; the first has none.
_WINDOWS = (0, 7, 14, 7)


class Shape(NamedTuple):
    """Channels of each stage, and heads of its attention; the first has none."""

    widths: tuple[int, int, int, int]
    heads: tuple[int, int, int, int]


_SHAPES = {
    "tiny_vit_5m": Shape((64, 128, 160, 320), (0, 4, 5, 10)),
    "tiny_vit_11m": Shape((64, 128, 256, 448), (0, 4, 8, 14)),
}


def _tiny_vit(
    name: str,
    shape: Shape,
    *,
    include_top: bool = True,
    weights: None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """Return a TinyViT, whose layers have the names that timm gives them.

    Without its classifier, it ends in the last feature map or the normalised means of that. The
    parameters are those of `headstart.backbones.architectures.mini`.

    References
    ----------
    Wu et al. 2022, "TinyViT - Fast pretraining distillation for small vision transformers",
    arXiv:2207.10666.
    """
    from keras import Input, Model, layers

    del weights
    image = Input(input_shape, name="image")
    x = _normed(image, shape.widths[0] // 2, 3, "patch_embed-conv1", stride=2, activation="gelu")
    x = _normed(x, shape.widths[0], 3, "patch_embed-conv2", stride=2)
    for stage, depth in enumerate(_DEPTHS):
        if stage:
            x = _halved(x, shape.widths[stage], f"stages-{stage}-downsample")
        for place in range(depth):
            block = f"stages-{stage}-blocks-{place}"
            if stage:
                x = _transformer(x, shape.heads[stage], _WINDOWS[stage], block)
            else:
                x = _convolutional(x, block)
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="head-global_pool")(x)
        x = layers.LayerNormalization(epsilon=EPSILON, name="head-norm")(x)
    if include_top:
        x = classifier(x, classes, "head-fc")
    return Model(image, x, name=name)


def _normed(
    x: KerasTensor, width: int, kernel: int, name: str, *, stride: int = 1, activation: str = ""
) -> KerasTensor:
    x = convolution(x, width, kernel, stride=stride, name=f"{name}-conv")
    return batch_norm(x, f"{name}-bn", activation or None)


def _around(x: KerasTensor, name: str, *, stride: int = 1, activation: str = "") -> KerasTensor:
    x = depthwise(x, 3, stride=stride, name=f"{name}-conv")
    return batch_norm(x, f"{name}-bn", activation or None)


def _convolutional(x: KerasTensor, name: str) -> KerasTensor:
    from keras import layers

    width = x.shape[-1]
    y = _normed(x, _EXPANSION * width, 1, f"{name}-conv1", activation="gelu")
    y = _around(y, f"{name}-conv2", activation="gelu")
    y = _normed(y, width, 1, f"{name}-conv3")
    return activate(layers.Add(name=f"{name}_add")([x, y]), "gelu", name)


def _halved(x: KerasTensor, width: int, name: str) -> KerasTensor:
    x = _normed(x, width, 1, f"{name}-conv1", activation="gelu")
    x = _around(x, f"{name}-conv2", stride=2, activation="gelu")
    return _normed(x, width, 1, f"{name}-conv3")


def _transformer(x: KerasTensor, heads: int, side: int, name: str) -> KerasTensor:
    """Add what attention finds in windows, look around each place, then mix channels."""
    from keras import layers

    _, height, across, width = x.shape
    y = windows(side, name=f"{name}-windows")(x)
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}-attn-norm")(y)
    y = layers.Dense(3 * width, name=f"{name}-attn-qkv")(y)
    y = window_attention(heads, side, name=f"{name}-attn")(y)
    y = layers.Dense(width, name=f"{name}-attn-proj")(y)
    y = whole_map(side, height, across, name=f"{name}-whole_map")(y)
    x = layers.Add(name=f"{name}-attn_add")([x, y])
    x = _around(x, f"{name}-local_conv")
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}-mlp-norm")(x)
    y = layers.Dense(_EXPANSION * width, name=f"{name}-mlp-fc1")(y)
    y = layers.Dense(width, name=f"{name}-mlp-fc2")(activate(y, "gelu", f"{name}-mlp-fc1"))
    return layers.Add(name=f"{name}-mlp_add")([x, y])


TINY_VIT = {name: partial(_tiny_vit, name, shape) for name, shape in _SHAPES.items()}
