"""Datasets in folders that are named after the classes."""

from collections import Counter
from pathlib import Path

from headstart.data.discovery import image_files
from headstart.data.file_names import is_hidden, is_image_name, why_skipped
from headstart.data.labelled_images import SPLIT_NAMES, LabelledImages, joined
from headstart.errors import DatasetError


def read_class_folders(path: Path) -> LabelledImages | None:
    """Read ``FOLDER/cat/1.jpg``: the name of a folder is the label of all images below it.

    Returns
    -------
    LabelledImages or None
        None if `path` is not a folder.

    Raises
    ------
    DatasetError
        There is no class folder, or a class folder without images.
    """
    return _without_empty_classes(_read_classes(path), path) if path.is_dir() else None


def read_split_folders(path: Path) -> LabelledImages | None:
    """Read ``FOLDER/train/cat/1.jpg``, ``FOLDER/test/cat/2.jpg``: class folders for each split.

    Returns
    -------
    LabelledImages or None
        None if `path` has no folders that are named as splits.

    Raises
    ------
    DatasetError
        A folder is not named as a split, or a class has no image in any split.
    """
    names = [folder.name.lower() for folder in subfolders(path)]
    splits = {SPLIT_NAMES[name] for name in names if name in SPLIT_NAMES}
    # A class beside "bus" may be called "train". Another folder beside train and test is an error.
    if not splits or (len(splits) == 1 and any(name not in SPLIT_NAMES for name in names)):
        return None
    parts = [(split, _read_classes(folder)) for split, folder in split_folders(path)]
    return _without_empty_classes(joined(parts, _skipped_in(path, "beside the splits")), path)


def subfolders(path: Path) -> list[Path]:
    """Return the folders in `path` that are not hidden, sorted by name; none if it is a file."""
    items = path.iterdir() if path.is_dir() else ()
    return sorted(item for item in items if item.is_dir() and not is_hidden(item.name))


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
    """Return the images in the folders in `path`, of which each is a class, even if empty."""
    skipped = _skipped_in(path, "beside the class folders")
    folders = subfolders(path)
    if not folders:
        raise DatasetError(
            f"{path} must hold one folder for each class, named after it, such as "
            f"{path.name}/cat/1.jpg and {path.name}/dog/1.jpg. "
            f"Received: {skipped['beside the class folders']} images and no folder."
        )
    found = [(image, folder.name) for folder in folders for image in image_files(folder, skipped)]
    return LabelledImages(
        [image for image, _ in found],
        [name for _, name in found],
        [folder.name for folder in folders],
        skipped=dict(skipped),
    )


def _skipped_in(path: Path, reason: str) -> Counter[str]:
    skipped: Counter[str] = Counter()
    for item in path.iterdir():
        if why := why_skipped(item.name):
            skipped[why] += 1
        elif not item.is_dir():
            skipped[reason if is_image_name(item.name) else "not an image"] += 1
    return skipped


def _without_empty_classes(images: LabelledImages, path: Path) -> LabelledImages:
    empty = [str(name) for name, count in images.counts().items() if not count]
    if empty:
        raise DatasetError(
            f"Every class folder in {path} must hold an image. Received: {len(empty)} without "
            f"an image ({', '.join(empty)}). Add images or remove the folders."
        )
    return images
