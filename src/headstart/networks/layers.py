"""The layers of a converted network: names, shapes and parameters."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headstart.networks.reading import read_graph
from headstart.networks.runtime import for_one_image, load_openvino

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openvino import Model, Node

    from headstart.networks.network import Network

# They hold or hand on what others computed.
_NO_LAYERS = ("Constant", "Parameter", "Result", "Convert")
# Of a vector, tokens and a feature map, with the batch.
_RANKS = (2, 3, 4)
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
    """Return the layers that can give a network's features, in the order an image passes them.

    Raises
    ------
    DamagedModel
        If its files are gone or altered.
    """
    found: dict[str, GraphLayer] = {}
    for node in _operations(network):
        axes = node.get_output_partial_shape(0)
        shape = tuple(axis.get_length() if axis.is_static else 1 for axis in axes)
        if is_numbered(node) or not gives_features(shape):
            continue
        layer = GraphLayer(
            node.get_friendly_name(), node.get_type_name(), shape[1:], _parameters(node)
        )
        # One layer of the file may have become several operations: the last one ends it.
        before = found.pop(layer.name, None)
        more = 0 if before is None else before.parameters
        found[layer.name] = replace(layer, parameters=layer.parameters + more)
    return tuple(found.values())


def count_parameters(network: Network) -> int:
    """Return how many values a network was trained with.

    Raises
    ------
    DamagedModel
        If its files are gone or altered.
    """
    return sum(map(_parameters, _operations(network)))


def gives_features(shape: Sequence[int]) -> bool:
    """Tell whether a value of this shape, for one image, can be features or is made of some.

    Where the first axis counts windows of the image, it can't: it counts images everywhere else.
    """
    if not shape:
        return False
    return math.prod(shape) == max(shape) or (shape[0] == 1 and len(shape) in _RANKS)


def is_numbered(node: Node) -> bool:
    """Tell whether a node has a name of OpenVINO's: its kind, and a number that changes."""
    given = re.fullmatch(r"([A-Z][A-Za-z]+)_\d+", node.get_friendly_name())
    return given is not None and given[1] in (node.get_type_name(), "Transpose")


def _operations(network: Network) -> list[Node]:
    model: Model = for_one_image(read_graph(network, load_openvino().Core()))
    return [node for node in model.get_ordered_ops() if node.get_type_name() not in _NO_LAYERS]


def _parameters(node: Node) -> int:
    return sum(_held(value.get_node()) for value in node.input_values())


def _held(node: Node) -> int:
    """Return how many numbers a constant holds, also one of fewer bits.

    A number without axes is a setting, such as what is padded with.
    """
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant" or node.get_element_type().get_type_name() not in _FLOATS:
        return 0
    return math.prod(node.get_output_shape(0)) if len(node.get_output_shape(0)) else 0
