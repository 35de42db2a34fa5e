"""A network's graph as a module of torch: the same operations in the same order.

Memory is channels-last, as GPUs want it: the pixels come so, and a ``Transpose`` only changes how
torch counts the axes. What scales the channels after a convolution becomes part of its weights. In
bfloat16 weights are cast once; what is done to pixels, means and probabilities stays float32.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from headstart.errors import UsageError
from headstart.features.batch_axes import MixedImages, check_batches, key
from headstart.features.torch_operations import (
    OPERATIONS,
    NotSupported,
    Operation,
    affine,
    convolution,
    is_constant,
    is_layer,
    product,
    scaled,
)
from headstart.networks.reading import read_graph, using_graph
from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from openvino import Model, Node

    from headstart.features.torch_operations import Affine
    from headstart.networks.network import Network

_CONVOLUTIONS = ("Convolution", "GroupConvolution")
# What takes most of the time, and so is computed in bfloat16 whatever comes in.
_HEAVY = (*_CONVOLUTIONS, "MatMul")
# What moves pixels without computing with them.
_MOVES = ("Concat", "Gather", "Pad", "Parameter", "Reshape", "Slice", "Split", "Transpose")
_RANK_OF_IMAGES = 4


def graph_module(
    network: Network, outputs: Sequence[str], dtype: torch.dtype = torch.float32
) -> GraphModule:
    """Return the graph of a network as a module of torch.

    Parameters
    ----------
    network : Network
    outputs : sequence of str
        Which of ``network.outputs`` to compute.
    dtype : torch.dtype
        What convolutions and products of matrices compute in: float32 or bfloat16.

    Returns
    -------
    GraphModule
        On the processor; ``to(device)`` moves it.

    Raises
    ------
    DamagedModel
        If the files of the network are gone, or are no graph as headstart writes it.
    UsageError
        If torch can't compute what OpenVINO computes, or not for several images at once.
    """
    core = load_openvino().Core()
    model = read_graph(network, core)
    with using_graph(network):
        results = [model.output(name).get_node() for name in outputs]
        pruned = load_openvino().Model(results, model.get_parameters(), network.name)
    try:
        check_batches(pruned, network)
        return _Builder(pruned, dtype).module(results)
    except (NotSupported, MixedImages) as error:
        raise _refused(network, str(error)) from error
    except RuntimeError as error:  # of OpenVINO
        raise _refused(network, "a graph that takes one image at a time") from error


def _refused(network: Network, what: str) -> UsageError:
    return UsageError(
        f"A GPU runs graphs of which torch computes all operations as OpenVINO does, each image by "
        f"itself. Received: {network.name}, with {what}. Use device='cpu'."
    )


class _Step(NamedTuple):
    """A function of values, each of which has a number.

    Attributes
    ----------
    function : callable
    sources, targets : tuple of int
        The numbers of what it takes and gives.
    last : tuple of int
        The numbers of what nothing takes after it.
    """

    function: Callable[..., Any]
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    last: tuple[int, ...] = ()


class GraphModule(torch.nn.Module):
    """The graph of a network, with its constants as buffers.

    Attributes
    ----------
    bytes_an_image : int
        The most memory that values take for one image.
    """

    def __init__(
        self,
        steps: Iterable[_Step],
        constants: dict[int, torch.Tensor],
        results: tuple[int, ...],
        bytes_an_image: int,
    ) -> None:
        super().__init__()
        self._steps = tuple(steps)
        self._numbers = tuple(constants)
        self._results = results
        self.bytes_an_image = bytes_an_image
        for number, values in constants.items():
            self.register_buffer(f"constant_{number}", values, persistent=False)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Compute the outputs of images.

        Parameters
        ----------
        pixels : Tensor of uint8, shape (n, height, width, 3)
            RGB.

        Returns
        -------
        tuple of Tensor of float32
            The outputs in order, each of shape (n, ...).
        """
        values: dict[int, Any] = dict(zip(self._numbers, self._buffers.values(), strict=True))
        values[_PIXELS] = pixels
        for step in self._steps:
            found = step.function(*[values[number] for number in step.sources])
            if len(step.targets) == 1:
                values[step.targets[0]] = found
            else:
                values.update(zip(step.targets, found, strict=True))
            for number in step.last:
                del values[number]
        return tuple(values[number].float() for number in self._results)


_PIXELS = 0


