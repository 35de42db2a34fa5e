"""A graph of ONNX that grows node by node, and becomes a file.

The numbers of the fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. No
package is needed to write it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import ConversionError
from headstart.exporting.protobuf import Message, data, integer, n_bytes, single, text
from headstart.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The oldest version that has weights of 8 bits with a scale for each channel, and the softmax over
#: one axis. What reads ONNX since 2021 reads it. Its files have version 7.
OPSET, _IR_VERSION = 13, 7
# Of protobuf: https://protobuf.dev/programming-guides/proto-limits/
_MOST_BYTES = 2**31 - 1

_TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "float64": 11,
}

Attribute = int | float | str | list[int]
# A size, or the name of one that may be any.
Shape = list[int | str]


class OnnxGraph:
    """A graph of ONNX.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: Message = []
        self._constants: Message = []
        self._ends: Message = []
        self._n_values = 0

    def add(
        self,
        operation: str,
        inputs: Sequence[str],
        *,
        outputs: Sequence[str] | None = None,
        **attributes: Attribute,
    ) -> str:
        """Add a node, and return the name of its first output.

        Parameters
        ----------
        operation : str
        inputs : sequence of str
            Names of values; an empty one for an input that is left out.
        outputs : sequence of str, optional
            Names of its outputs. The default is a new name for one.
        **attributes
        """
        outputs = outputs or [self.new_name(operation)]
        message = [piece for name in inputs for piece in text(1, name)]
        message += [piece for name in outputs for piece in text(2, name)]
        message += text(3, outputs[0]) + text(4, operation)
        for name, value in attributes.items():
            message += data(5, _attribute(name, value))
        self._nodes += data(1, message)
        return outputs[0]

    def constant(self, values: object, kind: str = "float32") -> str:
        """Add an array of constants, and return its name."""
        # Not `ascontiguousarray`, which gives a number an axis.
        array = np.asarray(values, np.dtype(kind).newbyteorder("<"), order="C")
        name = self.new_name("constant")
        flat: Any = array.reshape(-1).view(np.uint8)  # NumPy declares no buffer
        content = memoryview(flat)
        message = [piece for size in array.shape for piece in integer(1, size)]
        message += integer(2, _TYPES[kind]) + text(8, name) + data(9, [content])
        self._constants += data(5, message)
        return name

    def new_name(self, kind: str) -> str:
        """Return a name that no value has."""
        self._n_values += 1
        return f"{kind}_{self._n_values}"

    def take(self, name: str, kind: str, shape: Shape) -> None:
        """Declare an input."""
        self._ends += data(11, _value(name, kind, shape))

    def give(self, name: str, kind: str, shape: Shape) -> None:
        """Declare an output: the value of this name."""
        self._ends += data(12, _value(name, kind, shape))

    def message(self, metadata: Mapping[str, str]) -> Message:
        """Return the file, with these entries of ``metadata_props``.

        Raises
        ------
        ConversionError
            If it has more bytes than a file of ONNX can have.
        """
        graph = [*self._nodes, *text(2, self._name), *self._constants, *self._ends]
        message = integer(1, _IR_VERSION) + text(2, "headstart") + text(3, __version__)
        message += data(7, graph) + data(8, [*text(1, ""), *integer(2, OPSET)])
        for key, value in metadata.items():
            message += data(14, text(1, key) + text(2, value))
        if n_bytes(message) > _MOST_BYTES:
            raise ConversionError(
                "A file of ONNX holds at most 2 GB. Received: a model of "
                f"{n_bytes(message) / 1e9:.1f} GB. Export it to OpenVINO's format."
            )
        return message


def type_number(kind: str) -> int:
    """Return ONNX's number of a type of numbers, such as "float32"."""
    return _TYPES[kind]


def _attribute(name: str, value: Attribute) -> Message:
    match value:
        case float():
            written, kind = single(2, value), 1
        case int():
            written, kind = integer(3, value), 2
        case str():
            written, kind = text(4, value), 3
        case _:
            written, kind = [piece for each in value for piece in integer(8, each)], 7
    return text(1, name) + written + integer(20, kind)


def _value(name: str, kind: str, shape: Shape) -> Message:
    sizes: Message = []
    for size in shape:
        sizes += data(1, text(2, size) if isinstance(size, str) else integer(1, size))
    tensor = integer(1, _TYPES[kind]) + data(2, sizes)
    return text(1, name) + data(2, data(1, tensor))
