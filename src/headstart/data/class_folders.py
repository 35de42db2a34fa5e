"""Datasets in folders that are named after the classes."""

from collections import Counter
from collections.abc import Hashable
from pathlib import Path

from headstart.data.discovery import image_files, is_hidden, is_image_name
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages, joined, sorted_classes
from headstart.errors import DatasetError


class ClassFolders:
    """``FOLDER/cat/1.jpg``: the name of a folder is the label of all images below it."""

    layout = "a folder with one folder for each class (FOLDER/cat/1.jpg, FOLDER/dog/1.jpg)"

    def fits(self, path: Path) -> bool:
        """Tell whether `path` is a folder."""
        return path.is_dir()

    def read(self, path: Path) -> LabelledImages:
        """Return the images in the class folders of `path`.

        Raises
        ------
        DatasetError
            There is no class folder, or a class folder without images.
        """
        images = _read_classes(path)
        _check_no_class_is_empty(path, [path], images.labels)
        return images


class SplitFolders:
    """``FOLDER/train/cat/1.jpg``, ``FOLDER/test/cat/2.jpg``: class folders for each split."""

    layout = "a folder with folders named train, valid and test, with such class folders in each"

    def fits(self, path: Path) -> bool:
        """Tell whether folders in `path` are named as splits: at least two, or all of them."""
        if not path.is_dir():
            return False
        names = [folder.name.lower() for folder in subfolders(path)]
        splits = {SPLIT_NAMES[name] for name in names if name in SPLIT_NAMES}
        # A class beside "bus" may be called "train". Another folder beside train and test is an
        # error.
        return len(splits) > 1 or (bool(splits) and all(name in SPLIT_NAMES for name in names))

    def read(self, path: Path) -> LabelledImages:
        """Return the images in the class folders of all splits.

        Raises
        ------
        DatasetError
            A folder is not named as a split, or a class has no image in any split.
        """
        folders = split_folders(path)
        images = joined(
            [(split, _read_classes(folder)) for split, folder in folders],
            _skipped_in(path, "beside the splits"),
        )
        _check_no_class_is_empty(path, [folder for _, folder in folders], images.labels)
        return images


def subfolders(path: Path) -> list[Path]:
    """Return the folders in `path` that are not hidden, sorted by name."""
    return sorted(item for item in path.iterdir() if item.is_dir() and not is_hidden(item.name))


def split_folders(path: Path) -> list[tuple[str, Path]]:
    """Return the folders in `path`, each with the split that it is named after.

    Raises
    ------
    DatasetError
        A folder is not named as a split.
    """
    folders = subfolders(path)
    others = [folder.name for folder in folders if folder.name.lower() not in SPLIT_NAMES]
    if others:
        raise DatasetError(
            f"{path} has folders for splits (train, valid, test), so it must have no others. "
            f"Received: {', '.join(others)}. Move them elsewhere."
        )
    return [(SPLIT_NAMES[folder.name.lower()], folder) for folder in folders]


def _read_classes(path: Path) -> LabelledImages:
    skipped = _skipped_in(path, "beside the class folders")
    folders = subfolders(path)
    if not folders:
        raise DatasetError(
            f"{path} must hold one folder for each class, named after it, such as "
            f"{path.name}/cat/1.jpg and {path.name}/dog/1.jpg. "
            f"Received: {skipped['beside the class folders']} images and no folder."
        )
    found = [(image, folder.name) for folder in folders for image in image_files(folder, skipped)]
    labels: list[Hashable] = [name for _, name in found]
    return LabelledImages(
        [image for image, _ in found], labels, sorted_classes(labels), skipped=dict(skipped)
    )


def _skipped_in(path: Path, reason: str) -> Counter[str]:
    skipped: Counter[str] = Counter()
    for item in path.iterdir():
        if is_hidden(item.name):
            skipped["hidden"] += 1
        elif not item.is_dir():
            skipped[reason if is_image_name(item.name) else "not an image"] += 1
    return skipped


def _check_no_class_is_empty(path: Path, folders: list[Path], labels: list[Hashable]) -> None:
    classes = {folder.name for parent in folders for folder in subfolders(parent)}
    empty = sorted(classes.difference(labels))
    if empty:
        raise DatasetError(
            f"Every class folder in {path} must hold an image. Received: {len(empty)} without "
            f"({', '.join(empty)}). Add images or remove the folders."
        )
