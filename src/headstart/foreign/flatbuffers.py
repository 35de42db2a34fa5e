"""Read FlatBuffers from strangers, without a schema: TFLite files and their metadata are such.

Every offset is checked against the bytes that are there, and nothing is allocated because a number
in the file says so. A field is named by its place in the table of its schema, counted from 0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OFFSET, _SHORT, _BACK = "<I", "<H", "<i"
#: Elements of one vector; a network has some thousand tensors.
MOST_ELEMENTS = 1_000_000
#: Bytes of one text.
MOST_LETTERS = 2**16
#: How often each byte may be given out, on the average. A million fields may name the same vector.
MOST_READS = 16


def root(buffer: memoryview) -> Table:
    """Return the table that a buffer holds.

    Raises
    ------
    ValueError
        If it is cut short. So do all methods of the tables in it.
    """
    return Table(_Buffer(buffer), _read(buffer, _OFFSET, 0))


@dataclass(slots=True)
class _Buffer:
    """The bytes of a buffer, and how many of them may still be given out."""

    content: memoryview
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = MOST_READS * len(self.content)

    def cut(self, begin: int, length: int) -> memoryview:
        self.left -= length
        if length > len(self.content) - begin:
            raise ValueError("a vector that is cut short")
        if self.left < 0:
            raise ValueError("vectors that many fields share")
        return self.content[begin : begin + length]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table in a buffer: fields by their places.

    Attributes
    ----------
    buffer : _Buffer
        All of the buffer.
    place : int
        Where the table begins.
    """

    buffer: _Buffer
    place: int

    def number(self, field: int, kind: str = "i", default: float = 0) -> float:
        """Return a number of a type as `struct` names it; `default` if the field is absent."""
        at = self._field(field)
        return default if at is None else self._read(f"<{kind}", at)

    def table(self, field: int) -> Table | None:
        """Return the table in a field; None if it is absent."""
        at = self._target(field)
        return None if at is None else Table(self.buffer, at)

    def data(self, field: int, width: int = 1) -> memoryview:
        """Return the bytes of a vector whose elements have `width` bytes; empty if it is absent."""
        at = self._target(field)
        if at is None:
            return self.buffer.content[:0]
        return self.buffer.cut(at + 4, self._read(_OFFSET, at) * width)

    def numbers(self, field: int, kind: str) -> tuple[float, ...]:
        """Return a vector of numbers of a type as `struct` names it; empty if it is absent."""
        width = struct.calcsize(f"<{kind}")
        content = self.data(field, width)
        if len(content) > MOST_ELEMENTS * width:
            raise ValueError(f"more than {MOST_ELEMENTS:,} numbers")
        return tuple(number for (number,) in struct.iter_unpack(f"<{kind}", content))

    def text(self, field: int) -> str | None:
        """Return a text in UTF-8 of at most 64 KiB; None if it is absent."""
        if self._target(field) is None:
            return None
        content = self.data(field)
        if len(content) > MOST_LETTERS:
            raise ValueError(f"a text of more than {MOST_LETTERS:,} bytes")
        return bytes(content).decode()

    def tables(self, field: int, most: int = MOST_ELEMENTS) -> Iterator[Table]:
        """Yield the tables of a vector, of which there may be so many at most."""
        n_tables = len(self.data(field, 4)) // 4
        if n_tables > most:
            raise ValueError(f"more than {most:,} tables")
        for number in range(n_tables):
            yield self._item(field, number)

    def item(self, field: int, number: int) -> Table:
        """Return one table of a vector, counted from 0."""
        n_tables = len(self.data(field, 4)) // 4
        if not 0 <= number < n_tables:
            raise ValueError(f"number {number:,} of {n_tables:,} tables")
        return self._item(field, number)

    def _item(self, field: int, number: int) -> Table:
        at = (self._target(field) or 0) + 4 + 4 * number
        return Table(self.buffer, at + self._read(_OFFSET, at))

    def _target(self, field: int) -> int | None:
        """Return where the vector, text or table of a field begins."""
        at = self._field(field)
        return None if at is None else at + self._read(_OFFSET, at)

    def _field(self, field: int) -> int | None:
        """Return where a field is; None if it is absent."""
        layout = self.place - self._read(_BACK, self.place)
        entry = 4 + 2 * field
        if entry >= self._read(_SHORT, layout):
            return None
        offset = self._read(_SHORT, layout + entry)
        return self.place + offset if offset else None

    def _read(self, kind: str, place: int) -> int:
        return _read(self.buffer.content, kind, place)


def _read(buffer: memoryview, kind: str, place: int) -> int:
    """Return a number in the buffer, or raise ValueError if it isn't there."""
    if not 0 <= place <= len(buffer) - struct.calcsize(kind):
        raise ValueError("no FlatBuffer, or cut short")
    found: int = struct.unpack_from(kind, buffer, place)[0]
    return found
