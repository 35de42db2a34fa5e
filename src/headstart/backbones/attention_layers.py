"""The layers of vision transformers that Keras does not have; imported only once Keras is.

Their variables have the names and shapes that they have in the files of transformers.
"""

from __future__ import annotations

import math
from typing import Any

from keras import layers, ops

from headstart.backbones.position_grids import bicubic

# So that no image divides by zero.
_TINY = 1e-12


class Embeddings(layers.Layer):
    """Puts a class token first, and adds to every token its position.

    Parameters
    ----------
    to : tuple of int
        Height and width of the grid of tokens.
    grid : int
        Height and width of the grid that there are positions for.
    positions, class_token : str
        Names of the variables. Without a class token, the second is empty.
    """

    def __init__(
        self, to: Any, grid: int, positions: str, class_token: str, **options: Any
    ) -> None:
        super().__init__(**options)
        self.how = {"to": to, "grid": grid, "positions": positions, "class_token": class_token}
        self.to, self.grid = tuple(to), grid
        self.names = positions, class_token
        self.n_more = int(bool(class_token))

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        positions, class_token = self.names
        shape = (self.grid**2 + self.n_more, input_shape[-1])
        # DINOv2's arrays have an axis for the images, CLIP's have none.
        first = () if "-" in positions else (1,)
        self.positions = self.add_weight(shape=first + shape, name=positions)
        if class_token:
            shape = (*first, *first, input_shape[-1])
            self.token = self.add_weight(shape=shape, name=class_token)

    def call(self, tokens: Any) -> Any:
        """Compute the outputs."""
        width = tokens.shape[-1]
        positions = ops.reshape(self.positions, (-1, width))
        table = positions[self.n_more :]
        if self.to != (self.grid, self.grid):
            down, across = (bicubic(self.grid, side) for side in self.to)
            table = ops.matmul(down, ops.reshape(table, (self.grid, self.grid * width)))
            table = ops.matmul(across, ops.reshape(table, (self.to[0], self.grid, width)))
            table = ops.reshape(table, (math.prod(self.to), width))
        if self.n_more:
            token = ops.reshape(self.token, (1, width))
            table = ops.concatenate([token + positions[:1], table])
            # Padding makes room for the class token, for however many images there are.
            tokens = ops.pad(tokens, ((0, 0), (1, 0), (0, 0)))
        return tokens + table

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs."""
        return (input_shape[0], input_shape[1] + self.n_more, input_shape[2])

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from."""
        return super().get_config() | self.how


class Attention(layers.Layer):
    """Makes attention of queries, keys and values (n, tokens, width)."""

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def call(self, query: Any, key: Any, value: Any) -> Any:
        """Compute the outputs."""
        return _attend(query, key, value, self.heads)

    def compute_output_shape(self, query_shape: Any, key_shape: Any, value_shape: Any) -> Any:
        """Return the shape of the outputs."""
        del key_shape, value_shape
        return query_shape

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from."""
        return super().get_config() | {"heads": self.heads}


class Probe(layers.Layer):
    """Lets a learnt probe look at tokens (n, tokens, width): (n, width)."""

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        width = input_shape[-1]
        self.probe = self.add_weight(shape=(1, 1, width), name="probe")
        # Those of query, key and value, one after the other, each (outputs, inputs).
        self.weights_of_three = self.add_weight(
            shape=(3 * width, width), name="attention-in_proj_weight"
        )
        self.bias = self.add_weight(
            shape=(3 * width,), initializer="zeros", name="attention-in_proj_bias"
        )

    def call(self, tokens: Any) -> Any:
        """Compute the outputs."""
        width = tokens.shape[-1]
        inputs = [self.probe, tokens, tokens]
        query, key, value = (
            ops.matmul(each, ops.transpose(self.weights_of_three[start : start + width]))
            + self.bias[start : start + width]
            for each, start in zip(inputs, range(0, 3 * width, width), strict=True)
        )
        return ops.reshape(_attend(query, key, value, self.heads), (-1, width))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs."""
        return (input_shape[0], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from."""
        return super().get_config() | {"heads": self.heads}


class Scale(layers.Layer):
    """Multiplies every token by a learnt vector."""

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        self.factor = self.add_weight(shape=input_shape[-1:], initializer="ones", name="lambda1")

    def call(self, tokens: Any) -> Any:
        """Compute the outputs."""
        return tokens * self.factor

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs."""
        return input_shape


class Unit(layers.Layer):
    """Gives vectors (n, width) the length 1."""

    def call(self, vectors: Any) -> Any:
        """Compute the outputs."""
        # By the mean: a sum is no operation of the other networks.
        mean = ops.mean(ops.square(vectors), axis=-1, keepdims=True)
        return vectors / ops.sqrt(mean * vectors.shape[-1] + _TINY)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs."""
        return input_shape


def _in_heads(tokens: Any, heads: int) -> Any:
    """Return tokens (n, count, width) as (n, heads, count, width of a head)."""
    _, count, width = tokens.shape
    return ops.transpose(ops.reshape(tokens, (-1, count, heads, width // heads)), (0, 2, 1, 3))


def _attend(query: Any, key: Any, value: Any, heads: int) -> Any:
    """Return what each query finds among the values, (n, queries, width)."""
    _, count, width = query.shape
    query, key, value = (_in_heads(each, heads) for each in (query, key, value))
    query = query * (width // heads) ** -0.5
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
    found = ops.matmul(ops.softmax(scores, axis=-1), value)
    return ops.reshape(ops.transpose(found, (0, 2, 1, 3)), (-1, count, width))
