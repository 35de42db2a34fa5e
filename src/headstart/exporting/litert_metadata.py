"""TFLite's metadata: what the input and the outputs are, and which file has the labels.

Its schema is that of TFLite Metadata (``metadata_schema.fbs``, version 1). Tools for Android and
others read it; those that make it are not maintained for present versions of Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flatbuffers import Builder

_NAME, _IDENTIFIER, _OF_MODEL = "TFLITE_METADATA", b"M001", b"TFL3"
# Kinds of the schema: of contents, of steps before the network, of colours and of files.
_IMAGE, _NORMALIZATION, _RGB, _LABELS = 2, 1, 1, 2
#: What is packed behind the network.
LABELS = "labels.txt"


def with_metadata(content: bytes, license_: str) -> bytes:
    """Return a TFLite file with metadata.

    Parameters
    ----------
    content : bytes
        A file with one signature, whose input is ``image``.
    license_ : str
        Of the weights; may be empty.
    """
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    names = {each.tensorIndex: each.name.decode() for each in model.signatureDefs[0].outputs}
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = list(_metadata([names[int(each)] for each in graph.outputs], license_))
    entry.name, entry.buffer = _NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = Builder(len(content) + 2**16)
    builder.Finish(model.Pack(builder), _OF_MODEL)
    return bytes(builder.Output())


def _metadata(outputs: Sequence[str], license_: str) -> bytes:
    from flatbuffers import Builder

    builder = Builder(1024)
    # Pixels go in as they are, from 0 to 255.
    numbers = _table(builder, {0: _floats(builder, [0.0]), 1: _floats(builder, [1.0])})
    unit = _table(builder, {1: numbers}, {0: _NORMALIZATION})
    image = _table(builder, {}, {0: _RGB})
    content = _table(builder, {1: image}, {0: _IMAGE})
    given = {0: builder.CreateString("image"), 3: content, 4: _vector(builder, [unit])}
    inputs = _vector(builder, [_table(builder, given)])
    results = _vector(builder, [_output(builder, name) for name in outputs])
    graph = _table(builder, {2: inputs, 3: results})
    about = {0: builder.CreateString("headstart"), 3: _vector(builder, [graph])}
    if license_:
        about[5] = builder.CreateString(license_)
    about[7] = builder.CreateString("1.0.0")
    builder.Finish(_table(builder, about), _IDENTIFIER)
    return bytes(builder.Output())


def _output(builder: Builder, name: str) -> int:
    fields = {0: builder.CreateString(name)}
    if name == "probabilities":
        file = _table(builder, {0: builder.CreateString(LABELS)}, {2: _LABELS})
        fields[6] = _vector(builder, [file])
    return _table(builder, fields)


def _table(builder: Builder, offsets: dict[int, int], bytes_: dict[int, int] | None = None) -> int:
    """Write a table; return its place."""
    small = bytes_ or {}
    builder.StartObject(max([*offsets, *small, -1]) + 1)
    for field, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(field, offset, 0)
    for field, number in small.items():
        builder.PrependUint8Slot(field, number, 0)
    place: int = builder.EndObject()
    return place


def _vector(builder: Builder, places: Sequence[int]) -> int:
    return _list(builder, places, builder.PrependUOffsetTRelative)


def _floats(builder: Builder, numbers: Sequence[float]) -> int:
    return _list(builder, numbers, builder.PrependFloat32)


def _list(builder: Builder, values: Sequence[Any], prepend: Callable[[Any], None]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        prepend(value)
    end: int = builder.EndVector()
    return end
