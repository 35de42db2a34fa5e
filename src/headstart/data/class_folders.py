"""Labelled pictures in folders that are named after what they show."""

from collections import Counter
from collections.abc import Hashable
from pathlib import Path

from headstart.data.discovery import image_files, is_hidden, is_image_name
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages, sorted_classes
from headstart.data.sources import ImageSource
from headstart.errors import DatasetError


class ClassFolders:
    """``FOLDER/cat/1.jpg``: the name of the folder is the label, folders inside belong to it."""

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is a folder."""
        return path.is_dir()

    def read(self, path: Path) -> LabelledImages:
        """Return the pictures in the class folders of `path`.

        Raises
        ------
        DatasetError
            There is no class folder, or one without pictures.
        """
        skipped: Counter[str] = Counter()
        sources, labels = _read_classes(path, skipped)
        _check_no_class_is_empty(path, _class_names([path]), labels)
        return LabelledImages(sources, labels, sorted_classes(labels), skipped=dict(skipped))


class SplitFolders:
    """``FOLDER/train/cat/1.jpg``, ``FOLDER/test/cat/2.jpg``: class folders in folders of parts."""

    def fits(self, path: Path) -> bool:
        """Tell whether `path` holds folders named as parts: two of them, or nothing else."""
        if not path.is_dir():
            return False
        names = [folder.name.lower() for folder in subfolders(path)]
        parts = {SPLIT_NAMES[name] for name in names if name in SPLIT_NAMES}
        # A class may well be called "train", beside "bus"; a folder beside train and test is odd.
        return len(parts) > 1 or (bool(parts) and all(name in SPLIT_NAMES for name in names))

    def read(self, path: Path) -> LabelledImages:
        """Return the pictures in the class folders of all parts.

        Raises
        ------
        DatasetError
            A folder beside the parts is none, or a class has no picture in any part.
        """
        skipped = _beside(path, "beside the parts")
        sources: list[ImageSource] = []
        labels: list[Hashable] = []
        split: list[str] = []
        parts = split_folders(path)
        for folder, part in parts:
            more, more_labels = _read_classes(folder, skipped)
            sources += more
            labels += more_labels
            split += [part] * len(more)
        _check_no_class_is_empty(path, _class_names([folder for folder, _ in parts]), labels)
        return LabelledImages(
            sources, labels, sorted_classes(labels), split=split, skipped=dict(skipped)
        )


def subfolders(path: Path) -> list[Path]:
    """Return the folders in `path` that are not hidden, sorted by name."""
    return sorted(item for item in path.iterdir() if item.is_dir() and not is_hidden(item.name))


def split_folders(path: Path) -> list[tuple[Path, str]]:
    """Return the folders in `path` that are named as parts, and which part each is.

    Raises
    ------
    DatasetError
        Another folder lies beside them.
    """
    folders = subfolders(path)
    others = [folder.name for folder in folders if folder.name.lower() not in SPLIT_NAMES]
    if others:
        raise DatasetError(
            f"{path} holds folders for parts (train, valid, test), and so must hold no other. "
            f"Received: {', '.join(others)}. Move them elsewhere."
        )
    return [(folder, SPLIT_NAMES[folder.name.lower()]) for folder in folders]


def _read_classes(path: Path, skipped: Counter[str]) -> tuple[list[ImageSource], list[Hashable]]:
    beside = _beside(path, "beside the class folders")
    skipped.update(beside)
    folders = subfolders(path)
    if not folders:
        raise DatasetError(
            f"{path} must hold one folder for each class, named after it, as in "
            f"{path.name}/cat/1.jpg and {path.name}/dog/1.jpg. "
            f"Received: {beside['beside the class folders']} images and no folder."
        )
    sources: list[ImageSource] = []
    labels: list[Hashable] = []
    for folder in folders:
        images = image_files(folder, skipped)
        sources += images
        labels += [folder.name] * len(images)
    return sources, labels


def _beside(path: Path, reason: str) -> Counter[str]:
    skipped: Counter[str] = Counter()
    for item in path.iterdir():
        if is_hidden(item.name):
            skipped["hidden"] += 1
        elif not item.is_dir():
            skipped[reason if is_image_name(item.name) else "not an image"] += 1
    return skipped


def _class_names(parts: list[Path]) -> list[str]:
    return sorted({folder.name for part in parts for folder in subfolders(part)})


def _check_no_class_is_empty(path: Path, names: list[str], labels: list[Hashable]) -> None:
    there = set(labels)
    empty = [name for name in names if name not in there]
    if empty:
        raise DatasetError(
            f"Every class folder in {path} must hold an image. Received: {len(empty)} without "
            f"({', '.join(empty)}). Add images or remove the folders."
        )
