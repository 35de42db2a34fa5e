"""The classes of a network from the lines of a label file, and from the files beside it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from headstart.display.text import listed_names
from headstart.errors import UsageError
from headstart.foreign.files import recognise
from headstart.networks.classes import ClassName, imagenet_classes
from headstart.untrusted.regular_files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

#: Bytes of a label file: a hundred thousand classes.
MAX_BYTES = 2**22
MAX_CLASSES = 100_000

#: The first of 1001 classes: those of TensorFlow's networks begin with one that means no class.
BACKGROUND = ClassName("background", "background")

# Beside NAME.onnx: NAME.labels.txt; or, if it is the only one of these, a file of a usual name.
_OWN = ("{}.labels.txt", "{}_labels.txt", "{}-labels.txt", "labels_{}.txt", "{}.txt")
_USUAL = (
    *("labels.txt", "label.txt", "classes.txt", "class_names.txt", "synset.txt"),
    *("imagenet_classes.txt", "imagenet_labels.txt", "ImageNetLabels.txt", "labelmap.txt"),
)
# How the names of networks in files end.
_NETWORKS = (".onnx", ".tflite", ".xml", ".keras", ".h5", ".hdf5")
# Of the names in a list: how many must be those of ImageNet, at their places.
_IMAGENET_SHARE = 0.9


def imagenet_with_background() -> tuple[ClassName, ...]:
    """Return the 1,001 classes of TensorFlow's networks: "background", then ImageNet's."""
    return (BACKGROUND, *imagenet_classes())


def named_classes(names: Sequence[str]) -> tuple[ClassName, ...]:
    """Return the classes that a list of names means, in its order.

    Lists of ImageNet's 1,000 classes, and of 1,001 with "background", are recognised by their
    identifiers or names, and get both. Other classes are identified by their names.

    Raises
    ------
    ValueError
        If a name is empty, or there are none or too many.
    """
    if not 0 < len(names) <= MAX_CLASSES:
        raise ValueError(f"a list of {len(names):,} labels")
    names = [" ".join(name.split()) for name in names]
    if not all(names):
        raise ValueError(f"label {names.index('') + 1:,} is empty")
    known = imagenet_classes()
    if _plain(names[0]) == "background" and _are(names[1:], known):
        return imagenet_with_background()
    if _are(names, known):
        return known
    counts = Counter(names)
    return tuple(
        ClassName(name if counts[name] == 1 else f"{name} ({number})", name)
        for number, name in enumerate(names)
    )


def classes_in_text(text: bytes) -> tuple[ClassName, ...]:
    """Return the classes of a label file: a name on each line, perhaps after its number.

    Raises
    ------
    ValueError
        If it is not text in UTF-8; see also `named_classes`.
    """
    lines = text.decode("utf-8-sig").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return named_classes(_without_numbers(lines))


def likely_classes(n: int) -> tuple[ClassName, ...] | None:
    """Return the classes that a network with `n` of them is likely to have, if nobody named them.

    They are ImageNet's for 1,000 and, with "background", for 1,001. Only labelled images can tell.
    """
    known = (imagenet_classes(), imagenet_with_background())
    return next((classes for classes in known if len(classes) == n), None)


def class_places(labels: Sequence[Hashable], classes: Sequence[ClassName]) -> list[int]:
    """Return the place of each label's class among the classes of a network.

    A label may be the identifier or the name of a class, in capitals or small letters, with blanks
    or without.

    Raises
    ------
    UsageError
        If a label is none of the classes, or means several.
    """
    places: dict[str, list[int]] = {}
    for place, each in enumerate(classes):
        for name in {_plain(each.id), *map(_plain, str(each.label).split(","))}:
            places.setdefault(name, []).append(place)
    found = {label: places.get(_plain(str(label)), []) for label in dict.fromkeys(labels)}
    wrong = [label for label, those in found.items() if len(those) != 1]
    if wrong:
        raise UsageError(
            f"The labels of the images must be classes of the network, such as "
            f"{classes[0].id} ({classes[0].label}). Received: {listed_names(map(str, wrong))}."
        )
    return [found[label][0] for label in labels]


def label_file(path: Path) -> Path | None:
    """Return the label file of a network in a file or folder; None if there is none.

    It is named after the network, or lies in its SavedModel's folder, or has a usual name and lies
    beside no other network.

    Raises
    ------
    ValueError
        If several could be meant, or it could be that of another network.
    """
    folders = (path, path / "assets", path.parent) if path.is_dir() else (path.parent,)
    for folder in folders:
        own = _present(folder, [pattern.format(path.stem) for pattern in _OWN])
        found = own or _present(folder, _USUAL)
        if len(found) > 1:
            listed = ", ".join(sorted(each.name for each in found))
            raise ValueError(
                f"several files could hold its labels: {listed}. Name the right one "
                f"{path.stem}.labels.txt"
            )
        if found and not own and folder == path.parent:
            _check_alone(path, found[0])
        if found:
            return found[0]
    return None


def read_label_file(path: Path) -> tuple[ClassName, ...]:
    """Return the classes in a label file.

    Raises
    ------
    OSError
        If it can't be read.
    ValueError
        If it is none.
    """
    return classes_in_text(read_bytes(path, MAX_BYTES))


def _check_alone(path: Path, labels: Path) -> None:
    """Refuse a label file of a usual name that could be that of another network beside it."""
    others = sorted(
        each.name
        for each in path.parent.iterdir()
        # Files of one name, such as net.onnx and net.tflite, are one network.
        if each.stem != path.stem
        and (each.suffix.lower() in _NETWORKS or each.is_dir())
        and recognise(each) is not None
    )
    if others:
        raise ValueError(
            f"{labels.name}, which could have the labels of {path.name} or of "
            f"{listed_names(others)}. Name it {path.stem}.labels.txt if it has those of "
            f"{path.name}, or move it away"
        )


def _present(folder: Path, names: Sequence[str]) -> list[Path]:
    return [folder / name for name in names if (folder / name).is_file()]


def _without_numbers(lines: Sequence[str]) -> list[str]:
    """Return the lines without numbers that count them, as in '0 cat' or '1: dog'."""
    numbered = [re.match(r"\s*(\d{1,6})\s*[:, \t]\s*(?=\S)", line) for line in lines]
    for first in (0, 1):
        if all(
            found is not None and int(found[1]) == place
            for place, found in enumerate(numbered, first)
        ):
            return [
                line[found.end() :]
                for line, found in zip(lines, numbered, strict=True)
                if found is not None
            ]
    return list(lines)


def _are(names: Sequence[str], known: Sequence[ClassName]) -> bool:
    """Tell whether the names are those of known classes, at their places."""
    if len(names) != len(known):
        return False
    right = sum(_means(name, each) for name, each in zip(names, known, strict=True))
    return right >= _IMAGENET_SHARE * len(known)


def _means(name: str, known: ClassName) -> bool:
    """Tell whether a name begins with a class's identifier, or has its name among its synonyms."""
    synonyms = {_plain(each) for each in name.split(",")}
    return name.split(maxsplit=1)[0] == known.id or _plain(str(known.label)) in synonyms


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
