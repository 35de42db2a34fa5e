"""Read the directories of tags in which TIFF files, EXIF and JPEGs of several images keep facts.

Pillow reads them too, but warns of every odd tag through the warning filters of the process.
"""

import struct
from dataclasses import dataclass
from typing import Any, Self

# Bytes of one value, and how struct names it. Only whole numbers are read.
_WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
# Text in ASCII, and in UTF-8 since EXIF 3.
_TEXT = (2, 129)
# No tag of interest has more values than there are bands in an image.
_MOST_VALUES = 4096
_MOST_PAGES = 100_000
_MOST_ENTRIES = 2**16
# Bytes of an entry, in TIFF and in BigTIFF.
_ENTRY = (12, 20)


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory of tags.

    Attributes
    ----------
    data : bytes
        The whole file.
    order : {"<", ">"}
        The order of its bytes.
    big : bool
        Whether it is a BigTIFF, with offsets of 8 bytes.
    entries : dict of int to bytes
        Each tag with its entry as it is stored: tag, kind, count, and the value or where it lies.
    following : int
        Where the next directory lies; 0 if there is none.
    """

    data: bytes
    order: str
    big: bool
    entries: dict[int, bytes]
    following: int

    @classmethod
    def first(cls, data: bytes) -> Self | None:
        """Return the first directory of a file; None if it is not a file of this kind."""
        if data[:2] not in {b"II", b"MM"}:
            return None
        order = "<" if data[:2] == b"II" else ">"
        try:
            (version,) = struct.unpack_from(order + "H", data, 2)
            big = version == 43
            (offset,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        except struct.error:
            return None
        return cls._at(data, offset, order, big=big)

    def count(self) -> int:
        """Return how many directories there are from this one on."""
        seen: set[int] = set()
        following = self.following
        while following not in seen and len(seen) < _MOST_PAGES:
            seen.add(following)
            span = _span(self.data, following, self.order, big=self.big)
            if span is None:
                break
            following = _following(self.data, span[1], self.order, big=self.big)
        return max(1, len(seen))

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return the whole numbers of a tag; none if it is absent, damaged or of another kind."""
        kind, count = self._kind(tag)
        if kind not in _WHOLE or count > _MOST_VALUES:
            return ()
        return self._values(tag, f"{self.order}{count}{_WHOLE[kind]}")

    def length(self, tag: int) -> int:
        """Return how many values a tag has, as its entry says; 0 if it is absent."""
        return self._kind(tag)[1]

    def text(self, tag: int) -> str:
        """Return the text of a tag; empty if it is absent, damaged or of another kind."""
        kind, count = self._kind(tag)
        if kind not in _TEXT or count > _MOST_VALUES:
            return ""
        data = b"".join(self._values(tag, f"{count}s"))
        # Some cameras fill the room behind the end with whatever was there.
        return data.partition(b"\0")[0].decode("utf-8", "replace").strip()

    def below(self, tag: int) -> Self | None:
        """Return the directory that a tag points to; None if there is none."""
        return self._at(self.data, self.number(tag, 0), self.order, big=self.big)

    def _kind(self, tag: int) -> tuple[int, int]:
        entry = self.entries.get(tag)
        if entry is None:
            return 0, 0
        _, kind, count = struct.unpack_from(self.order + ("HHQ" if self.big else "HHI"), entry)
        return kind, count

    def _values(self, tag: int, form: str) -> tuple[Any, ...]:
        entry = self.entries[tag]
        room = 8 if self.big else 4
        value = entry[-room:]
        try:
            if struct.calcsize(form) <= room:
                return struct.unpack_from(form, value)
            (offset,) = struct.unpack(self.order + ("Q" if self.big else "I"), value)
            return struct.unpack_from(form, self.data, offset)
        except (struct.error, OverflowError):
            return ()

    def number(self, tag: int, default: int) -> int:
        """Return the first number of a tag, or `default`."""
        return next(iter(self.numbers(tag)), default)

    @classmethod
    def _at(cls, data: bytes, offset: int, order: str, *, big: bool) -> Self | None:
        span = _span(data, offset, order, big=big)
        if span is None:
            return None
        each = _ENTRY[big]
        starts = range(span[0], span[1] - each + 1, each)
        entries = {
            struct.unpack_from(order + "H", data, start)[0]: data[start : start + each]
            for start in starts
        }
        return cls(data, order, big, entries, _following(data, span[1], order, big=big))


def _span(data: bytes, offset: int, order: str, *, big: bool) -> tuple[int, int] | None:
    """Return where the entries of a directory begin and end; None if there is no directory."""
    form = order + ("Q" if big else "H")
    start = offset + struct.calcsize(form)
    if offset == 0 or start > len(data):
        return None
    (count,) = struct.unpack_from(form, data, offset)
    # Tags are numbers of 16 bits. BigTIFF could claim more of them than a file can hold.
    if count > _MOST_ENTRIES:
        return None
    return start, min(start + count * _ENTRY[big], len(data))


def _following(data: bytes, end: int, order: str, *, big: bool) -> int:
    try:
        (offset,) = struct.unpack_from(order + ("Q" if big else "I"), data, end)
    except struct.error:
        return 0
    return int(offset)
