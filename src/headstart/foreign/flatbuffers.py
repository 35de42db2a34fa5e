"""Read FlatBuffers from strangers, without a schema: TFLite files and their metadata are such.

Every offset is checked against the bytes that are there, and nothing is allocated because a number
in the file says so. A field is named by its place in the table of its schema, counted from 0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OFFSET, _SHORT, _BACK = "<I", "<H", "<i"
#: Elements of one vector; a network has some thousand tensors.
MOST_ELEMENTS = 1_000_000


def root(buffer: memoryview) -> Table:
    """Return the table that a buffer holds.

    Raises
    ------
    ValueError
        If it is cut short. So do all methods of the tables in it.
    """
    return Table(buffer, _read(buffer, _OFFSET, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table in a buffer: fields by their places.

    Attributes
    ----------
    buffer : memoryview
        Of bytes: all of the buffer.
    place : int
        Where the table begins.
    """

    buffer: memoryview
    place: int

    def number(self, field: int, kind: str = "i", default: float = 0) -> float:
        """Return a number of a type as `struct` names it; `default` if the field is absent."""
        at = self._field(field)
        return default if at is None else _read(self.buffer, f"<{kind}", at)

    def table(self, field: int) -> Table | None:
        """Return the table in a field; None if it is absent."""
        at = self._target(field)
        return None if at is None else Table(self.buffer, at)

    def data(self, field: int, width: int = 1) -> memoryview:
        """Return the bytes of a vector whose elements have `width` bytes; empty if it is absent."""
        at = self._target(field)
        if at is None:
            return self.buffer[:0]
        begin, length = at + 4, _read(self.buffer, _OFFSET, at)
        if length * width > len(self.buffer) - begin:
            raise ValueError("a vector that is cut short")
        return self.buffer[begin : begin + length * width]

    def numbers(self, field: int, kind: str) -> tuple[float, ...]:
        """Return a vector of numbers of a type as `struct` names it; empty if it is absent."""
        content = self.data(field, struct.calcsize(f"<{kind}"))
        if len(content) > MOST_ELEMENTS:
            raise ValueError(f"more than {MOST_ELEMENTS:,} numbers")
        return tuple(number for (number,) in struct.iter_unpack(f"<{kind}", content))

    def text(self, field: int) -> str | None:
        """Return a text in UTF-8; None if it is absent."""
        return None if self._target(field) is None else bytes(self.data(field)).decode()

    def tables(self, field: int) -> Iterator[Table]:
        """Yield the tables of a vector."""
        content = self.data(field, 4)
        if len(content) // 4 > MOST_ELEMENTS:
            raise ValueError(f"more than {MOST_ELEMENTS:,} tables")
        if not content:
            return
        begin = (self._target(field) or 0) + 4
        for at in range(begin, begin + len(content), 4):
            yield Table(self.buffer, at + _read(self.buffer, _OFFSET, at))

    def _target(self, field: int) -> int | None:
        """Return where the vector, text or table of a field begins."""
        at = self._field(field)
        return None if at is None else at + int(_read(self.buffer, _OFFSET, at))

    def _field(self, field: int) -> int | None:
        """Return where a field is; None if it is absent."""
        layout = self.place - int(_read(self.buffer, _BACK, self.place))
        entry = 4 + 2 * field
        if entry >= _read(self.buffer, _SHORT, layout):
            return None
        offset = int(_read(self.buffer, _SHORT, layout + entry))
        return self.place + offset if offset else None


def _read(buffer: memoryview, kind: str, place: int) -> int:
    """Return a number in the buffer, or raise ValueError if it isn't there."""
    if not 0 <= place <= len(buffer) - struct.calcsize(kind):
        raise ValueError("no FlatBuffer, or cut short")
    found: int = struct.unpack_from(kind, buffer, place)[0]
    return found
