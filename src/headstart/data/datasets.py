"""Read labelled pictures, whatever way they are laid out."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from headstart.data.class_folders import ClassFolders, SplitFolders, subfolders
from headstart.data.labelled_images import LabelledImages
from headstart.data.parquet_files import ParquetFiles
from headstart.data.tables import MetadataFolder, TableFile
from headstart.errors import DatasetError

_LAYOUTS = (
    "It must be a folder with one folder for each class (FOLDER/cat/1.jpg, FOLDER/dog/1.jpg), "
    "the same inside train, valid and test folders, a CSV or JSONL file with columns path and "
    "label, or parquet files with columns image and label."
)


class DatasetFormat(Protocol):
    """One way to lay out labelled pictures."""

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is laid out this way."""

    def read(self, path: Path) -> LabelledImages:
        """Return the pictures and labels."""


#: The ways that are known; the first that fits reads.
FORMATS: tuple[DatasetFormat, ...] = (
    TableFile(),
    ParquetFiles(),
    MetadataFolder(),
    SplitFolders(),
    ClassFolders(),
)


def read_dataset(path: str | Path, *, min_classes: int = 2) -> LabelledImages:
    """Return labelled pictures.

    Parameters
    ----------
    path : str or Path
        Class folders (``FOLDER/cat/1.jpg``); folders named train, valid (val, validation) and test
        of class folders; a CSV, TSV or JSON Lines file with columns for path, label and optionally
        split; a folder with ``metadata.csv``; a parquet file or a folder of them.
    min_classes : int
        How many classes there must be.

    Returns
    -------
    LabelledImages
        The pictures are not read yet, and need not exist. `LabelledImages.split` is None unless
        there are at least two parts.

    Raises
    ------
    DatasetError
        There is nothing at `path`, it is laid out in no known way, or a class is missing or empty.
    MissingExtra
        It is parquet, and pyarrow is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"There is nothing at {path}. {_LAYOUTS}")
    for known in FORMATS:
        if known.fits(path):
            break
    else:
        raise DatasetError(f"{path} is no data set. {_LAYOUTS}")
    images = known.read(path)
    _check(images, path, min_classes)
    whole = images.split is not None and len(set(images.split)) == 1
    return replace(images, split=None) if whole else images


def _check(images: LabelledImages, path: Path, min_classes: int) -> None:
    if not len(images):
        raise DatasetError(f"{path} holds no image. {_LAYOUTS}")
    if len(images.classes) < min_classes:
        raise DatasetError(
            f"{path} must hold at least {min_classes} classes. "
            f"Received: {len(images.classes)} ({', '.join(map(str, images.classes))}).{_hint(path)}"
        )


def _hint(path: Path) -> str:
    folders = subfolders(path) if path.is_dir() else []
    inner = subfolders(folders[0]) if len(folders) == 1 else []
    return f" Did you mean {folders[0]}?" if len(inner) > 1 else ""