class _Builder:
    """Makes the steps of a module from the nodes of a graph."""

    def __init__(self, model: Model, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._nodes = model.get_ordered_ops()
        self._numbers: dict[tuple[str, int], int] = {}
        # Of each number.
        self._dtypes: list[torch.dtype] = []
        self._sizes: list[int] = []
        self._steps: list[_Step] = []
        self._constants: dict[int, torch.Tensor] = {}
        self._casts: dict[tuple[int, torch.dtype], int] = {}
        self._taken_in: set[str] = set()
        self._readers = defaultdict(list)
        for node in self._nodes:
            for value in node.input_values():
                self._readers[key(value)].append(node)

    def module(self, results: Sequence[Node]) -> GraphModule:
        for node in self._nodes:
            kind = node.get_type_name()
            if kind == "Parameter":
                self._numbers[key(node.output(0))] = self._new(torch.uint8, _size(node))
            elif kind not in ("Constant", "Result") and node.get_name() not in self._taken_in:
                self._add(node)
        numbers = tuple(self._numbers[key(result.input_value(0))] for result in results)
        steps = _with_last_uses(self._steps, {*numbers, *self._constants})
        return GraphModule(steps, self._constants, numbers, self._most_bytes(steps))

    def _add(self, node: Node) -> None:
        kind = node.get_type_name()
        _check_type(node)
        try:
            operation, end = self._operation(node)
        except NotSupported as error:
            raise NotSupported(f"{kind} ({error})") from error
        given = [
            self._numbers[key(value)] for value in node.input_values() if not is_constant(value)
        ]
        dtype = self._choose_dtype(kind, given)
        sources = [self._cast(number, dtype) for number in given]
        shaped = kind in _CONVOLUTIONS
        sources += [self._constant(values, dtype, shaped) for values in operation.constants]
        outputs = end.outputs()[: 1 if kind == "MaxPool" else None]
        result = torch.float32 if operation.exact else dtype
        targets = [self._new(result, math.prod(output.get_shape())) for output in outputs]
        self._numbers.update(zip(map(key, outputs), targets, strict=True))
        self._steps.append(_Step(operation.function, tuple(sources), tuple(targets)))

    def _operation(self, node: Node) -> tuple[Operation, Node]:
        """Return what computes a node and the nodes after it that it takes in; and the last."""
        kind = node.get_type_name()
        if kind in _CONVOLUTIONS:
            end, then = self._take_in(node, axis=1)
            return convolution(node, then), end
        if kind == "MatMul" and is_layer(node):
            rank = len(node.output(0).get_shape())
            end, then = self._take_in(node, axis=rank - 1)
            return product(node, then), end
        own = affine(node, axis=1) if kind == "BatchNormInference" else None
        if own is not None:
            end, then = self._take_in(node, axis=1)
            both = own if then is None else _both(own, then)
            return scaled(both, rank=len(node.output(0).get_shape())), end
        if kind not in OPERATIONS:
            raise NotSupported("unknown to torch")
        return OPERATIONS[kind](node), node

    def _take_in(self, node: Node, axis: int) -> tuple[Node, Affine | None]:
        """Find the nodes after `node` that only scale its channels, and what all of them do."""
        total: Affine | None = None
        while True:
            readers = self._readers[key(node.output(0))]
            then = affine(readers[0], axis) if len(readers) == 1 else None
            if then is None:
                return node, total
            node = readers[0]
            self._taken_in.add(node.get_name())
            total = then if total is None else _both(total, then)

    def _choose_dtype(self, kind: str, given: Sequence[int]) -> torch.dtype:
        dtypes = {self._dtypes[number] for number in given}
        if dtypes == {torch.uint8} or (dtypes == {torch.float32} and kind not in _HEAVY):
            return dtypes.pop()
        return self._dtype

    def _new(self, dtype: torch.dtype, size: int) -> int:
        self._dtypes.append(dtype)
        self._sizes.append(size)
        return len(self._dtypes) - 1

    def _cast(self, number: int, dtype: torch.dtype) -> int:
        if self._dtypes[number] == dtype:
            return number
        if (number, dtype) not in self._casts:
            target = self._new(dtype, self._sizes[number])
            self._steps.append(_Step(lambda x: x.to(dtype), (number,), (target,)))
            self._casts[number, dtype] = target
        return self._casts[number, dtype]

    def _constant(self, values: np.ndarray[Any, Any], dtype: torch.dtype, shaped: bool) -> int:
        whole = np.issubdtype(values.dtype, np.integer)
        number = self._new(torch.int64 if whole else dtype, 0)
        tensor = torch.from_numpy(np.array(values, order="C")).to(self._dtypes[number])
        if shaped and tensor.ndim == _RANK_OF_IMAGES:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        self._constants[number] = tensor
        return number

    def _most_bytes(self, steps: Sequence[_Step]) -> int:
        live = most = self._bytes(_PIXELS)
        for step in steps:
            live += sum(self._bytes(number) for number in step.targets)
            most = max(most, live)
            live -= sum(self._bytes(number) for number in step.last)
        return most

    def _bytes(self, number: int) -> int:
        return self._sizes[number] * self._dtypes[number].itemsize


def _size(node: Node) -> int:
    return math.prod(node.output(0).get_shape())


def _both(first: Affine, then: Affine) -> Affine:
    """Return what both do, one after the other."""
    return first[0] * then[0], first[1] * then[0] + then[1]


def _check_type(node: Node) -> None:
    """Refuse arithmetic with integers: torch's overflow and rounding are others."""
    kinds = {output.get_element_type().get_type_name() for output in node.outputs()[:1]}
    floats = {"f16", "f32", "f64"}
    moves = node.get_type_name() in _MOVES
    if not kinds <= (floats | {"u8"} if moves else floats):
        raise NotSupported(f"{node.get_type_name()} (of type {kinds.pop()})")


def _with_last_uses(steps: Sequence[_Step], kept: set[int]) -> list[_Step]:
    """Return the steps, each with the numbers that nothing takes after it."""
    used, reversed_steps = set(kept), []
    for step in reversed(steps):
        last = {*step.sources, *step.targets} - used
        used |= last
        reversed_steps.append(step._replace(last=tuple(last)))
    return reversed_steps[::-1]
