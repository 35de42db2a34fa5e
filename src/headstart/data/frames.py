"""Tables in memory: DataFrames of pandas and polars, and tables of Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.data.image_names import NamedImages, check_places
from headstart.data.labelled_images import find_column
from headstart.data.rows import Row, column_names
from headstart.data.settings import TABLE_OPTIONS, DatasetSettings
from headstart.errors import UsageError
from headstart.images.sources import as_source

if TYPE_CHECKING:
    from headstart.data.labelled_images import LabelledImages
    from headstart.images.sources import ImageSource

_NAME = "the table"


def is_frame(value: object) -> bool:
    """Tell whether a value is a table with named columns, without importing what makes tables."""
    shape = getattr(value, "shape", None)
    return hasattr(value, "columns") and isinstance(shape, tuple) and len(shape) == 2


def read_frame(frame: Any, settings: DatasetSettings = DatasetSettings()) -> LabelledImages:
    """Return the images and labels of a table in memory.

    Parameters
    ----------
    frame : DataFrame or Table
        Its columns are those of a table in a file. Its images may be paths, which are relative to
        the current folder or to the one that the settings name, or whatever else an image may be.
    settings : DatasetSettings
        May name the columns and the folder.

    Raises
    ------
    DatasetError
        A column is missing, or a cell is empty or refused.
    UsageError
        A setting means nothing for a table, or there is no such folder.
    """
    # What predicts loads no readers of datasets.
    from headstart.data.tables import labelled_rows

    settings.check_used(TABLE_OPTIONS, "a table in memory")
    folder = _folder(settings.image_folder)
    cells = _cells(frame)
    n_rows = len(next(iter(cells.values()), []))
    rows = [Row(n, {name: values[n] for name, values in cells.items()}) for n in range(n_rows)]
    return labelled_rows(
        rows,
        settings,
        lambda images: frame_sources(images, folder),
        name=_NAME,
        told="The table has the images in its column",
        place=lambda n: f"row {n}",
    )


def image_cells(frame: Any) -> list[Any]:
    """Return the images of a table without looking at its labels; its only column, if it has one.

    Raises
    ------
    DatasetError
        Several columns may hold the images.
    """
    from headstart.data.tables import PATH_COLUMNS

    cells = _cells(frame)
    if len(cells) == 1:
        return next(iter(cells.values()))
    return cells[find_column(list(cells), PATH_COLUMNS, _NAME, "image_column", None)]


def frame_sources(images: list[Any], folder: Path) -> list[ImageSource]:
    """Return the images in the cells of a column as sources; paths are relative to `folder`."""
    places = NamedImages(folder)
    names = [str(image) for image in images if isinstance(image, str | Path)]
    if names:
        check_places(names, folder / _NAME, folder)
    return [
        places.source(str(image)) if isinstance(image, str | Path) else as_source(_bytes(image), n)
        for n, image in enumerate(images)
    ]


def _cells(frame: Any) -> dict[str, list[Any]]:
    """Return the values of each column by its name."""
    names = frame.column_names if hasattr(frame, "column_names") else list(frame.columns)
    texts = column_names(names)
    return {name: _values(frame[own]) for name, own in zip(texts, names, strict=True)}


def _values(column: Any) -> list[Any]:
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _bytes(image: Any) -> Any:
    """Return the bytes of an image as Hugging Face writes it, or the image itself."""
    return image["bytes"] if isinstance(image, dict) and image.get("bytes") else image


def _folder(asked: str | None) -> Path:
    folder = Path(asked or "")
    if not folder.is_dir():
        raise UsageError(f"image_folder must be a folder. Received: {asked!r}.")
    return folder
