"""Datasets in parquet files."""

import re
from collections import Counter
from collections.abc import Hashable
from pathlib import Path

from headstart.data.discovery import image_files, is_hidden
from headstart.data.labelled_images import (
    SPLIT_NAMES,
    LabelledImages,
    given_classes,
    sorted_classes,
)
from headstart.data.natural import natural_key
from headstart.data.parquet import PARQUET_SUFFIX, ParquetImages, is_parquet_name
from headstart.errors import DatasetError

_SPLIT = re.compile(rf"({'|'.join(SPLIT_NAMES)})(?![a-z0-9])", re.IGNORECASE)


class ParquetFiles:
    """One parquet file, or a folder of them as the Hugging Face hub lays them out.

    The split is the beginning of a file's name (``train-00000-of-00004.parquet``) or of the name of
    its folder.
    """

    layout = "parquet files with columns image and label"

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is a parquet file, or has one in it, at most two folders down."""
        return bool(_files(path))

    def read(self, path: Path) -> LabelledImages:
        """Return all rows of all files.

        Raises
        ------
        DatasetError
            A file is damaged or lacks a column, or some files belong to a split and others do not.
        MissingExtra
            pyarrow is not installed.
        """
        files = [ParquetImages(file) for file in _files(path)]
        labels = [label for images in files for label in images.labels()]
        splits = _splits([images.path for images in files], path)
        skipped: Counter[str] = Counter()
        if path.is_dir() and (images_beside := len(image_files(path, Counter()))):
            skipped["beside the parquet files"] = images_beside
        return LabelledImages(
            [source for images in files for source in images.sources()],
            labels,
            _classes(files, labels),
            split=splits
            and [
                split
                for split, images in zip(splits, files, strict=True)
                for _ in range(len(images))
            ],
            skipped=dict(skipped),
        )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if is_parquet_name(path.name) else []
    depths = ("*", "*/*", "*/*/*")
    files = [file for depth in depths for file in path.glob(f"{depth}{PARQUET_SUFFIX}")]
    shown = [file for file in files if not any(map(is_hidden, file.relative_to(path).parts))]
    return sorted(shown, key=lambda file: natural_key(str(file)))


def _splits(files: list[Path], path: Path) -> list[str] | None:
    if path.is_file():
        return None
    splits = {file: _split(file, path) for file in files}
    without = [file.name for file, split in splits.items() if split is None]
    if len(without) == len(files):
        return None
    if without:
        raise DatasetError(
            f"The names of all parquet files in {path} must begin with train, valid or test, or "
            f"none of them may. Received: {', '.join(without)}."
        )
    return [split for split in splits.values() if split]


def _split(file: Path, path: Path) -> str | None:
    # The name of the dataset's own folder says nothing about splits.
    folder = file.parent.name if file.parent != path else ""
    for name in (file.name, folder):
        if found := _SPLIT.match(name):
            return SPLIT_NAMES[found[1].lower()]
    return None


def _classes(files: list[ParquetImages], labels: list[Hashable]) -> list[Hashable]:
    names = files[0].class_names()
    if names and set(labels) <= set(names):
        return given_classes(names, labels)
    return sorted_classes(labels)
