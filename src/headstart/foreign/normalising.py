"""Make a graph of headstart of any front end's graph.

A file of another program comes with its own order of axes, a batch of one or a free one, floats or
bytes as input, shapes that are computed, and operations that headstart's graphs do not have. The
result takes one input ``image``: uint8, RGB, of shape ``[?, height, width, 3]``. It has the outputs
of a `headstart.networks.network.Network` and the operations of
`headstart.networks.graph_check.OPERATIONS` only. It is compared with what it was made of before
anybody gets it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from headstart.foreign.batches import take_any_batch
from headstart.foreign.cost_check import check_cost
from headstart.foreign.eight_bits import (
    drop_rounding_of_outputs,
    has_8_bits,
    store_floats,
    store_whole_numbers,
    whole_number_pixels,
)
from headstart.foreign.ends import find_ends
from headstart.foreign.lowering import Unfit, lower
from headstart.networks.graph import (
    drop_idle_converts,
    fold_constants,
    name_ends,
    pad_while_pooling,
    take_pixels,
)
from headstart.networks.graph_check import OPERATIONS
from headstart.networks.layers import is_numbered
from headstart.networks.layout import run_channels_first
from headstart.networks.preprocessing import INSIDE
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from openvino import Model, Output, PartialShape

    from headstart.networks.preprocessing import Preprocessing

Array = np.ndarray[Any, Any]

#: How far outputs may be from those of the file, relative to their length: both compute in float32,
#: in another order. With 8 bits, one step of rounding becomes the next in many places.
TOLERANCE, TOLERANCE_8_BITS = 1e-3, 0.3
_CHANNELS = 3
_RANK = 4
_WHOLE = "the output of the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a network shall become; None is the file's own.

    Attributes
    ----------
    preprocessing : Preprocessing or None
        What the network's input takes. None for a network that takes bytes, or does it inside.
    size : tuple of int or None
        Height and width.
    layer : str or None
        The friendly name of the layer that gives the features.
    n_classes : int or None
        How many classes the network is known to have.
    """

    preprocessing: Preprocessing | None = None
    size: tuple[int, int] | None = None
    layer: str | None = None
    n_classes: int | None = None


class Normalised(NamedTuple):
    """A graph as headstart runs it.

    Attributes
    ----------
    model : openvino.Model
    outputs : dict of str to tuple of int
        The shapes of the outputs without the batch.
    size : tuple of int
        Height and width.
    quantised : bool
        Whether weights and activations have 8 bits.
    """

    model: Model
    outputs: dict[str, tuple[int, ...]]
    size: tuple[int, int]
    quantised: bool


def takes_floats(model: Model) -> bool:
    """Tell whether the network takes floats: then its preprocessing must be known."""
    return bool(_image(model).get_element_type().is_real())


def normalise(model: Model, wanted: Wanted) -> Normalised:
    """Return a network of another program as a graph of headstart.

    Parameters
    ----------
    model : openvino.Model
        As a front end of OpenVINO reads it. It is changed.
    wanted : Wanted

    Raises
    ------
    Unfit
        If the network is none for images, has operations that headstart's graphs do not have, takes
        one image at a time, or would not compute the same.
    """
    preprocessing = wanted.preprocessing or INSIDE
    if not takes_floats(model):
        preprocessing = whole_number_pixels(model)
    drop_rounding_of_outputs(model)
    channels_first, size = fix_shapes(model, wanted.size)
    check_cost(model, size)
    original = model.clone()
    store_floats(original)
    make_plain(model)
    ends = find_ends(
        model, channels_first=channels_first, layer=wanted.layer, n_classes=wanted.n_classes
    )
    # First: where it is one of the others, those name it.
    named = {_WHOLE: ends.whole, **ends.named()}
    openvino = load_openvino()
    results = [openvino.opset13.result(output) for output in named.values()]
    plain = openvino.Model(results, model.get_parameters(), "network")
    _forget_names(plain)
    _take_channels_last(plain, channels_first)
    take_pixels(plain, preprocessing)
    drop_idle_converts(plain)
    run_channels_first(plain)
    fold_constants(plain)
    take_any_batch(plain)
    pad_while_pooling(plain)
    name_ends(plain, list(named))
    store_whole_numbers(plain)
    _check_operations(plain)
    _check_parity(plain, original, preprocessing, channels_first)
    plain.remove_result(plain.get_results()[0])
    plain.validate_nodes_and_infer_types()
    shapes = {output.get_any_name(): _shape(output) for output in plain.outputs}
    return Normalised(plain, shapes, size, has_8_bits(plain))


