"""A network's graph as a Keras network of the same values; used only where Keras may be imported.

The graph is channels-first (`headstart.networks.layout`), and Keras computes channels-last on
processors. So each value of the graph is recorded as a permutation of a tensor of the Keras
network, and a ``Transpose`` changes only that record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.networks.layout import CHANNELS_FIRST, Held, inverse
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from numpy.typing import NDArray
    from openvino import Model, Node, Output

    Array = NDArray[Any]
    Order = tuple[int, ...]
    Rule = Callable[["Builder", Node], None]


class NotRebuilt(Exception):
    """Keras has nothing that computes the same as an operation of the graph."""


@dataclass(frozen=True, slots=True, eq=False)
class Weight:
    """A constant of the graph that is a weight of a layer.

    Attributes
    ----------
    node : openvino.Node
    index : int
        The input of the node that is the constant.
    values : ndarray
        As the layer takes it.
    back : callable
        Makes the constant of the layer's weight, but for its shape.
    """

    node: Node
    index: int
    values: Array
    back: Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """What the output of a layer is in the graph.

    Attributes
    ----------
    value : openvino.Output
    order : tuple of int
        Axis ``i`` of the value is axis ``order[i]`` of the layer's output.
    """

    value: Output
    order: Order


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilt:
    """A Keras network, and what its layers are in the graph.

    Attributes
    ----------
    graph : openvino.Model
    model : keras.Model
        From pixels, RGB from 0 to 255, to the outputs of the graph that were asked for.
    weights : dict of str to tuple of Weight
        The weights of each layer that has some, by its name. They are in the network already.
    places : dict of str to Place
        What the output of a layer is in the graph, by its name; those that only pad have none.
    """

    graph: Model
    model: Any
    weights: Mapping[str, tuple[Weight, ...]]
    places: Mapping[str, Place]

    def write_back(self) -> None:
        """Give the graph the weights that the Keras network has now.

        Those that are as they were stay the same constants.
        """
        ops = load_openvino().opset13
        for name, weights in self.weights.items():
            values = self.model.get_layer(name).get_weights()
            for weight, now in zip(weights, values, strict=True):
                if not np.array_equal(weight.values, now):
                    source = weight.node.input(weight.index)
                    shape = tuple(source.get_shape())
                    made = np.ascontiguousarray(weight.back(now).reshape(shape), np.float32)
                    source.replace_source_output(ops.constant(made).output(0))


def rebuild(
    keras: ModuleType,
    model: Model,
    outputs: Sequence[str],
    rules: Mapping[str, Rule],
    *,
    pixels: str = "uint8",
    as_layers: bool = False,
    name: str | None = None,
) -> Rebuilt:
    """Return the graph of a network as a Keras network, with its weights.

    Parameters
    ----------
    keras : module
    model : openvino.Model
        Takes ``image``: uint8 RGB, ``[?, height, width, 3]``. Constants are folded.
    outputs : sequence of str
        Which outputs of the graph the network gives, in this order.
    rules : mapping
        What makes the layers of each operation: `headstart.networks.keras_operations.RULES`.
    pixels : {"uint8", "float32"}
        What the Keras network takes. Floats are from 0 to 255 as well.
    as_layers : bool
        Whether every step is a layer, so that the network can be split between any two. Such a
        network can't be saved whole.
    name : str, optional
        What the Keras network is called. The default is a name of Keras's.

    Raises
    ------
    NotRebuilt
        If Keras has nothing that computes the same as one of the operations; with its name.
    """
    builder = Builder(keras, pixels=pixels, as_layers=as_layers)
    results = [model.output(name).get_node() for name in outputs]
    for node in _needed(model, results):
        kind = node.get_type_name()
        if kind in ("Constant", "Result") or builder.knows(node.output(0)):
            continue
        if kind not in rules:
            raise NotRebuilt(kind)
        try:
            rules[kind](builder, node)
        except NotRebuilt as error:
            raise NotRebuilt(f"{kind} ({error})") from error
    ends = {
        output: builder.in_order(result.input_value(0))
        for output, result in zip(outputs, results, strict=True)
    }
    network = keras.Model(
        builder.image, ends if len(ends) > 1 else next(iter(ends.values())), name=name
    )
    for layer, values in builder.weights.items():
        network.get_layer(layer).set_weights([each.values for each in values])
    return Rebuilt(model, network, builder.weights, builder.places)


def _needed(model: Model, results: Sequence[Node]) -> list[Node]:
    """Return the nodes that the results are computed from, in order."""
    needed, to_visit = set(), list(results)
    while to_visit:
        node = to_visit.pop()
        if node.get_name() not in needed:
            needed.add(node.get_name())
            to_visit += [value.get_node() for value in node.input_values()]
    return [node for node in model.get_ordered_ops() if node.get_name() in needed]


class Builder:
    """What is known in the middle of a rebuild; see `rebuild`."""

    def __init__(self, keras: ModuleType, *, pixels: str, as_layers: bool) -> None:
        self.keras = keras
        self.pixels = pixels
        self.image: Any = None
        self.weights: dict[str, tuple[Weight, ...]] = {}
        self.places: dict[str, Place] = {}
        self._as_layers = as_layers
        self._held: dict[tuple[str, int], Held] = {}
        self._permuted: dict[tuple[int, Order], Any] = {}
        self._names: set[str] = set()

    def knows(self, value: Output) -> bool:
        """Tell whether a value is recorded."""
        return key(value) in self._held

    def look_up(self, value: Output) -> Held:
        """Return the record of a value that depends on the image."""
        return self._held[key(value)]

    def record(self, value: Output, tensor: Any, order: Order | None = None) -> None:
        """Record that a value is `tensor` in `order`; without one, as it is.

        Raises
        ------
        NotRebuilt
            If they have different shapes.
        """
        order = order or tuple(range(len(tensor.shape)))
        shape = value.get_partial_shape()
        wanted = [axis.get_length() if axis.is_static else None for axis in shape]
        if [tensor.shape[axis] for axis in order] != wanted:
            raise NotRebuilt(f"a result of the shape {shape}")
        self._held[key(value)] = Held(tensor, order)
        self.places[_maker(tensor)] = Place(value, order)

    def start(self, node: Node) -> None:
        """Make the input of the Keras network."""
        shape = [axis.get_length() for axis in list(node.output(0).get_partial_shape())[1:]]
        self.image = self.keras.Input(shape, dtype=self.pixels, name=self.name("image"))
        self.record(node.output(0), self.image)

    def layer(
        self, node: Node, kind: str, tensor: Any, *weights: Weight | None, **settings: Any
    ) -> Any:
        """Apply a new layer of Keras with these weights, and return its output."""
        name = self.name(node.get_friendly_name())
        layer = getattr(self.keras.layers, kind)(name=name, **settings)
        given = tuple(each for each in weights if each is not None)
        if given:
            self.weights[name] = given
        return layer(tensor)

    def step(self, node: Node, function: Callable[..., Any], *tensors: Any) -> Any:
        """Apply a function of ``keras.ops``, and return its output."""
        if not self._as_layers:
            return function(*tensors)
        name = self.name(node.get_friendly_name())
        if len(tensors) == 1:
            return self.keras.layers.Lambda(function, name=name)(tensors[0])
        return self.keras.layers.Lambda(lambda all_: function(*all_), name=name)(list(tensors))

    def name(self, friendly: str) -> str:
        """Return a name for a layer that Keras takes and no other layer has."""
        base = keras_name(friendly)
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base}_{number}"
        self._names.add(name)
        return name

    def in_order(self, value: Output) -> Any:
        """Return a tensor with a value as it is in the graph."""
        held = self.look_up(value)
        return self.permuted(value.get_node(), held, tuple(range(len(held.order))))

    def channels_last(self, value: Output) -> Any:
        """Return a tensor with a value ``(n, c, h, w)`` of the graph as ``(n, h, w, c)``."""
        return self.permuted(value.get_node(), self.look_up(value), CHANNELS_FIRST)

    def permuted(self, node: Node, held: Held, order: Order) -> Any:
        """Return a tensor that holds the same value in another order."""
        axes = tuple(held.order[axis] for axis in inverse(order))
        if axes == tuple(range(len(axes))):
            return held.tensor
        known = self._permuted.get((id(held.tensor), axes))
        if known is None:
            known = self._moved(node, held.tensor, axes)
            self._permuted[id(held.tensor), axes] = known
            place = self.places.get(_maker(held.tensor))
            if place is not None:
                moved = tuple(axes.index(axis) for axis in place.order)
                self.places[_maker(known)] = Place(place.value, moved)
        return known

    def _moved(self, node: Node, tensor: Any, axes: Order) -> Any:
        if axes[0] != 0:
            return self.step(node, lambda x: self.keras.ops.transpose(x, axes), tensor)
        kept = [axis for axis in axes if tensor.shape[axis] != 1]
        if kept == sorted(kept):  # only axes of one place move
            shape = [tensor.shape[axis] for axis in axes[1:]]
            return self.layer(node, "Reshape", tensor, target_shape=shape)
        return self.layer(node, "Permute", tensor, dims=axes[1:])


def keras_name(name: str) -> str:
    """Return the name of a network, or of a layer of its file, as Keras takes it on any backend."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "step"


def _maker(tensor: Any) -> str:
    """Return the name of the layer that a tensor comes from."""
    return str(tensor._keras_history.operation.name)  # noqa: SLF001 - Keras has no public name for it


def key(value: Output) -> tuple[str, int]:
    """Return what identifies a value of a graph."""
    return value.get_node().get_name(), value.get_index()
