"""Images in the rows of a parquet file, as the Hugging Face ``datasets`` library writes them."""

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from headstart.data.labelled_images import LABEL_COLUMNS, find_column
from headstart.data.labels import resolve_labels
from headstart.data.settings import DatasetSettings
from headstart.errors import DatasetError, ImageDamaged, MissingExtra
from headstart.images.decoding_errors import too_large
from headstart.images.sources import FileSource, ImageSource, check_bytes
from headstart.untrusted.json_text import parse_json, read_json

IMAGE_COLUMNS = ("image", "img", "picture", "photo")

# Several threads read neighbouring rows, so some still need the previous group.
_GROUPS_KEPT = 2


def is_parquet_name(name: str) -> bool:
    """Tell whether a file of this name is a parquet file."""
    return name.lower().endswith(".parquet")


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
        self._check_images()
        data = self._file.metadata
        counts = (data.row_group(group).num_rows for group in range(data.num_row_groups))
        self._starts = list(accumulate(counts, initial=0))

    def _open(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._groups: OrderedDict[int, Any] = OrderedDict()
        self._file = _open(self.path, self.name)

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
            The row has no image, or the file is damaged.
        ImageTooLarge
            The image has more bytes than the limit, or there is not enough memory.
        """
        name = f"{self.name}#{row}"
        group = bisect_right(self._starts, row) - 1
        try:
            if self._process != os.getpid():
                # A forked process: a thread of its parent may hold the lock for ever.
                self._open()
            with self._lock:
                buffer = self._group(group)[row - self._starts[group]].as_buffer()
        except MemoryError as error:
            raise too_large(name, error) from error
        except Exception as error:
            raise ImageDamaged(
                f"{name} could not be read: {error}. The parquet file is damaged. Fetch it again."
            ) from error
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
        column = self.label_column
        values = self._file.read(columns=[column])[column].to_pylist()
        labels = resolve_labels(values, lambda n: f"row {n} of {self.name}", DatasetError)
        names = self.class_names()
        return labels if names is None else [_name(names, label, self.name) for label in labels]

    def class_names(self) -> list[str] | None:
        """Return the names of integer labels, in order, or None if they are not known.

        The names are in the file's metadata under ``huggingface``, or in ``classes.json`` beside
        the file: a list of names, or of lists that begin with the name.
        """
        column = self.label_column
        metadata = self._file.schema_arrow.metadata or {}
        try:
            features = parse_json(metadata.get(b"huggingface", b"{}")).get("info", {})
            names = features.get("features", {}).get(column, {}).get("names")
        except (ValueError, AttributeError):
            names = None
        return list(names) if names else _names_beside(self.path)

    @property
    def label_column(self) -> str:
        """The name of the column of labels."""
        return self._find_column(LABEL_COLUMNS, "label_column")

    def _find_column(self, names: tuple[str, ...], option: str) -> str:
        asked = getattr(self.settings, option)
        return find_column(self._file.schema_arrow.names, names, self.name, option, asked)

    def _check_images(self) -> None:
        kind = self._file.schema_arrow.field(self.column).type
        held = [kind.field(n).name for n in range(kind.num_fields)] or [str(kind)]
        if not any("bytes" in name or "binary" in name or name == "null" for name in held):
            raise DatasetError(
                f"The column {self.column} of {self.name} must hold the bytes of image files. "
                f"Received: {kind}. A table of paths may be a CSV or JSONL file."
            )

    def _group(self, group: int) -> Any:
        if group not in self._groups:
            while len(self._groups) >= _GROUPS_KEPT:
                self._groups.popitem(last=False)
            table = self._file.read_row_group(group, columns=[self.column])
            column = table[self.column].combine_chunks()
            # A struct {bytes, path}, or the bytes alone.
            self._groups[group] = column.field("bytes") if column.type.num_fields else column
        self._groups.move_to_end(group)
        return self._groups[group]


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


def _open(path: Path, name: str) -> Any:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtra(f"Reading {name}", "parquet") from error
    try:
        return parquet.ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise DatasetError(
            f"{name} must be a whole parquet file, but can't be read: "
            f"{str(error).strip()}. Fetch it again."
        ) from error


def _names_beside(path: Path) -> list[str] | None:
    beside = path.parent / "classes.json"
    if not beside.is_file():
        return None
    try:
        names = read_json(beside)
        return [name if isinstance(name, str) else str(name[0]) for name in names]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DatasetError(
            f"{beside} must be a list of class names, in the order of the labels: {error}."
        ) from error


def _name(names: list[str], label: Hashable, file: str) -> Hashable:
    if not isinstance(label, int):
        return label
    if not 0 <= label < len(names):
        raise DatasetError(
            f"The labels of {file} must be 0 to {len(names) - 1}, one for each name. "
            f"Received: {label}."
        )
    return names[label]