def _forget_names(model: Model) -> None:
    """Leave no name of the file at a value: two could become those of one output."""
    for node in model.get_ordered_ops():
        for output in node.outputs():
            output.get_tensor().set_names(set())


def _shape(output: Output) -> tuple[int, ...]:
    return tuple(int(side.get_length()) for side in list(output.get_partial_shape())[1:])


def make_plain(model: Model) -> None:
    """Compute all that does not depend on the image, and lower the rest, in place."""
    fold_constants(model)
    # First under their own kinds: what they are lowered to keeps their names.
    counts: Counter[str] = Counter()
    _number_layers(model, counts)
    _compute_in_float32(model)
    fold_constants(model)
    store_floats(model)
    lower(model)
    drop_idle_converts(model)
    fold_constants(model)
    _number_layers(model, counts)


def _number_layers(model: Model, counts: Counter[str]) -> None:
    """Give layers that the file has no names for names that are always the same.

    OpenVINO names them by their kind and how many nodes this process has made so far.
    """
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if is_numbered(node) and kind != "Constant":
            counts[kind] += 1
            node.set_friendly_name(f"{kind}:{counts[kind]}")


# --- The input


def _image(model: Model) -> Any:
    """Return the input that takes images."""
    if len(model.inputs) != 1:
        names = [_name(value) for value in model.inputs]
        raise Unfit(
            f"The network must have one input, for images. Received: {len(names)}: {names}."
        )
    return model.inputs[0]


def _name(value: Any) -> str:
    return str(min(value.get_names(), default=value.get_node().get_friendly_name()))


def fix_shapes(model: Model, size: tuple[int, int] | None) -> tuple[bool, tuple[int, int]]:
    """Give the network's input a batch of one and a size, in place.

    Returns
    -------
    channels_first : bool
        Whether the input has the axes (n, channels, height, width).
    size : tuple of int
        Height and width.

    Raises
    ------
    Unfit
        If it is no input for colour images, or the size is unknown or another.
    """
    shape = _image(model).get_partial_shape()
    layouts = [first for first in (True, False) if _may_be(shape, first)]
    if not layouts:
        raise Unfit(
            "The network must take colour images: an input with the axes (n, 3, height, width) or "
            f"(n, height, width, 3). Received: {shape}."
        )
    why = ""
    for channels_first in layouts:
        found = _size(shape, channels_first, size)
        sides = [1, _CHANNELS, *found] if channels_first else [1, *found, _CHANNELS]
        try:
            model.reshape(sides)
        except RuntimeError as error:
            why = str(error).strip().splitlines()[-1][:200]
        else:
            return channels_first, found
    raise Unfit(f"The network must take one image of {found}. Received, of OpenVINO: {why}.")


def _may_be(shape: PartialShape, channels_first: bool) -> bool:
    if shape.rank.is_dynamic:
        return True
    channels = 1 if channels_first else _RANK - 1
    return len(shape) == _RANK and (shape[channels].is_dynamic or shape[channels] == _CHANNELS)


def _size(
    shape: PartialShape, channels_first: bool, size: tuple[int, int] | None
) -> tuple[int, int]:
    axes = (2, 3) if channels_first else (1, 2)
    sides = [None] * 2 if shape.rank.is_dynamic else [shape[axis] for axis in axes]
    fixed = [
        int(side.get_length()) if side is not None and side.is_static else None for side in sides
    ]
    if size is None:
        height, width = fixed
        if height is None or width is None:
            raise Unfit(
                f"The file takes images of any size ({shape}), so the size must be known. Give it, "
                "as height and width."
            )
        return height, width
    if any(side not in (None, given) for side, given in zip(fixed, size, strict=True)):
        raise Unfit(
            f"The file takes images of {fixed[0]} x {fixed[1]} only. Received: size={size}."
        )
    return size


