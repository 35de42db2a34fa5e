"""Read labelled images from any of the known dataset formats."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from headstart.data.class_folders import ClassFolders, SplitFolders, subfolders
from headstart.data.labelled_images import LabelledImages
from headstart.data.parquet_files import ParquetFiles
from headstart.data.tables import MetadataFolder, TableFile
from headstart.errors import DatasetError


class DatasetFormat(Protocol):
    """One way to store labelled images."""

    #: What a dataset of this format is, for messages.
    layout: str

    def fits(self, path: Path) -> bool:
        """Tell whether `path` seems to have this format."""

    def read(self, path: Path) -> LabelledImages:
        """Return the images and labels."""


#: The known formats. The first one that fits reads the dataset.
FORMATS: tuple[DatasetFormat, ...] = (
    TableFile(),
    ParquetFiles(),
    MetadataFolder(),
    SplitFolders(),
    ClassFolders(),
)


def read_dataset(path: str | Path, *, min_classes: int = 2) -> LabelledImages:
    """Read a dataset of labelled images.

    Parameters
    ----------
    path : str or Path
        A folder of class folders (``FOLDER/cat/1.jpg``); a folder with folders named train, valid
        (val, validation) and test, each with class folders; a CSV, TSV or JSON Lines file with
        columns for path, label and optionally split; a folder with ``metadata.csv``; a parquet file
        or a folder of parquet files.
    min_classes : int
        The least number of classes.

    Returns
    -------
    LabelledImages
        The images are not read yet, and need not exist. `LabelledImages.split` is None unless there
        are at least two splits.

    Raises
    ------
    DatasetError
        `path` does not exist or has no known format, or there are too few classes, or a class has
        no images.
    MissingExtra
        The dataset is parquet, but pyarrow is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"There is nothing at {path}. {_layouts()}")
    for known in FORMATS:
        if known.fits(path):
            break
    else:
        raise DatasetError(f"{path} is not a dataset. {_layouts()}")
    images = known.read(path)
    _check(images, path, min_classes)
    one_split = images.split is not None and len(set(images.split)) == 1
    return replace(images, split=None) if one_split else images


def _check(images: LabelledImages, path: Path, min_classes: int) -> None:
    if not len(images):
        raise DatasetError(f"{path} holds no image. {_layouts()}")
    if len(images.classes) < min_classes:
        raise DatasetError(
            f"{path} must hold at least {min_classes} classes. "
            f"Received: {len(images.classes)} ({', '.join(map(str, images.classes))}).{_hint(path)}"
        )


def _layouts() -> str:
    # The last formats are the most common ones.
    *layouts, last = (known.layout for known in reversed(FORMATS))
    return f"A dataset must be {'; '.join(layouts)}; or {last}."


def _hint(path: Path) -> str:
    folders = subfolders(path) if path.is_dir() else []
    inner = subfolders(folders[0]) if len(folders) == 1 else []
    return f" Did you mean {folders[0]}?" if len(inner) > 1 else ""
