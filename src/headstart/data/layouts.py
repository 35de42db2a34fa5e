"""How a folder of images is read: which of its folders are classes, and which are splits.

What can be seen from names, and from where the images lie, is recognised and told. Where two
readings are possible, the user is asked: `headstart.data.questions`.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from headstart.data import questions
from headstart.data.class_levels import other_level
from headstart.data.folders import Folder, filled
from headstart.data.label_patterns import label_in
from headstart.data.labelled_images import LabelledImages, sorted_classes
from headstart.data.settings import DatasetSettings, label_expression
from headstart.data.split_names import UNLABELLED, named_splits, says_nothing, split_of
from headstart.display.text import listed_names
from headstart.errors import DatasetError
from headstart.escaping import printable
from headstart.images.sources import ImageSource

#: A folder of images of one class: its split, if it has one, the name of the class, the folder.
ClassFolder = tuple[str | None, str, Folder]
#: An image, its label and its split.
Found = tuple[ImageSource, str, str | None]

_TOLD = {"train": "training", "valid": "validation", "test": "test", UNLABELLED: "unlabelled"}
_ORDER = tuple(_TOLD)
_MOST_LEVELS_OF_SPLITS = 3


@dataclass(slots=True)
class Reading:
    """What has been found out about a tree of folders so far.

    Attributes
    ----------
    root : Folder
        The folder that the user named.
    skipped : Counter of str
        How many entries are skipped, by reason.
    told : list of str
        What the user is told about how it is read, in sentences.
    """

    root: Folder
    skipped: Counter[str]
    told: list[str] = field(default_factory=list)

    def skip(self, n: int, reason: str) -> None:
        """Count images that are skipped."""
        if n:
            self.skipped[reason] += n

    def skip_unlabelled(self, name: str, path: str, n: int) -> None:
        """Count images that nobody has labelled, and tell of them."""
        self.skip(n, "without a label")
        self.told.append(
            f"The images in {printable(name)} ({n:,}) have no labels and are not used. "
            f"Predict them with: headstart predict {printable(path)}"
        )

    def skip_to_predict(self, n: int) -> None:
        """Count images that are there to be predicted, and tell of them."""
        if n:
            self.skip(n, "without a label")
            self.told.append(f"Images in folders for prediction are not used: {n:,}.")

    def finished(self, found: Sequence[Found]) -> LabelledImages:
        """Return the images that were found."""
        splits = [split for _, _, split in found if split]
        return LabelledImages(
            [source for source, _, _ in found],
            [label for _, label, _ in found],
            sorted_classes(label for _, label, _ in found),
            split=splits or None,
            skipped=dict(self.skipped),
            layout="\n".join(self.told),
        )


def read_layout(root: Folder, settings: DatasetSettings, skipped: Counter[str]) -> LabelledImages:
    """Read a tree of folders as a dataset.

    Parameters
    ----------
    root : Folder
        The dataset.
    settings : DatasetSettings
        `class_level` or `label_from`, if the user has said where the labels are.
    skipped : Counter of str
        How many entries were skipped when the tree was read, by reason.

    Returns
    -------
    LabelledImages

    Raises
    ------
    DatasetError
        The tree can be read in several ways, or in none; or a class has no image.
    """
    reading = Reading(root, skipped)
    if settings.label_from is not None:
        return _read_pattern(reading, settings.label_from)
    if settings.class_level is not None:
        return _read_level(reading, settings.class_level)
    return _recognise(reading)


def _recognise(reading: Reading) -> LabelledImages:
    top, level = _unwrap(reading)
    splits = _split_folders(top, level)
    if splits is not None:
        reading.skip(top.n_direct, "beside the splits")
        reading.told.append(
            f"In {printable(top.path)}, the splits are {_told_splits(splits)}; "
            "the folders in them are the classes."
        )
        return _placed(reading, _labelled_parts(reading, top, splits, level), level + 1)
    if not top.folders:
        questions.refuse_without_folders(top)
    reading.skip(top.n_direct, "beside the class folders")
    classes = [(folder.name, folder) for folder in top.folders]
    inside = _inner_splits(classes, top, level, ask=True)
    if inside is None:
        reading.told.append(f"In {printable(top.path)}, each folder is a class.")
        return _placed(reading, [(None, *each) for each in classes], level)
    named = {folder.name: (split, folder) for split, _, folder in inside if split}
    reading.told.append(
        f"In {printable(top.path)}, each folder is a class; the folders in it are the splits "
        f"{_told_splits(named.values())}."
    )
    return _placed(reading, inside)


def _unwrap(reading: Reading) -> tuple[Folder, int]:
    """Return the folder that holds the dataset, and the level of the folders in it.

    Archives and downloads often hold one folder that holds everything.
    """
    top, level = reading.root, 1
    while (inner := _only_folder(top)) and not inner.n_direct and filled(inner.folders):
        top, level = inner, level + 1
    if top is not reading.root:
        reading.told.append(
            f"{printable(reading.root.path)} holds all its images in one folder, which is read as "
            "the dataset."
        )
    return top, level


def _only_folder(folder: Folder) -> Folder | None:
    """Return the folder in which all images of a folder are; None if it is not alone."""
    full = filled(folder.folders)
    # A folder without any file is a class that waits for images. One with other files is not.
    waits = any(each not in full and not each.others() for each in folder.folders)
    return full[0] if len(full) == 1 and not folder.n_direct and not waits else None


def _split_folders(top: Folder, level: int) -> list[tuple[str, Folder]] | None:
    """Return the folders in `top` that are splits; None if all folders in it are classes."""
    splits = named_splits(folder.name for folder in top.folders)
    inside = [folder for folder in top.folders if folder.name in splits]
    inside.sort(key=lambda folder: _ORDER.index(splits[folder.name]))
    others = filled(folder for folder in top.folders if folder.name not in splits)
    kinds = Counter(splits.values())
    if not _may_be_splits(inside, others, kinds):
        return None
    if others or len(kinds) < 2:
        questions.ask_classes_or_splits(top, level, inside, others)
    if empty := [folder for folder in inside if not folder.holds_images()]:
        questions.refuse_empty_splits(top, empty)
    if all(folder.n_direct for folder in inside):
        questions.refuse_without_labels(top, level, inside)
    if sum(n > 1 for kind, n in kinds.items() if kind != UNLABELLED) > 1:
        questions.ask_which_fold(top, [each for each in inside if splits[each.name] != UNLABELLED])
    return [(splits[folder.name], folder) for folder in inside]


def _may_be_splits(inside: Sequence[Folder], others: Sequence[Folder], kinds: Counter[str]) -> bool:
    """Tell whether folders that are named like splits may be splits.

    A train beside buses is a class, if images lie directly in its folder. A lone folder is a class,
    and so are folders of one kind (test1, test2) with images directly in them.
    """
    if len(kinds) > 1:
        return True
    if not all(folder.n_direct for folder in filled(inside)):
        return len(inside) > 1 or bool(others)
    names = {folder.name.lower() for folder in inside}
    return bool(inside and others) and names != {"train"}


def _labelled_parts(
    reading: Reading, top: Folder, splits: Sequence[tuple[str, Folder]], level: int
) -> list[ClassFolder]:
    """Return the class folders of the splits; tell which splits have no labels."""
    classes: list[ClassFolder] = []
    for split, outer in splits:
        folder = _inside_split(outer, split)
        is_flat = bool(folder.n_direct) and not filled(folder.folders)
        if split == UNLABELLED or (is_flat and split != "train"):
            reading.skip_unlabelled(outer.name, outer.path, len(outer.images()))
        elif is_flat:
            questions.refuse_without_labels(top, level, [outer])
        else:
            reading.skip(folder.n_direct, "beside the class folders")
            classes += [(split, inner.name, inner) for inner in folder.folders]
    return classes


def _inside_split(folder: Folder, split: str) -> Folder:
    """Return the folder with the class folders of a split: seg_train/seg_train, test/images."""
    while inner := _only_folder(folder):
        name = inner.name
        if not (name == folder.name or says_nothing(name) or split_of(name) == split):
            break
        folder = inner
    return folder


def _inner_splits(
    classes: Sequence[tuple[str, Folder]], top: Folder, level: int, *, ask: bool
) -> list[ClassFolder] | None:
    """Return the folders of the splits in the classes: cat/train, cat/test; None if there are none.

    Parameters
    ----------
    classes : sequence of (str, Folder)
        The name of each class, and its folder.
    top : Folder
        The folder that the classes are in, for the question.
    level : int
        The level of the classes.
    ask : bool
        Whether to ask about splits that only some classes have, instead of taking them for nothing.
    """
    full = [(label, folder) for label, folder in classes if folder.holds_images()]
    names = {inner.name for _, folder in full for inner in filled(folder.folders)}
    splits = {name: kind for name, kind in named_splits(names).items() if kind != UNLABELLED}
    if len(set(splits.values())) < 2:
        return None
    odd = [folder.name for _, folder in full if folder.n_direct] + sorted(names - splits.keys())
    if odd:
        if ask:
            questions.ask_about_splits_in_classes(top, level, sorted(splits), odd)
        return None
    found: list[ClassFolder] = [
        (splits[inner.name], label, inner)
        for label, folder in full
        for inner in filled(folder.folders)
    ]
    return [("train", *each) for each in classes if not each[1].holds_images()] + found


def _read_level(reading: Reading, level: int) -> LabelledImages:
    """Read a tree whose classes are on a level that the user has named."""
    root = reading.root
    rows: list[tuple[Folder, ...]] = [(folder,) for folder in root.folders]
    for _ in range(level - 1):
        rows = [(*row, inner) for row in rows for inner in row[-1].folders]
    rows = [row for row in rows if row[-1].holds_images()]
    if not rows:
        questions.refuse_level(root, level)
    reading.told.append(f"In {printable(root.path)}, the folders on level {level} are the classes.")
    splits = _splits_of([tuple(folder.name for folder in row[:-1]) for row in rows])
    classes = [(row[-1].name, row[-1]) for row in rows]
    found = _inner_splits(classes, root, level, ask=False) if splits is None else None
    if found is None:
        given: Sequence[str | None] = splits or [None] * len(rows)
        found = [(split, *each) for split, each in zip(given, classes, strict=True)]
    to_predict = [folder for split, _, folder in found if split == UNLABELLED]
    reading.skip_to_predict(sum(len(folder.images()) for folder in to_predict))
    n_above = len(root.images()) - sum(len(folder.images()) for _, _, folder in found)
    if n_above:
        reading.skip(n_above, "above the class folders")
        reading.told.append(f"Images above that level are not used: {n_above:,}.")
    return _placed(reading, [each for each in found if each[0] != UNLABELLED])


def _read_pattern(reading: Reading, pattern: str) -> LabelledImages:
    """Read a tree in which a pattern finds the label of each image in its path."""
    root, expression = reading.root, label_expression(pattern)
    paths = list(root.walk())
    labels = [label_in(path, expression) for path, _ in paths]
    if not any(labels):
        questions.refuse_pattern(root, pattern, [path for path, _ in paths])
    reading.told.append(f"In {printable(root.path)}, labels are found by {pattern!r}.")
    chains = [tuple(path.split("/")[:-1]) for path, _ in paths]
    splits: Sequence[str | None] = _splits_of(chains) or [None] * len(paths)
    without = [path for (path, _), label in zip(paths, labels, strict=True) if label is None]
    if without:
        reading.skip(len(without), "without a label")
        reading.told.append(
            f"Images without one are not used, {len(without):,} of {len(paths):,}: "
            f"{listed_names(without, 3)}."
        )
    rows = zip(paths, labels, splits, strict=True)
    found = [(source, _text(label), split) for (_, source), label, split in rows if label]
    labelled = [each for each in found if each[2] != UNLABELLED]
    reading.skip_to_predict(len(found) - len(labelled))
    return reading.finished(labelled)


def _splits_of(chains: Sequence[tuple[str, ...]]) -> list[str] | None:
    """Return the split of each chain of folder names, if all have one on the same level."""
    for depth in range(min(_MOST_LEVELS_OF_SPLITS, *map(len, chains), 99)):
        splits = named_splits({chain[depth] for chain in chains})
        if len(set(splits.values())) > 1 and all(chain[depth] in splits for chain in chains):
            return [splits[chain[depth]] for chain in chains]
    return None


def _placed(
    reading: Reading, classes: Sequence[ClassFolder], level: int | None = None
) -> LabelledImages:
    """Return the images of class folders.

    Parameters
    ----------
    reading : Reading
    classes : sequence of ClassFolder
    level : int, optional
        The level of the class folders, where they were not named by the user: other levels may be
        more likely.

    Raises
    ------
    DatasetError
        A class has no image in any split, or a name that is no text; or nobody can tell on which
        level the classes are.
    """
    if level is not None:
        _compare_levels(reading, [folder for _, _, folder in classes], level)
    labels = {name: _text(name) for _, name, _ in classes}
    found = [
        (source, labels[name], split)
        for split, name, folder in classes
        for source in folder.images()
    ]
    present = {label for _, label, _ in found}
    empty = {labels[name]: folder for _, name, folder in classes if labels[name] not in present}
    if empty:
        questions.refuse_empty_classes(reading.root, list(empty.values()))
    return reading.finished(found)


def _compare_levels(reading: Reading, folders: Sequence[Folder], level: int) -> None:
    """Ask on which level the classes are, if other folders may be the classes as well."""
    other = other_level(folders)
    if other is None:
        return
    names = sorted({folder.name for folder in folders})
    if other.is_likely:
        questions.ask_level(reading.root, {level: names, level + other.depth: other.names})
    reading.told.append(
        f"Folders with the same names recur further down ({listed_names(other.names)}): if these "
        f"are the classes, use --class-level {level + other.depth}."
    )


def _told_splits(splits: Iterable[tuple[str, Folder]]) -> str:
    parts: dict[str, list[str]] = {split: [] for split in _TOLD}
    for split, folder in splits:
        parts[split].append(printable(folder.name))
    return ", ".join(
        f"{' and '.join(names)} ({_TOLD[split]})" for split, names in parts.items() if names
    )


def _text(name: str) -> str:
    """Return a label in the one form that Unicode writes it in, whatever system named the folder.

    Raises
    ------
    DatasetError
        The name is not Unicode.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise DatasetError(
            "The name of a class must be valid Unicode, because it is written into the model. "
            f"Received: {printable(name)}. Rename the folder or file."
        ) from None
    return unicodedata.normalize("NFC", name)
