"""The layers of a converted network: names, shapes and parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from openvino import Node

    from headstart.networks.network import Network

# They hold or hand on what others computed.
_NO_LAYERS = ("Constant", "Parameter", "Result", "Convert")
_FLOATS = ("f16", "bf16", "f32", "f64", "i8", "u8")


@dataclass(frozen=True, slots=True)
class GraphLayer:
    """One operation of a network.

    Attributes
    ----------
    name : str
    kind : str
        Such as Convolution or MatMul.
    shape : tuple of int
        Of its output, without the batch axis.
    parameters : int
        Number of values that it was trained with.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int


def list_layers(network: Network) -> tuple[GraphLayer, ...]:
    """Return the operations of a network, in the order that an image passes through them.

    Raises
    ------
    DamagedModel
        If its files are gone or altered.
    """
    model = read_graph(network, load_openvino().Core())
    return tuple(
        GraphLayer(node.get_friendly_name(), node.get_type_name(), _shape(node), _parameters(node))
        for node in model.get_ordered_ops()
        if node.get_type_name() not in _NO_LAYERS
    )


def _shape(node: Node) -> tuple[int, ...]:
    _, *image = node.get_output_partial_shape(0)
    return tuple(side.get_length() for side in image)


def _parameters(node: Node) -> int:
    return sum(_held(value.get_node()) for value in node.input_values())


def _held(node: Node) -> int:
    """Return how many numbers a constant holds, also one of fewer bits."""
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant" or node.get_element_type().get_type_name() not in _FLOATS:
        return 0
    return math.prod(node.get_output_shape(0))
