"""The attention of networks that are half convolutions; used only where Keras may be imported.

Their classes are made when they are first needed, so that this module can be imported without
Keras. Variables have the names and shapes of the files of timm. Windows have an axis of their own:
in the axis of the images, they would be taken for images.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from keras import Layer
    from numpy.typing import NDArray

# What the sum of the weights of a place is never below, in linear attention.
_LEAST = 1e-5


def linear_attention(width: int, *, name: str) -> Layer:
    """Return EfficientViT's attention over a whole map, (n, height, width, 3 * channels).

    Queries and keys are rectified instead of put into a softmax, so that keys and values can be
    multiplied first: the work grows with the area of the map and not with its square.

    Parameters
    ----------
    width : int
        Channels of a head. Those of its query, key and value follow each other.
    name : str
    """
    return _linear_attention()(width, name=name)


def windows(side: int, *, name: str) -> Layer:
    """Return what cuts a map (n, height, width, channels) into windows (n, count, side², channels).

    What is missing below and on the right is zero.
    """
    return _windows()(side, name=name)


def whole_map(side: int, height: int, width: int, *, name: str) -> Layer:
    """Return what puts windows together to a map again; see `windows`."""
    return _whole_map()(side, height, width, name=name)


def window_attention(heads: int, side: int, *, name: str) -> Layer:
    """Return attention inside of windows (n, count, side², 3 * channels), with learnt biases.

    Parameters
    ----------
    heads : int
        Query, key and value of a head follow each other.
    side : int
        Height and width of a window. There is a bias for each distance of two places in it.
    name : str
    """
    return _window_attention()(heads, side, name=name)


def distances(side: int) -> NDArray[np.int64]:
    """Return the number of the distance of each pair of places in a window, (side², side²).

    Distances are numbered as they come up, row by row; their directions don't matter.
    """
    import numpy as np

    rows, columns = np.divmod(np.arange(side**2), side)
    down = np.abs(rows[:, None] - rows)
    across = np.abs(columns[:, None] - columns)
    return down * side + across


@functools.cache
def _linear_attention() -> type[Layer]:
    from keras import layers, ops

    class LinearAttention(layers.Layer):
        def __init__(self, width: int, **options: Any) -> None:
            super().__init__(**options)
            self.width = width

        def call(self, x: Any) -> Any:
            _, height, width, channels = x.shape
            heads, area = channels // (3 * self.width), height * width
            x = ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, heads, 3 * self.width, area))
            query, key, value = ops.split(x, 3, axis=2)
            query, key = ops.relu(query), ops.transpose(ops.relu(key), (0, 1, 3, 2))
            # Means instead of sums: the largest numbers stay small.
            context = ops.matmul(value / area, key)
            total = ops.matmul(ops.mean(key, axis=2, keepdims=True), query)
            found = ops.matmul(context, query) / (total + _LEAST / area)
            found = ops.reshape(found, (-1, heads * self.width, height, width))
            return ops.transpose(found, (0, 2, 3, 1))

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (*input_shape[:-1], input_shape[-1] // 3)

        def get_config(self) -> dict[str, Any]:
            return super().get_config() | {"width": self.width}

    return LinearAttention


@functools.cache
def _windows() -> type[Layer]:
    from keras import layers, ops

    class Windows(layers.Layer):
        def __init__(self, side: int, **options: Any) -> None:
            super().__init__(**options)
            self.side = side

        def call(self, x: Any) -> Any:
            side = self.side
            _, height, width, channels = x.shape
            missing = (-height % side, -width % side)
            if any(missing):
                x = ops.pad(x, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)))
            down, across = -(-height // side), -(-width // side)
            x = ops.reshape(x, (-1, down, side, across, side, channels))
            x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
            return ops.reshape(x, (-1, down * across, side**2, channels))

        def compute_output_shape(self, input_shape: Any) -> Any:
            n, height, width, channels = input_shape
            count = -(-height // self.side) * -(-width // self.side)
            return (n, count, self.side**2, channels)

        def get_config(self) -> dict[str, Any]:
            return super().get_config() | {"side": self.side}

    return Windows


@functools.cache
def _whole_map() -> type[Layer]:
    from keras import layers, ops

    class WholeMap(layers.Layer):
        def __init__(self, side: int, height: int, width: int, **options: Any) -> None:
            super().__init__(**options)
            self.side, self.height, self.width = side, height, width

        def call(self, x: Any) -> Any:
            side, channels = self.side, x.shape[-1]
            down, across = -(-self.height // side), -(-self.width // side)
            x = ops.reshape(x, (-1, down, across, side, side, channels))
            x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
            x = ops.reshape(x, (-1, down * side, across * side, channels))
            if (down * side, across * side) != (self.height, self.width):
                x = x[:, : self.height, : self.width]
            return x

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], self.height, self.width, input_shape[-1])

        def get_config(self) -> dict[str, Any]:
            how = {"side": self.side, "height": self.height, "width": self.width}
            return super().get_config() | how

    return WholeMap


@functools.cache
def _window_attention() -> type[Layer]:
    from keras import layers, ops

    class WindowAttention(layers.Layer):
        def __init__(self, heads: int, side: int, **options: Any) -> None:
            super().__init__(**options)
            self.heads, self.side = heads, side

        def build(self, input_shape: Any) -> None:
            del input_shape
            self.biases = self.add_weight(
                shape=(self.heads, self.side**2), initializer="zeros", name="attention_biases"
            )

        def call(self, x: Any) -> Any:
            _, count, places, channels = x.shape
            width = channels // (3 * self.heads)
            x = ops.reshape(x, (-1, count, places, self.heads, 3 * width))
            query, key, value = ops.split(ops.transpose(x, (0, 1, 3, 2, 4)), 3, axis=-1)
            scores = ops.matmul(query * width**-0.5, ops.transpose(key, (0, 1, 2, 4, 3)))
            scores = scores + ops.take(self.biases, distances(self.side), axis=1)
            found = ops.matmul(ops.softmax(scores, axis=-1), value)
            found = ops.transpose(found, (0, 1, 3, 2, 4))
            return ops.reshape(found, (-1, count, places, self.heads * width))

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (*input_shape[:-1], input_shape[-1] // 3)

        def get_config(self) -> dict[str, Any]:
            return super().get_config() | {"heads": self.heads, "side": self.side}

    return WindowAttention
