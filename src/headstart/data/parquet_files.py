"""Datasets in parquet files."""

from collections import Counter
from collections.abc import Hashable
from pathlib import Path

from headstart.data.discovery import image_files
from headstart.data.file_names import is_hidden, is_parquet_name, natural_key
from headstart.data.labelled_images import SPLITS, LabelledImages, sorted_classes
from headstart.data.parquet import ParquetImages
from headstart.data.settings import DatasetSettings
from headstart.data.split_names import named_splits
from headstart.display.text import listed_names
from headstart.errors import DatasetError
from headstart.escaping import printable


def read_parquet_files(
    path: Path, settings: DatasetSettings = DatasetSettings()
) -> LabelledImages | None:
    """Read one parquet file, or a folder of them as the Hugging Face hub lays them out.

    The split is said by a file's name (``train-00000-of-00004.parquet``) or by that of its folder.

    Returns
    -------
    LabelledImages or None
        All rows of all files. None if `path` is not a parquet file, nor has one in it, at most two
        folders down.

    Raises
    ------
    DatasetError
        A file is damaged or lacks a column, or some files belong to a split and others do not.
    MissingExtra
        pyarrow is not installed.
    """
    files = [ParquetImages(file, settings) for file in _files(path)]
    if not files:
        return None
    splits = _splits([images.path for images in files], path)
    split = splits and [
        split for split, images in zip(splits, files, strict=True) for _ in range(len(images))
    ]
    labels = [label for images in files for label in images.labels()]
    beside = len(image_files(path, Counter())) if path.is_dir() else 0
    return LabelledImages(
        [source for images in files for source in images.sources()],
        labels,
        _classes(files[0].class_names(), labels),
        split,
        {"beside the parquet files": beside} if beside else {},
        layout=(
            f"{_named(files)} in the column {printable(files[0].column)}, and labels in the "
            f"column {printable(files[0].label_column)}."
        ),
    )


def _named(files: list[ParquetImages]) -> str:
    if len(files) == 1:
        return f"The parquet file {printable(files[0].path.name)} holds the images"
    return f"{len(files):,} parquet files hold the images"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if is_parquet_name(path.name) else []
    files = [file for depth in ("*", "*/*", "*/*/*") for file in path.glob(f"{depth}.parquet")]
    shown = [
        file
        for file in files
        if not (file.is_dir() or any(map(is_hidden, file.relative_to(path).parts)))
    ]
    return sorted(shown, key=lambda file: natural_key(str(file)))


def _splits(files: list[Path], path: Path) -> list[str] | None:
    """Return the split of each file, by its own name or that of its folder."""
    if path.is_file():
        return None
    by_file = named_splits(file.stem for file in files)
    # The name of the dataset's own folder says nothing about splits.
    by_folder = named_splits(file.parent.name for file in files if file.parent != path)
    splits = [by_file.get(file.stem) or by_folder.get(file.parent.name) for file in files]
    if not any(splits):
        return None
    odd = [file.name for file, split in zip(files, splits, strict=True) if split not in SPLITS]
    if odd:
        raise DatasetError(
            f"The names of all parquet files in {path} must say train, valid or test, or none of "
            f"them may. Received: {listed_names(odd)}."
        )
    return [split for split in splits if split]


def _classes(names: list[str] | None, labels: list[Hashable]) -> list[Hashable]:
    present = set(labels)
    if names and present <= set(names):
        return [name for name in names if name in present]
    return sorted_classes(labels)
