"""Images in the rows of a parquet file, as the Hugging Face ``datasets`` library writes them."""

import os
import threading
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.data.labelled_images import LABEL_COLUMNS, find_column
from headstart.data.labels import is_too_long, resolve_labels
from headstart.data.parquet_columns import ParquetColumns, cells_of
from headstart.data.parquet_pages import ExpandsTooMuch
from headstart.data.settings import DatasetSettings
from headstart.display.text import shorten
from headstart.errors import DatasetError, ImageDamaged, ImageError, ImageTooLarge
from headstart.escaping import printable
from headstart.images.decoding_errors import too_large
from headstart.images.sources import FileSource, ImageSource, check_bytes
from headstart.untrusted.json_text import parse_json, read_json

IMAGE_COLUMNS = ("image", "img", "picture", "photo")

# Several threads read neighbouring rows, so some still need the previous group.
_GROUPS_KEPT = 2
_BYTES = ("binary", "binary_view", "null")
_DAMAGED = "The parquet file is damaged. Fetch it again."


class ParquetImages:
    """The images of one parquet file, of which a few row groups are in memory at a time.

    Read rows in increasing order: a jump to another row group reads that whole group.

    Parameters
    ----------
    path : str or Path
        The file. Its image column is one of `IMAGE_COLUMNS`, and holds bytes or ``{bytes, path}``.
    settings : DatasetSettings
        May name the columns of images and labels.

    Raises
    ------
    MissingExtra
        pyarrow is not installed.
    DatasetError
        The file is damaged, or has no image column.
    """

    def __init__(self, path: str | Path, settings: DatasetSettings = DatasetSettings()) -> None:
        self.path = Path(path)
        self.settings = settings
        self.name = FileSource(path).name
        self._open()
        self.column = self._find_column(IMAGE_COLUMNS, "image_column")
        self._bytes_at = self._path_of_bytes()

    def _open(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._groups: OrderedDict[int, Any] = OrderedDict()
        self._failed: dict[int, _Failure] = {}
        self._expanded: dict[int, int] = {}
        self._columns = ParquetColumns(self.path, self.name)
        self._starts = self._columns.starts

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._starts[-1]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the path only, so that another process opens the file itself."""
        return ParquetImages, (self.path, self.settings)

    def sources(self) -> "list[ImageSource]":
        """Return one source for each row."""
        return [ParquetSource(self, row) for row in range(len(self))]

    def image_bytes(self, row: int) -> bytes:
        """Return the bytes of the image file in `row`.

        Raises
        ------
        ImageDamaged
            The row has no image, or its row group is damaged.
        ImageTooLarge
            The image has more bytes than the limit, its row group expands to too much, or there is
            not enough memory.
        """
        name = f"{self.name}#{row}"
        group = bisect_right(self._starts, row) - 1
        try:
            if self._process != os.getpid():
                # A forked process: a thread of its parent may hold the lock for ever.
                self._open()
            with self._lock:
                values = self._group(group)
            if isinstance(values, _Failure):
                raise values.kind(f"{name} could not be read: {values.reason}")
            buffer = values[row - self._starts[group]].as_buffer()
        except MemoryError as error:
            raise too_large(name, error) from error
        except (DatasetError, IndexError) as error:
            raise ImageDamaged(f"{name} could not be read: {error}. {_DAMAGED}") from error
        if buffer is None:
            raise ImageDamaged(f"{name} has no image bytes. Remove or complete the row.")
        check_bytes(buffer.size, name)
        return bytes(buffer)

    def labels(self) -> list[Hashable]:
        """Return the label of each row: a name in place of an integer if the names are known.

        Raises
        ------
        DatasetError
            There is no label column, a label has no name, or `resolve_labels` refuses the labels.
        """
        values = self._label_values()
        labels = resolve_labels(values, lambda n: f"row {n} of {self.name}", DatasetError)
        names = self.class_names()
        return labels if names is None else [_name(names, label, self.name) for label in labels]

    def class_names(self) -> list[str] | None:
        """Return the names of integer labels, in order, or None if they are not known.

        The names are in the file's metadata under ``huggingface``, or in ``classes.json`` beside
        the file: a list of names, or of lists that begin with the name.
        """
        metadata = self._columns.schema.metadata
        names = _names_in(metadata, self.label_column) or _names_beside(self.path)
        if names and len(set(names)) < len(names):
            twice = next(name for name, n in Counter(names).items() if n > 1)
            raise DatasetError(
                f"The names of the labels of {self.name} must differ. Received: {twice!r} twice."
            )
        return names

    @property
    def label_column(self) -> str:
        """The name of the column of labels."""
        return self._find_column(LABEL_COLUMNS, "label_column")

    def _find_column(self, names: tuple[str, ...], option: str) -> str:
        asked = getattr(self.settings, option)
        columns = self._columns.schema.names
        found = find_column(columns, names, self.name, option, asked)
        if columns.count(found) > 1:
            raise DatasetError(
                f"{self.name} must have one column named {printable(found)}. Received: "
                f"{columns.count(found)}. Rename the others."
            )
        return found

    def _path_of_bytes(self) -> tuple[str, ...]:
        """Return the column of images, and the field in it that holds their bytes, if any."""
        kind = self._columns.schema.field(self.column).type
        n = kind.get_field_index("bytes") if str(kind).startswith("struct<") else -1
        path = (self.column,) if n < 0 else (self.column, "bytes")
        held = kind if n < 0 else kind.field(n).type
        if str(held).removeprefix("large_") not in _BYTES or not self._columns.is_flat(*path):
            raise DatasetError(
                f"The column {printable(self.column)} of {self.name} must hold the bytes of image "
                f"files. Received: {shorten(str(kind), 200)}. A table of paths may be a CSV or "
                "JSONL file."
            )
        return path

    def _label_values(self) -> list[Any]:
        """Return the cells of the column of labels."""
        column = self.label_column
        kind = str(self._columns.schema.field(column).type)
        # Of bytes of a fixed size, those that are missing take as much memory as the others.
        if not self._columns.is_flat(column) or kind.startswith("fixed_size_binary"):
            raise DatasetError(
                f"The column {printable(column)} of {self.name} must hold one label in each row: "
                "text, a whole number, or True or False, because headstart learns only one label "
                f"for each image. Received: {shorten(kind, 200)}."
            )
        values: list[Any] = []
        # A label that stands in many rows is kept once.
        known: dict[Any, Any] = {}
        with self._columns.reading():
            for group in range(len(self._starts) - 1):
                for batch in self._columns.batches(group, column):
                    cells = cells_of(batch)
                    values += map(known.setdefault, cells, cells)
                    if any(is_too_long(cell) for cell in cells):
                        # Which will be refused: what follows may be as long.
                        return values
        return values

    def _group(self, group: int) -> "Any | _Failure":
        """Return the images in a row group, or why they can't be read."""
        if group in self._failed:
            return self._failed[group]
        if group not in self._groups:
            while len(self._groups) >= _GROUPS_KEPT:
                self._groups.popitem(last=False)
            values = self._read_group(group)
            if isinstance(values, _Failure):
                # Each of a thousand rows would try again.
                self._failed[group] = values
                return values
            self._groups[group] = values
        self._groups.move_to_end(group)
        return self._groups[group]

    def _read_group(self, group: int) -> "Any | _Failure":
        from pyarrow import chunked_array

        try:
            values = chunked_array(list(self._columns.batches(group, *self._bytes_at)))
            self._expanded[group] = values.nbytes
            self._columns.check_total(sum(self._expanded.values()))
        except MemoryError:
            return _Failure(ImageTooLarge, "its row group needs too much memory.")
        except ExpandsTooMuch as error:
            return _Failure(ImageTooLarge, f"{error}.")
        except Exception as error:  # noqa: BLE001 - which one depends on what is damaged
            return _Failure(ImageDamaged, f"{error}. {_DAMAGED}")
        return values


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why the images of a row group can't be read; without what had been read of it."""

    kind: type[ImageError]
    reason: str


@dataclass(frozen=True, slots=True)
class ParquetSource(ImageSource):
    """The image in one row of a parquet file."""

    images: ParquetImages
    row: int

    @property
    def name(self) -> str:
        """The path of the file, a # and the row, counted from 0."""
        return f"{self.images.name}#{self.row}"

    def read(self) -> bytes:
        """Return the bytes of the image."""
        return self.images.image_bytes(self.row)


def _names_in(metadata: dict[bytes, bytes] | None, column: str) -> list[str] | None:
    """Return the names of labels in the metadata of a parquet file, if they are there."""
    try:
        info = parse_json((metadata or {})[b"huggingface"])["info"]
        names = info["features"][column]["names"]
    except (ValueError, LookupError, TypeError):
        return None
    is_known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if is_known and names else None


def _names_beside(path: Path) -> list[str] | None:
    beside = path.parent / "classes.json"
    if not beside.exists():
        return None
    try:
        names = read_json(beside)
        _check_is_list(names)
        return [name if isinstance(name, str) else str(name[0]) for name in names]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DatasetError(
            f"{printable(str(beside))} must be a list of class names, in the order of the labels: "
            f"{error}."
        ) from error


def _check_is_list(names: object) -> None:
    if not isinstance(names, list):
        raise TypeError(f"it is of type {type(names).__name__}")


def _name(names: list[str], label: Hashable, file: str) -> Hashable:
    if not isinstance(label, int):
        return label
    if not 0 <= label < len(names):
        raise DatasetError(
            f"The labels of {file} must be 0 to {len(names) - 1}, one for each name. "
            f"Received: {label}."
        )
    return names[label]
