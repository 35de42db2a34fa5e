"""The columns of parquet files, read within limits: a few bytes may stand for gigabytes."""

import contextlib
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from headstart.data.parquet_pages import USUAL_RATIO, ExpandsTooMuch, Pages, read_chunks, scan_pages
from headstart.data.rows import MAX_COLUMNS, MAX_ROWS
from headstart.errors import DatasetError, HeadstartError, MissingExtra
from headstart.untrusted.regular_files import open_regular

#: The most bytes that the values of one column may take in one row group, unless they take nearly
#: as many in the file.
MAX_GROUP_BYTES = 256 * 1024**2
# And all that is read of a file, in bytes, or as often as the file is large; as of an archive.
_MAX_TOTAL, _MAX_RATIO = 4 * 1024**3, 200
# More rows at a time save nothing. pyarrow takes several times the memory of what it reads.
_MOST_ROWS_AT_ONCE = 65_536
_SHARE_AT_ONCE = 8


class ParquetColumns:
    """The columns of one parquet file, of which one row group is read at a time.

    Parameters
    ----------
    path : Path
    name : str
        What messages call the file.

    Attributes
    ----------
    schema : pyarrow.Schema
    starts : list of int
        The number of the first row of each row group, and at last the number of rows.

    Raises
    ------
    MissingExtra
        pyarrow is not installed.
    DatasetError
        The file is damaged, or has more rows or columns than `MAX_ROWS` and `MAX_COLUMNS`.
    """

    def __init__(self, path: Path, name: str) -> None:
        parquet = _parquet(name)
        self.path = path
        self.name = name
        with self.reading():
            # pyarrow would wait for the writer of a pipe.
            with open_regular(path) as file:
                self._chunks = read_chunks(file)
            self._file = parquet.ParquetFile(path)
            self._check_size()
            self.schema = self._file.schema_arrow
            leaves = (self._file.schema.column(n) for n in range(len(self._file.schema)))
            self._leaves = {
                leaf.path: n for n, leaf in enumerate(leaves) if not leaf.max_repetition_level
            }

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turn whatever is raised about a damaged file into a `DatasetError`."""
        try:
            yield
        except (HeadstartError, MemoryError):
            raise
        except ExpandsTooMuch as error:
            raise DatasetError(f"{self.name} could not be read: {error}.") from error
        except Exception as error:  # which one depends on what is damaged
            raise DatasetError(
                f"{self.name} must be a whole parquet file, but can't be read: "
                f"{str(error).strip() or type(error).__name__}. Fetch it again."
            ) from error

    def is_flat(self, *path: str) -> bool:
        """Tell whether a column, or a field in it, has one value in each row."""
        return ".".join(path) in self._leaves

    def batches(self, group: int, *path: str) -> Iterator[Any]:
        """Yield the values of a column, or of a field in it, in a row group, as arrays of Arrow.

        None takes more than `MAX_GROUP_BYTES`, or than the column in the file a few times over.

        Raises
        ------
        ExpandsTooMuch
            The column expands to too much.
        Exception
            Of whatever type: the file is damaged.
        """
        with open_regular(self.path) as file:
            pages = scan_pages(file, *self._chunks[group][self._leaves[".".join(path)]])
        budget = max(MAX_GROUP_BYTES, USUAL_RATIO * pages.stored)
        n_bytes = 0
        for batch in self._file.iter_batches(
            batch_size=_rows_at_once(pages, budget // _SHARE_AT_ONCE),
            row_groups=[group],
            columns=[".".join(path)],
            use_threads=False,
        ):
            column = batch.column(path[0])
            for name in path[1:]:
                column = column.field(name)
            n_bytes += column.nbytes
            if n_bytes > budget:
                raise ExpandsTooMuch(
                    f"a row group of {pages.stored:,} bytes expands to more than {budget:,}. Write "
                    "the file again, with fewer rows in each row group"
                )
            yield column

    def check_total(self, n_bytes: int) -> None:
        """Refuse to go on where a file has expanded to so many bytes that it holds no images.

        Raises
        ------
        ExpandsTooMuch
        """
        n_stored = self.path.stat().st_size
        if n_bytes > max(_MAX_TOTAL, _MAX_RATIO * n_stored):
            raise ExpandsTooMuch(
                f"a file of {n_stored:,} bytes expands to more than {_MAX_TOTAL / 1024**3:.0f} GiB"
                ". It holds no usual images"
            )

    def _check_size(self) -> None:
        data = self._file.metadata
        counts = [data.row_group(group).num_rows for group in range(data.num_row_groups)]
        self.starts = list(accumulate(counts, initial=0))
        if (
            data.num_columns > MAX_COLUMNS
            or self.starts[-1] > MAX_ROWS
            or min(counts, default=0) < 0
        ):
            raise DatasetError(
                f"{self.name} must have at most {MAX_COLUMNS:,} columns and {MAX_ROWS:,} rows. "
                f"Received: {data.num_columns:,} and {self.starts[-1]:,}. Write several "
                "files."
            )


def _rows_at_once(pages: Pages, budget: int) -> int:
    """Return how many rows take at most `budget` bytes, however long their values are."""
    if not pages.has_dictionary and pages.total <= budget:
        return _MOST_ROWS_AT_ONCE
    return min(max(1, budget // max(pages.largest, 1)), _MOST_ROWS_AT_ONCE)


def cells_of(batch: Any) -> list[Any]:
    """Return the values of an array of Arrow; what its dictionary holds once is made once."""
    if not hasattr(batch, "dictionary"):
        return list(batch.to_pylist())
    values = batch.dictionary.to_pylist()
    return [None if n is None else values[n] for n in batch.indices.to_pylist()]


def _parquet(name: str) -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra(f"Reading {name}", "parquet") from error
    return parquet
