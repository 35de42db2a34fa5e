"""headstart's own networks, built with Keras; used only where Keras may be imported.

The builders take the arguments that those in ``keras.applications`` take, so that one call builds
either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.backbones.efficientvit import EFFICIENTVIT
from headstart.backbones.mobilenet_v4 import MOBILENET_V4
from headstart.backbones.tiny_vit import TINY_VIT
from headstart.backbones.vision_transformers import VISION_TRANSFORMERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from keras import KerasTensor, Model

# Channels of mini's four stages. Each halves height and width, and so does the stem before them.
MINI_WIDTHS = (32, 96, 192, 384)


def mini(
    *,
    include_top: bool = True,
    weights: None = None,
    input_shape: tuple[int | None, int | None, int] = (64, 64, 3),
    pooling: str | None = None,
    classes: int = 1000,
) -> Model:
    """Return a small residual network.

    It has eight 3x3 convolutions in four residual blocks after a strided stem: 2.7 M parameters and
    115 M multiply-accumulates for an image of 64x64. It is fully convolutional: it takes images of
    any size.

    Parameters
    ----------
    include_top : bool
        Whether the network has a classifier.
    weights : None
        Ignored: the weights are random.
    input_shape : tuple
        Height, width and 3 channels: RGB, 0 to 255. Height and width may be None.
    pooling : {'avg', None}
        Without a classifier: whether the feature map is averaged over height and width.
    classes : int
        Number of classes of the classifier.

    References
    ----------
    He et al. 2015, arXiv:1512.03385 (residual blocks); He et al. 2018, arXiv:1812.01187 (averaging
    before the shortcut's projection, and starting each block as the identity).
    """
    from keras import Input, Model, layers

    del weights
    image = Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
    x = _convolution(x, MINI_WIDTHS[0], kernel=3, stride=2, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage, width in enumerate(MINI_WIDTHS, start=1):
        x = _residual(x, width, stride=1 if stage == 1 else 2, name=f"block{stage}")
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="features")(x)
    if include_top:
        x = layers.Dense(classes, activation="softmax", dtype="float32", name="predictions")(x)
    return Model(image, x, name="mini")


def _residual(x: KerasTensor, width: int, *, stride: int, name: str) -> KerasTensor:
    """Add two convolutions to the input, or to its projection where the shape changes."""
    from keras import layers

    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(shortcut)
    if x.shape[-1] != width:
        shortcut = _convolution(shortcut, width, kernel=1, name=f"{name}_project")
    x = _convolution(x, width, kernel=3, stride=stride, name=f"{name}_first")
    x = layers.ReLU(name=f"{name}_first_relu")(x)
    x = _convolution(x, width, kernel=3, name=f"{name}_second", gain="zeros")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([shortcut, x]))


def _convolution(
    x: KerasTensor, width: int, *, kernel: int, stride: int = 1, name: str, gain: str = "ones"
) -> KerasTensor:
    from keras import layers

    x = layers.Conv2D(
        width,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=gain, name=f"{name}_bn"
    )(x)


ARCHITECTURES: dict[str, Callable[..., Model]] = {
    "mini": mini,
    **EFFICIENTVIT,
    **MOBILENET_V4,
    **TINY_VIT,
    **VISION_TRANSFORMERS,
}
