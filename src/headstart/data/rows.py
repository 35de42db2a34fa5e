"""The rows of a CSV, TSV or JSON Lines file, as spreadsheets and programs write them."""

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from headstart.errors import DatasetError
from headstart.untrusted.json_text import parse_json
from headstart.untrusted.regular_files import open_regular

#: The most rows and columns that a table may have.
MAX_ROWS, MAX_COLUMNS = 2_000_000, 10_000
#: The most bytes and cells of a table in text, and the most characters in one of its lines.
MAX_BYTES, MAX_CELLS, MAX_LINE = 256 * 1024**2, 20_000_000, 2**23
_DELIMITERS = ",;\t"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Parameters
    ----------
    line : int
        The line of the file that it ends in, counted from 1.
    cells : dict
        Its values by column name, as the file spells it.
    """

    line: int
    cells: dict[str, Any]


def is_table_name(name: str) -> bool:
    """Tell whether a file of this name is a table that `read_rows` reads."""
    return Path(name).suffix.lower() in _READERS


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV, TSV or JSON Lines file.

    Cells of a CSV file may be separated by commas, semicolons or tabs. The file may be in UTF-8 or,
    with a byte order mark, in UTF-16.

    Raises
    ------
    DatasetError
        The file can't be read, is in another encoding or not in the format of its suffix, has no
        rows, two columns of one name, a row with more cells than there are columns, or more than
        `MAX_BYTES`, `MAX_ROWS`, `MAX_CELLS` or `MAX_LINE`.
    """
    kind = path.suffix[1:].upper()
    try:
        with open_regular(path) as file, _text(file) as text:
            rows = list(islice(_READERS[path.suffix.lower()](_Lines(text)), MAX_ROWS + 1))
    except _OtherEncoding as error:
        raise DatasetError(
            f"{path} must be in UTF-8. Received: another encoding ({error}). In Excel, save it as "
            "CSV UTF-8."
        ) from error
    except csv.Error as error:
        # Nearly always a longer cell, or a quotation mark that is not closed.
        raise DatasetError(
            f"{path} must be a {kind} file with cells of at most {csv.field_size_limit():,} "
            f"characters. Received: {error}. Close all quotation marks, and leave out columns that "
            "are not needed."
        ) from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} must be a readable {kind} file in UTF-8: {error}.") from error
    if not rows:
        raise DatasetError(f"{path} must list at least one image. Received: no rows.")
    if len(rows) > MAX_ROWS:
        raise DatasetError(
            f"{path} must have at most {MAX_ROWS:,} rows. Received: more. Take a sample of them."
        )
    return rows


class _OtherEncoding(Exception):
    """The text is not in the encoding that the file begins with."""


def _text(file: BinaryIO) -> TextIO:
    """Return a file as text, in the encoding that it begins with.

    Raises
    ------
    ValueError
        It has more than `MAX_BYTES`.
    """
    n_bytes = os.fstat(file.fileno()).st_size
    if n_bytes > MAX_BYTES:
        raise ValueError(
            f"it has {n_bytes:,} bytes, but may have {MAX_BYTES:,}; leave out columns that are not "
            "needed"
        )
    is_utf_16 = file.read(2) in _UTF_16
    file.seek(0)
    return io.TextIOWrapper(file, "utf-16" if is_utf_16 else "utf-8-sig", newline="")


class _Lines:
    """The lines of a text, which is never in memory as a whole.

    Parameters
    ----------
    text : text file

    Attributes
    ----------
    n : int
        How many lines have been read.
    """

    def __init__(self, text: TextIO) -> None:
        self.n = 0
        self._n_cells = 0
        self._text = text

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next line, with its end.

        Raises
        ------
        ValueError
            It has more than `MAX_LINE` characters.
        """
        try:
            line = self._text.readline(MAX_LINE + 1)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            place = f" below line {self.n}" if self.n else ""
            raise _OtherEncoding(f"byte {byte:#x}{place}") from error
        if not line:
            raise StopIteration
        self.n += 1
        if len(line) > MAX_LINE:
            raise ValueError(f"line {self.n} has more than {MAX_LINE:,} characters")
        return line

    def count(self, n_cells: int) -> None:
        """Count cells that are kept.

        Raises
        ------
        ValueError
            They are more than `MAX_CELLS`.
        """
        self._n_cells += n_cells
        if self._n_cells > MAX_CELLS:
            raise ValueError(
                f"it has more than {MAX_CELLS:,} cells up to line {self.n}; leave out columns that "
                "are not needed"
            )


def _read_csv(lines: _Lines) -> Iterator[Row]:
    header = next(lines, "")
    delimiter = max(_DELIMITERS, key=header.count)
    if header.strip().lower().startswith("sep="):
        # Excel may say on a line of its own what separates the cells.
        delimiter = header.strip()[4:5] or ","
        header = next(lines, "")
    reader = csv.reader(chain([header], lines), delimiter=delimiter)
    names = column_names(next(reader, []))
    for cells in reader:
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed[len(names) :]):
            raise ValueError(
                f"line {lines.n} has {len(cells)} cells, but there are {len(names)} columns; put a "
                f"cell in quotes if it holds {delimiter!r}"
            )
        if any(trimmed):
            lines.count(len(trimmed))
            yield Row(lines.n, dict(zip(names, trimmed, strict=False)))


def _read_json_lines(lines: _Lines) -> Iterator[Row]:
    # Objects may spell a column in several ways; the first one counts.
    spelled: dict[str, str] = {}
    for line in lines:
        if line.strip():
            # An estimate from above: lists and objects in a cell take as much as cells.
            lines.count(line.count(",") + line.count("[") + line.count("{"))
            record = _json_object(line, lines.n)
            names = [spelled.setdefault(name.lower(), name) for name in column_names(record)]
            yield Row(lines.n, dict(zip(names, record.values(), strict=True)))


def _json_object(line: str, number: int) -> dict[str, Any]:
    try:
        # Python writes what is missing as NaN; where it is a label, that is refused later.
        record = parse_json(line, finite=False)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"line {number} is not an object")  # noqa: TRY004 - the file is wrong
    return record


def column_names(header: Iterable[object]) -> list[str]:
    """Return names of columns as they are spelled, without spaces around them.

    Raises
    ------
    ValueError
        Two of them are the same, or differ only in upper and lower case.
    """
    names = [str(name).strip() for name in header]
    twice = [name for name, n in Counter(map(str.lower, names)).items() if n > 1 and name]
    if twice:
        raise ValueError(f"two columns are called {twice[0]!r}")
    return names


_READERS: dict[str, Callable[[_Lines], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
