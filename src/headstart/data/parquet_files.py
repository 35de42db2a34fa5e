"""Labelled pictures in parquet files."""

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
from headstart.data.parquet import ParquetImages
from headstart.errors import DatasetError

_PART = re.compile(rf"({'|'.join(SPLIT_NAMES)})(?![a-z0-9])", re.IGNORECASE)


class ParquetFiles:
    """One parquet file, or a folder of them as the Hugging Face hub lays them out.

    The part is told by how a file's name begins (``train-00000-of-00004.parquet``), or by the
    name of its folder.
    """

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is such a file, or holds one, at most two folders down."""
        return bool(_files(path))

    def read(self, path: Path) -> LabelledImages:
        """Return all rows of all files.

        Raises
        ------
        DatasetError
            A file is damaged, lacks a column, or belongs to no part while others do.
        MissingExtra
            pyarrow is not installed.
        """
        files = [ParquetImages(file) for file in _files(path)]
        labels = [label for images in files for label in images.labels()]
        parts = _parts([images.path for images in files], path)
        skipped: Counter[str] = Counter()
        if path.is_dir() and (images_beside := len(image_files(path, Counter()))):
            skipped["beside the parquet files"] = images_beside
        return LabelledImages(
            [source for images in files for source in images.sources()],
            labels,
            _classes(files, labels),
            split=parts
            and [
                part for part, images in zip(parts, files, strict=True) for _ in range(len(images))
            ],
            skipped=dict(skipped),
        )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    files = [file for depth in ("*", "*/*", "*/*/*") for file in path.glob(f"{depth}.parquet")]
    seen = [file for file in files if not any(map(is_hidden, file.relative_to(path).parts))]
    return sorted(seen, key=lambda file: natural_key(str(file)))


def _parts(files: list[Path], path: Path) -> list[str] | None:
    if path.is_file():
        return None
    parts = {file: _part(file, path) for file in files}
    nameless = [file.name for file, part in parts.items() if part is None]
    if len(nameless) == len(files):
        return None
    if nameless:
        raise DatasetError(
            f"Every parquet file in {path} must begin with train, valid or test, or none may. "
            f"Received: {', '.join(nameless)}."
        )
    return [part for part in parts.values() if part]


def _part(file: Path, path: Path) -> str | None:
    # The folder that was asked for may be called anything, and says nothing.
    folder = file.parent.name if file.parent != path else ""
    for name in (file.name, folder):
        if begins := _PART.match(name):
            return SPLIT_NAMES[begins[1].lower()]
    return None


def _classes(files: list[ParquetImages], labels: list[Hashable]) -> list[Hashable]:
    names = files[0].class_names()
    if names and set(labels) <= set(names):
        return given_classes(names, labels)
    return sorted_classes(labels)
