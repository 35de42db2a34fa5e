"""Look into TFLite files of strangers before a front end does.

A front end takes indices and shapes as they are. Checked is that each leads to something that is
there, and that every constant has as many bytes as its shape says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.escaping import quoted
from headstart.foreign.files import mapped
from headstart.foreign.flatbuffers import Table, root
from headstart.foreign.sizes import check_total, n_values
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Fields of the tables, as TFLite's schema counts them.
_OPERATIONS, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3
_SHAPE, _TYPE, _BUFFER, _NAME, _QUANTISATION, _SPARSITY = 0, 1, 2, 3, 4, 6
_SCALES, _ZERO_POINTS, _AXIS = 2, 3, 6
_OPERATION, _INS, _OUTS = 0, 1, 2
_DATA, _OFFSET, _SIZE = 0, 1, 2
# Bits of a value by the number of its type.
_BITS = {
    **dict.fromkeys((3, 6, 9), 8),
    **dict.fromkeys((1, 7, 16, 18), 16),
    **dict.fromkeys((0, 2, 15), 32),
    **dict.fromkeys((4, 8, 10, 12), 64),
    11: 128,
    17: 4,
}
_TEXT = 5
# An optional input that is left out.
_NONE = -1


def check_tflite(path: Path) -> None:
    """Check that a front end can read a TFLite file within the memory that it is worth.

    Raises
    ------
    ValueError
        If it is cut short, if something in it leads nowhere, if a constant has more or fewer bytes
        than its shape, if it has sparse weights, or loops or conditions (further subgraphs).
    OSError
        If it can't be read.
    """
    with open_regular(path) as file, mapped(file) as content:
        network = root(content)
        subgraphs = list(network.tables(_SUBGRAPHS))
        if len(subgraphs) != 1:
            raise ValueError(
                f"{len(subgraphs)} subgraphs, where loops and conditions are not taken"
            )
        lengths = [_length(buffer, len(content)) for buffer in network.tables(_BUFFERS)]
        n_operations = sum(1 for _ in network.tables(_OPERATIONS))
        _check_subgraph(subgraphs[0], lengths, n_operations, len(content))


def _length(buffer: Table, stored: int) -> int:
    """Return the bytes of a buffer; those of large files may lie behind the FlatBuffer."""
    offset, size = (int(buffer.number(field, "Q")) for field in (_OFFSET, _SIZE))
    # 1 stands for a buffer that was left empty.
    if offset > 1:
        if offset + size > stored:
            raise ValueError("a buffer beyond the end of the file")
        return size
    return len(buffer.data(_DATA))


def _check_subgraph(
    subgraph: Table, lengths: Sequence[int], n_operations: int, stored: int
) -> None:
    tensors = list(subgraph.tables(_TENSORS))
    check_total((_checked_size(tensor, lengths) for tensor in tensors), stored)
    for field in (_INPUTS, _OUTPUTS):
        _check_indices(subgraph.numbers(field, "i"), len(tensors))
    for operator in subgraph.tables(_OPERATORS):
        if operator.number(_OPERATION, "I") >= n_operations:
            raise ValueError("an operation that is not there")
        for field in (_INS, _OUTS):
            _check_indices(operator.numbers(field, "i"), len(tensors))


def _check_indices(indices: Sequence[float], n_tensors: int) -> None:
    if not all(_NONE <= index < n_tensors for index in indices):
        raise ValueError("a tensor that is not there")


def _checked_size(tensor: Table, lengths: Sequence[int]) -> int:
    """Return the bytes of a constant; 0 for what is computed."""
    name = quoted(tensor.text(_NAME) or "")
    shape = [int(side) for side in tensor.numbers(_SHAPE, "i")]
    values = n_values(shape)
    kind, buffer = int(tensor.number(_TYPE, "b")), int(tensor.number(_BUFFER, "I"))
    if tensor.table(_SPARSITY) is not None:
        raise ValueError(f"sparse weights, {name}")
    _check_quantisation(tensor.table(_QUANTISATION), shape, name)
    if buffer >= len(lengths):
        raise ValueError(f"the tensor {name}, whose buffer is not there")
    stored = lengths[buffer]
    if stored == 0 or kind == _TEXT:
        return stored
    if kind not in _BITS:
        raise ValueError(f"the tensor {name} of the unknown type {kind}")
    if stored != -(-values * _BITS[kind] // 8):
        raise ValueError(f"the tensor {name} of the shape {shape} with {stored:,} bytes")
    return stored


def _check_quantisation(how: Table | None, shape: Sequence[int], name: str) -> None:
    """Check that there are as many scales as a front end will look for."""
    if how is None:
        return
    scales = how.numbers(_SCALES, "f")
    axis = int(how.number(_AXIS, "i"))
    along = shape[axis] if 0 <= axis < len(shape) else 1
    zero_points = len(how.numbers(_ZERO_POINTS, "q"))
    if len(scales) not in (0, 1, along) or zero_points not in (0, 1, len(scales)):
        raise ValueError(f"the tensor {name} with {len(scales)} scales")
    if not all(0 <= scale < float("inf") for scale in scales):
        raise ValueError(f"the tensor {name} with a scale that is none")