def _take_channels_last(model: Model, channels_first: bool) -> None:
    """Make the input floats with the channels last."""
    openvino = load_openvino()
    old = model.get_parameters()[0]
    old.set_element_type(openvino.Type.f32)
    if not channels_first:
        model.validate_nodes_and_infer_types()
        return
    n, channels, *sides = old.get_output_shape(0)
    new = openvino.opset13.parameter([n, *sides, channels], openvino.Type.f32)
    readers = old.output(0).get_target_inputs()
    moved = openvino.opset13.transpose(new, np.array([0, 3, 1, 2]))
    for reader in readers:
        reader.replace_source_output(moved.output(0))
    model.add_parameters([new])
    model.remove_parameter(old)
    model.validate_nodes_and_infer_types()


def _compute_in_float32(model: Model) -> None:
    """Compute in float32 what a file computes in float16, bfloat16 or float64."""
    openvino = load_openvino()
    others = [openvino.Type.f16, openvino.Type.bf16, openvino.Type.f64]
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Constant" and node.get_output_element_type(0) in others:
            values = np.array(node.get_data(dtype=np.float32), np.float32)
            new = openvino.opset13.constant(values)
            new.set_friendly_name(node.get_friendly_name())
            node.output(0).replace(new.output(0))
        elif node.get_type_name() == "Parameter" and node.get_element_type() in others:
            node.set_element_type(openvino.Type.f32)
        elif node.get_type_name() == "Convert" and node.get_output_element_type(0) in others:
            node.set_destination_type(openvino.Type.f32)
    model.validate_nodes_and_infer_types()


# --- What came out


def _check_operations(model: Model) -> None:
    """Refuse operations that headstart's graphs do not have, by name."""
    found = {node.get_type_name() for node in model.get_ordered_ops()}
    texts = {"Constant": "Const", "Relu": "ReLU", "Softmax": "SoftMax"}
    others = sorted(kind for kind in found if texts.get(kind, kind) not in OPERATIONS)
    if others:
        raise Unfit(
            "A network must be made of operations that headstart knows. Received, besides: "
            f"{', '.join(others)}."
        )


def _check_parity(
    model: Model, original: Model, preprocessing: Preprocessing, channels_first: bool
) -> None:
    """Check that two images at once become what the file makes of each alone."""
    pixels = _test_images(_shape(model.input())[:2])
    found = _run(model, pixels)[0]
    place = _place_of_whole(original, found.shape[1:])
    for image, output in zip(pixels, found, strict=True):
        given = _preprocessed(image[None], preprocessing)
        given = given.transpose(0, 3, 1, 2) if channels_first else given
        kind = original.input().get_element_type().to_dtype()
        expected = _run(original, np.ascontiguousarray(given.astype(kind)))[place]
        _compare(output, expected.reshape(output.shape), has_8_bits(model))


def _place_of_whole(original: Model, shape: tuple[int, ...]) -> int:
    shapes = [tuple(output.get_shape())[1:] for output in original.outputs]
    return shapes.index(shape)


def _test_images(size: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return two images of coarse squares and noise."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 226, (2, 8, 8, _CHANNELS))
    rows, columns = (np.arange(side) * 8 // side for side in size)
    noise = random.integers(0, 30, (2, *size, _CHANNELS))
    return (coarse[:, rows][:, :, columns] + noise).astype(np.uint8)


def _preprocessed(pixels: Array, how: Preprocessing) -> Array:
    values: Array = pixels.astype(np.float32)
    if how.channels == "bgr":
        values = values[..., ::-1]
    for operation, numbers in how.steps():
        values = getattr(np, operation)(values, np.array(numbers, np.float32))
    return values


def _run(model: Model, values: Array) -> list[Array]:
    core = load_openvino().Core()
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled([values]).to_tuple())


def _compare(found: Array, expected: Array, has_8_bits: bool) -> None:
    if not np.isfinite(expected).all():
        raise Unfit("The outputs of the network must be finite. Received: NaN or infinity.")
    error = float(np.linalg.norm(found - expected))
    largest = float(np.linalg.norm(expected))
    tolerance = TOLERANCE_8_BITS if has_8_bits else TOLERANCE
    if not error <= tolerance * max(largest, 1e-30):
        raise Unfit(
            "The network must compute the same after its conversion. Received: outputs that differ "
            f"by {error / max(largest, 1e-30):.2g} of their length. Please report this file."
        )
