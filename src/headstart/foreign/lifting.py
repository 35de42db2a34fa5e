"""Give values whose first axis is not the batch an axis for it, before their own.

Some networks move the batch: torch's attention puts tokens before it, and Swin puts windows of an
image into it. In a graph for one image the batch is an axis of size 1, wherever it stands. So an
operation that needs the first axis for something else computes on values of one image, with one
more axis before them, which becomes the batch. Where a result starts with an axis of size 1, that
one is the batch again, and the other is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headstart.foreign.lowering import Lowering, is_constant, shape_of, values_of, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from openvino import Model, Node, Output

    Rule = Callable[["_Lifting", Node], None]

_ANY_VALUES = ("Add", "Divide", "FakeQuantize", "MatMul", "Multiply", "Power", "Subtract")
_ONE_VALUE = (
    *("Clamp", "Convert", "Elu", "Erf", "Gelu", "HSwish", "Negative", "Relu", "Sigmoid", "Sqrt"),
    *("Swish", "Tanh"),
)
# Which input says the axes along which an operation works.
_PLACE_OF_AXES = {"Gather": 2, "ReduceMax": 1, "ReduceMean": 1, "Slice": 4, "Split": 1}
# MatMul has matrices in its last two axes.
_MATRIX = 2


def lift_what_moves_the_batch(model: Model) -> None:
    """Make the first axis of values the batch wherever a graph for one image uses it otherwise.

    Parameters
    ----------
    model : openvino.Model
        All shapes are known; the image has a batch of 1. It is changed, and computes the same.
        Operations of other kinds than those of `RULES` keep the axes that they have.
    """
    lifting = _Lifting()
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if not lifting.depends_on_image(node):
            continue
        if kind in RULES and not _keeps_the_batch(node, lifting.images_of(node)):
            lifting.lift(node, RULES[kind])
    model.validate_nodes_and_infer_types()


class _Lifting:
    """Changes operations, and remembers which values have one more axis elsewhere."""

    def __init__(self) -> None:
        self.make = Lowering()
        self._of_image: set[str] = set()
        self._lifted: dict[str, Output] = {}

    def depends_on_image(self, node: Node) -> bool:
        """Tell whether a node depends on the image; those before it must have been asked for."""
        found = node.get_type_name() == "Parameter" or bool(self.images_of(node))
        if found:
            self._of_image.add(node.get_name())
        return found

    def images_of(self, node: Node) -> dict[int, Output]:
        """Return the inputs of a node that depend on the image, by their places."""
        inputs = enumerate(node.input_values())
        return {
            place: value for place, value in inputs if value.get_node().get_name() in self._of_image
        }

    def lift(self, node: Node, rule: Rule) -> None:
        """Let an operation work on values with one more axis, and its readers see no change."""
        outputs = node.outputs()
        shapes = [shape_of(output) for output in outputs]
        readers = [output.get_target_inputs() for output in outputs]
        rule(self, node)
        node.validate_and_infer_types()
        for output, shape, inputs in zip(outputs, shapes, readers, strict=True):
            dropped = self.make.reshape(output, shape)
            self._lifted[dropped.get_node().get_name()] = output
            self._of_image.add(dropped.get_node().get_name())
            for each in inputs:
                each.replace_source_output(dropped)

    def value(self, value: Output, rank: int | None = None) -> Output:
        """Return a value with one more axis, and with axes of size 1 up to this rank."""
        shape = shape_of(value)
        lifted = self._lifted.get(value.get_node().get_name())
        missing = [1] * ((len(shape) if rank is None else rank) - len(shape))
        if lifted is not None and not missing:
            return lifted
        return self.make.reshape(value if lifted is None else lifted, [1, *missing, *shape])


def _keeps_the_batch(node: Node, images: dict[int, Output]) -> bool:
    """Tell whether the first axis of all that depends on the image here is the batch."""
    if any(shape_of(value)[:1] != [1] for value in [*images.values(), *node.outputs()]):
        return False
    kind = node.get_type_name()
    if kind == "Transpose":
        return whole_numbers(node.input_value(1))[0] == 0
    if kind in (*_PLACE_OF_AXES, "Concat", "Softmax"):
        return 0 not in _axes(node)
    if kind == "Pad":
        return not any(whole_numbers(node.input_value(place))[0] for place in (1, 2))
    return kind not in _ANY_VALUES or _are_in_line(node, images)


def _are_in_line(node: Node, images: dict[int, Output]) -> bool:
    """Tell whether values are broadcast with their first axes on each other."""
    rank = len(shape_of(node.output(0)))
    shapes = [shape_of(value) for value in node.input_values()]
    if any(len(shapes[place]) != rank for place in images):
        return False
    if node.get_type_name() == "MatMul" and rank == _MATRIX:
        # Of matrices alone, the first axis of the first one has a row for each image.
        return list(images) == [0] and not node.get_attributes()["transpose_a"]
    return all(shape[0] == 1 for shape in shapes if len(shape) == rank)


def _axes(node: Node) -> list[int]:
    """Return the axes along which an operation works, none of them negative."""
    kind, rank = node.get_type_name(), len(shape_of(node.input_value(0)))
    place = _PLACE_OF_AXES.get(kind)
    if place is None:
        axes = [int(node.get_attributes()["axis"])]
    elif place < node.get_input_size():
        axes = whole_numbers(node.input_value(place))
    else:
        # Slice has no axes if it is about the first ones.
        axes = list(range(len(whole_numbers(node.input_value(1)))))
    return [axis % rank for axis in axes]


def _lift_values(lifting: _Lifting, node: Node) -> None:
    """Operations on values in the same places; products of matrices have those in the last axes."""
    rank = len(shape_of(node.output(0)))
    for place, value in lifting.images_of(node).items():
        node.set_argument(place, lifting.value(value, rank))


def _lift_axes(lifting: _Lifting, node: Node) -> None:
    """Operations that have the axes along which they work as an input."""
    kind, axes = node.get_type_name(), [axis + 1 for axis in _axes(node)]
    place = _PLACE_OF_AXES[kind]
    node.set_argument(0, lifting.value(node.input_value(0)))
    shape = shape_of(node.input_value(place)) if place < node.get_input_size() else [len(axes)]
    node.set_argument(place, lifting.make.ops.constant(np.reshape(axes, shape)).output(0))


def _lift_axis(lifting: _Lifting, node: Node) -> None:
    """``Softmax`` and ``Concat``, which have their axis as an attribute."""
    (axis,) = _axes(node)
    for place, value in enumerate(node.input_values()):
        lifted = (
            lifting.make.ops.constant(values_of(value)[None]).output(0)
            if is_constant(value)
            else lifting.value(value)
        )
        node.set_argument(place, lifted)
    node.set_attribute("axis", axis + 1)


def _lift_pad(lifting: _Lifting, node: Node) -> None:
    node.set_argument(0, lifting.value(node.input_value(0)))
    for place in (1, 2):
        pads = lifting.make.axes([0, *whole_numbers(node.input_value(place))])
        node.set_argument(place, pads.output(0))


def _lift_transpose(lifting: _Lifting, node: Node) -> None:
    order = [axis + 1 for axis in whole_numbers(node.input_value(1))]
    node.set_arguments(
        [lifting.value(node.input_value(0)), lifting.make.axes([0, *order]).output(0)]
    )


def _lift_reshape(lifting: _Lifting, node: Node) -> None:
    shape = [1, *shape_of(node.output(0))]
    node.set_argument(0, lifting.value(node.input_value(0)))
    node.set_argument(1, lifting.make.axes(shape).output(0))


#: For each kind of operation, what makes it work on values with one more axis.
RULES: dict[str, Rule] = {
    **dict.fromkeys(_ANY_VALUES + _ONE_VALUE, _lift_values),
    **dict.fromkeys(_PLACE_OF_AXES, _lift_axes),
    **dict.fromkeys(["Concat", "Softmax"], _lift_axis),
    "Pad": _lift_pad,
    "Reshape": _lift_reshape,
    "Transpose": _lift_transpose,
}
