"""What the pages of a parquet file expand to, read from their headers before anything is decoded.

A column is stored in pages. The header of each says how many bytes it takes in the file, and how
many in memory: a few bytes may stand for gigabytes.
"""

import os
from dataclasses import dataclass
from typing import Any, BinaryIO

#: The most bytes that a page may expand to, unless it takes nearly as many in the file.
MAX_PAGE_BYTES = 128 * 1024**2
#: What is compressed no more than this is no bomb: memory is as large as the file.
USUAL_RATIO = 4
_MAX_PAGES = 100_000
_MAX_FOOTER_BYTES = 16 * 1024**2
_HEADER_BYTES, _MAX_HEADER_BYTES = 1024, 16 * 1024**2
_MOST_NESTED = 8

# The encodings in which every value is as long as it is in its page: plain, by a dictionary, or as
# a number. In the others, DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY, a page that is small even
# when it is unpacked may promise any number of values.
_ENCODINGS = {
    0: "PLAIN",
    2: "PLAIN_DICTIONARY",
    8: "RLE_DICTIONARY",
    3: "RLE",
    4: "BIT_PACKED",
    5: "DELTA_BINARY_PACKED",
    9: "BYTE_STREAM_SPLIT",
}
# The numbers of the fields in a header, as the format defines them.
_SIZE, _SIZE_IN_FILE = 2, 3
_DICTIONARY = 7
# For each kind of page: the field that describes it, and there the number of values, the encoding.
_KINDS = ((5, 1, 2), (_DICTIONARY, 1, 2), (8, 1, 4))


class ExpandsTooMuch(Exception):
    """A page or a row group stands for more than its bytes can justify."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one column in one row group.

    Attributes
    ----------
    largest : int
        How many bytes the largest page expands to. No value is longer.
    total : int
        How many bytes all pages expand to.
    stored : int
        How many bytes they take in the file.
    has_dictionary : bool
        Whether values may stand in the file once, and many times in the column.
    """

    largest: int
    total: int
    stored: int
    has_dictionary: bool


def scan_pages(file: BinaryIO, start: int, n_bytes: int, n_values: int) -> Pages:
    """Read the headers of the pages of a column in a row group.

    Parameters
    ----------
    file : binary file
    start : int
        Where the first page begins.
    n_bytes : int
        How many bytes the pages take.
    n_values : int
        How many values they hold.

    Raises
    ------
    ExpandsTooMuch
        A page expands to too much, or is encoded in a way that may.
    ValueError
        A header is damaged.
    """
    end = file.seek(0, os.SEEK_END)
    place, n_found, sizes, has_dictionary = start, 0, [0], False
    while n_found < n_values and place < start + n_bytes:
        if len(sizes) > _MAX_PAGES:
            raise ExpandsTooMuch(
                f"a column has more than {_MAX_PAGES:,} pages in a row group. Write the file "
                "again, with larger ones"
            )
        header, length = _header_at(file, place)
        size, in_file = _number(header, _SIZE), _number(header, _SIZE_IN_FILE)
        if size > max(MAX_PAGE_BYTES, USUAL_RATIO * in_file):
            raise ExpandsTooMuch(
                f"a page of {in_file:,} bytes expands to {size:,}. Write the file again, "
                "with smaller pages"
            )
        for kind, values, encoding in _KINDS:
            if kind in header:
                _check_encoding(_number(header[kind], encoding))
                has_dictionary |= kind == _DICTIONARY
                n_found += 0 if kind == _DICTIONARY else _number(header[kind], values)
        sizes.append(size)
        place += length + in_file
        if place > end:
            raise ValueError("a page ends after the end of the file")
    return Pages(max(sizes), sum(sizes), place - start, has_dictionary)


def read_chunks(file: BinaryIO) -> list[list[tuple[int, int, int]]]:
    """Return where the pages of each column in each row group are, as `scan_pages` takes it.

    pyarrow tells it, too, but ends the process where this part of a file is damaged.

    Raises
    ------
    ValueError
        It is damaged, or larger than that of any file of images.
    """
    end = file.seek(0, os.SEEK_END) - 8
    file.seek(max(end, 0))
    n_bytes = int.from_bytes(file.read(4), "little")
    if not 0 < n_bytes <= min(end, _MAX_FOOTER_BYTES):
        raise ValueError(f"its footer has {n_bytes:,} bytes")
    file.seek(end - n_bytes)
    try:
        groups = _Compact(file.read(n_bytes)).fields()[4]
        return [[_place_of(column[3]) for column in group[1]] for group in groups]
    except (LookupError, TypeError) as error:
        raise ValueError("its footer is damaged") from error


def _place_of(stored: dict[int, Any]) -> tuple[int, int, int]:
    starts = [_number(stored, 9)] + ([_number(stored, 11)] if stored.get(11) else [])
    return min(starts), _number(stored, 7), _number(stored, 5)


def _check_encoding(number: int) -> None:
    if number not in _ENCODINGS:
        raise ExpandsTooMuch(
            f"the encoding of a page must be {', '.join(_ENCODINGS.values())}, but is number "
            f"{number}. Write the file again, in version 1.0 of the format"
        )


def _number(fields: object, number: int) -> int:
    value = fields.get(number) if isinstance(fields, dict) else None
    if type(value) is not int or value < 0:
        raise ValueError("a page has no whole header")
    return value


def _header_at(file: BinaryIO, place: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a header, and how many bytes it takes."""
    n_bytes = _HEADER_BYTES
    while True:
        file.seek(place)
        data = file.read(n_bytes)
        reader = _Compact(data)
        try:
            fields = reader.fields()
        except IndexError:
            # The header has statistics with long values, or its end is missing.
            if len(data) < n_bytes or n_bytes >= _MAX_HEADER_BYTES:
                raise ValueError("a page has no whole header") from None
            n_bytes *= 16
        else:
            return fields, reader.place


class _Compact:
    """Reads structures in the compact protocol of Thrift, as far as headers of pages use it."""

    def __init__(self, data: bytes) -> None:
        self.place = 0
        self._data = data

    def fields(self, depth: int = 0) -> dict[int, Any]:
        """Return the values of a structure by the numbers of its fields."""
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            step = head >> 4
            number = number + step if step else self._integer()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        match kind:
            case 1 | 2:
                return kind == 1
            case 4 | 5 | 6:
                return self._integer()
            case 3 | 7:
                self.place += 1 if kind == 3 else 8
            case 9 | 10:
                head = self._byte()
                n = head >> 4 if head >> 4 < 15 else self._unsigned()
                # Each takes a byte at least, so that a number that lies ends with the bytes.
                return [self._item(head & 15, depth) for _ in range(n)]
            case 8:
                n_bytes = self._unsigned()
                self.place += n_bytes
            case 12 if depth < _MOST_NESTED:
                return self.fields(depth + 1)
            case _:
                raise ValueError("a page has a header of an unknown form")
        return None

    def _item(self, kind: int, depth: int) -> Any:
        return self._byte() if kind in (1, 2) else self._value(kind, depth)

    def _byte(self) -> int:
        self.place += 1
        return self._data[self.place - 1]

    def _unsigned(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a page has a number without an end in its header")

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
