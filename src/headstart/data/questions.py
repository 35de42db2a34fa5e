"""What the user is asked about a folder that can be read in several ways, or in none.

Each function raises a `DatasetError` that names the readings, and what decides each.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from headstart.data.folders import Folder
from headstart.data.label_patterns import suggested_pattern
from headstart.display.text import listed_names
from headstart.errors import DatasetError
from headstart.escaping import printable

_IN_PYTHON = "In Python, read_dataset takes these options as DatasetSettings."


def ask_level(root: Folder, levels: Mapping[int, Sequence[str]]) -> NoReturn:
    """Ask which level of folders the classes are."""
    readings = "; or ".join(
        f"--class-level {level} if they are {listed_names(names)}"
        for level, names in levels.items()
    )
    raise DatasetError(
        f"Folders with the same names recur in {printable(root.path)}, so headstart can't tell "
        f"which are the classes. Use {readings}. {_IN_PYTHON}"
    )


def ask_classes_or_splits(
    top: Folder, level: int, inside: Sequence[Folder], others: Sequence[Folder]
) -> NoReturn:
    """Ask about folders that are named like splits, but are not the only ones or all of a kind."""
    named = listed_names(folder.name for folder in inside)
    beside = f" beside {listed_names(folder.name for folder in others)}" if others else ""
    moved = named if len(inside) < len(others) else listed_names(folder.name for folder in others)
    move = f"move {moved} out of it" if others else "give each split a folder: train, test"
    raise DatasetError(
        f"{printable(top.path)} has folders named like splits ({named}){beside}. If all folders in "
        f"it are classes, use --class-level {level}. If {named} "
        f"{'is a split' if len(inside) == 1 else 'are splits'}, {move}"
        f"{'' if len(inside) != 1 else ' (train --test-folder names a folder to test on)'}. "
        f"{_IN_PYTHON}"
    )


def ask_which_fold(top: Folder, inside: Sequence[Folder]) -> NoReturn:
    """Ask about several training and several test sets."""
    raise DatasetError(
        f"{printable(top.path)} must have one folder for each split. Received several: "
        f"{listed_names((folder.name for folder in inside), 8)}. If they are folds of a "
        f"cross-validation, train on one of them, as in: headstart train "
        f"{printable(inside[0].path)} --test-folder {printable(inside[-1].path)}. If they belong "
        "together, move them into one folder for each split."
    )


def ask_about_splits_in_classes(
    top: Folder, level: int, splits: Sequence[str], odd: Sequence[str]
) -> NoReturn:
    """Ask about splits that only some classes have."""
    raise DatasetError(
        f"Some class folders in {printable(top.path)} have folders named like splits "
        f"({listed_names(splits)}), but not all images lie in such folders: see "
        f"{listed_names(odd)}. If the splits are meant, move all images of every class into them. "
        "If all images below a folder belong to its class, whatever the folders in it, use "
        f"--class-level {level}. {_IN_PYTHON}"
    )


def refuse_without_folders(top: Folder) -> NoReturn:
    """Refuse a folder that has images but no folders, or nothing at all."""
    name = printable(top.name or "FOLDER")
    raise DatasetError(
        f"{printable(top.path)} must hold one folder for each class, named after it, such as "
        f"{name}/cat/1.jpg and {name}/dog/1.jpg. Received: no folder and {top.n_direct:,} "
        f"image{'' if top.n_direct == 1 else 's'}.{_suggestion(top)}"
    )


def refuse_without_labels(top: Folder, level: int, inside: Sequence[Folder]) -> NoReturn:
    """Refuse splits that have images but no class folders."""
    named = listed_names(folder.name for folder in inside)
    raise DatasetError(
        f"The images in {named} of {printable(top.path)} must lie in one folder for each class, "
        f"such as {printable(inside[0].name)}/cat/1.jpg. Received: images without class folders. "
        f"If {named} are themselves the classes, use --class-level {level}."
        f"{_suggestion(inside[0])} {_IN_PYTHON}"
    )


def refuse_level(root: Folder, level: int) -> NoReturn:
    """Refuse a level of folders that is not there."""
    levels: list[str] = []
    folders = root.folders
    while folders:
        levels.append(
            f"{len(levels) + 1} is {listed_names(sorted({each.name for each in folders}))}"
        )
        folders = [inner for folder in folders for inner in folder.folders]
    raise DatasetError(
        f"--class-level must be a level of folders in {printable(root.path)} that hold images. "
        f"Received: {level}. Level {'; level '.join(levels) or '1 is missing'}."
    )


def refuse_pattern(root: Folder, pattern: str, paths: Sequence[str]) -> NoReturn:
    """Refuse a pattern that finds no label."""
    raise DatasetError(
        f"--label-from must find labels in the paths below {printable(root.path)}. Received: "
        f"{pattern!r}, which finds none in {listed_names(paths, 3)}.{_suggestion(root)}"
    )


def refuse_empty_splits(top: Folder, empty: Sequence[Folder]) -> NoReturn:
    """Refuse splits without images."""
    raise DatasetError(
        f"Every split in {printable(top.path)} must hold images. Received: {len(empty)} without an "
        f"image ({listed_names(folder.name for folder in empty)}). Add images or remove the folder."
    )


def refuse_empty_classes(root: Folder, empty: Sequence[Folder]) -> NoReturn:
    """Refuse class folders without images."""
    named = listed_names(
        f"{folder.name}: other files, {n:,}" if (n := folder.others()) else folder.name
        for folder in empty
    )
    raise DatasetError(
        f"Every class folder in {printable(root.path)} must hold an image. Received: {len(empty)} "
        f"without an image ({named}). Add images or remove the folders."
    )


def _suggestion(folder: Folder) -> str:
    return suggestion([path for path, _ in folder.walk()])


def suggestion(paths: Sequence[str]) -> str:
    """Return what to do if the labels are in the names of these files, as a sentence to add."""
    found = suggested_pattern(paths)
    if found is None:
        return " If the labels are in the file names, say where with --label-from."
    return (
        f" The file names seem to begin with labels: --label-from {found.pattern!r} finds the "
        f"classes {listed_names(found.labels)}."
    )
