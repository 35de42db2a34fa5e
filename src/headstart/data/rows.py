"""The rows of a CSV, TSV or JSON Lines file, as spreadsheets and programs write them."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.errors import DatasetError
from headstart.untrusted.json_text import parse_json

#: The most rows and columns that a table may have.
MAX_ROWS, MAX_COLUMNS = 2_000_000, 10_000
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
        rows, two columns of one name, or a row with more cells than there are columns.
    """
    try:
        rows = list(_READERS[path.suffix.lower()](_text(path)))
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} must be in UTF-8. Received: another encoding (byte {error.start} is "
            f"{error.object[error.start]:#x}). In Excel, save it as CSV UTF-8."
        ) from error
    except (OSError, csv.Error, ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path} must be a readable {path.suffix[1:].upper()} file in UTF-8: {error}."
        ) from error
    if not rows:
        raise DatasetError(f"{path} must list at least one image. Received: no rows.")
    return rows


def _text(path: Path) -> str:
    data = path.read_bytes()
    return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")


def _read_csv(text: str) -> Iterator[Row]:
    # Excel may say on a line of its own what separates the cells.
    first, _, rest = text.partition("\n")
    told = first.strip().lower().startswith("sep=")
    text, lines_before = (rest, 1) if told else (text, 0)
    header = text.partition("\n")[0]
    delimiter = first.strip()[4:5] if told else max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or ",")
    names = column_names(next(reader, []))
    for cells in reader:
        trimmed = [cell.strip() for cell in cells]
        line = reader.line_num + lines_before
        if any(trimmed[len(names) :]):
            raise ValueError(
                f"line {line} has {len(cells)} cells, but there are {len(names)} columns; put a "
                f"cell in quotes if it holds {delimiter!r}"
            )
        if any(trimmed):
            yield Row(line, dict(zip(names, trimmed, strict=False)))


def _read_json_lines(text: str) -> Iterator[Row]:
    # Objects may spell a column in several ways; the first one counts.
    spelled: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            record = parse_json(line)
            if not isinstance(record, dict):
                raise ValueError(f"line {number} is not an object")
            names = [spelled.setdefault(name.lower(), name) for name in column_names(record)]
            yield Row(number, dict(zip(names, record.values(), strict=True)))


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


_READERS: dict[str, Callable[[str], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
