"""Images with their labels and splits."""

import hashlib
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headstart.arguments import check
from headstart.data.labels import listed, resolve_labels
from headstart.data.rows import MAX_COLUMNS
from headstart.data.settings import flag
from headstart.display.text import counted, either, listed_names
from headstart.errors import DatasetError, UsageError
from headstart.escaping import printable
from headstart.images.sources import ImageSource

#: The names of the three splits of a dataset.
SPLITS = ("train", "valid", "test")
# More classes, or columns, than this are summed up.
_CLASSES_COUNTED = _COLUMNS_LISTED = 20
#: The names that a column of labels may have, in tables and parquet files alike.
LABEL_COLUMNS = ("label", "labels", "class", "category", "fine_label", "class_name", "target")


# Of a million images each item need not be checked here.
_KINDS = {
    "sources": Sequence[Any],
    "labels": Iterable[Any],
    "classes": Iterable[Any],
    "split": Sequence[Any] | None,
    "skipped": Mapping[str, int],
    "columns": Mapping[str, Any],
}


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Images with one label each.

    Parameters
    ----------
    sources : list of ImageSource
        The images.
    labels : list of hashable
        The label of each image; as long as `sources`.
    classes : list of hashable
        The distinct labels, sorted or in the order that the dataset gives them.
    split : list of str or None
        "train", "valid" or "test" for each image. None if the dataset has no splits.
    skipped : dict of str to int
        How many entries were skipped, by reason.
    columns : dict of str to list
        The other columns of a table, with a value for each image.
    layout : str
        How the dataset was read, in sentences of one line each; "" if it was not read from files.

    Raises
    ------
    DatasetError
        If there are more or fewer labels or splits than images, a label is none of the classes, or
        `resolve_labels` refuses the labels.
    """

    sources: list[ImageSource]
    labels: list[Hashable]
    classes: list[Hashable]
    split: list[str] | None = None
    skipped: dict[str, int] = field(default_factory=dict)
    layout: str = ""
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Resolve the labels: every dataset passes here, whatever it was read from."""
        for name, hint in _KINDS.items():
            check(name, getattr(self, name), hint)
        sources = self.sources
        labels = resolve_labels(self.labels, lambda n: _place(sources, n), DatasetError)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(
            self, "classes", resolve_labels(self.classes, "class {}".format, DatasetError)
        )
        each = {"labels": labels, "split": self.split, **self.columns}
        for name, values in each.items():
            if values is not None and len(values) != len(sources):
                raise DatasetError(
                    f"There must be one item of {name} for each image. Received: {len(sources)} "
                    f"images and {len(values)}."
                )
        known = set(self.classes)
        unknown = [label for label in dict.fromkeys(labels) if label not in known]
        if unknown:
            raise DatasetError(
                f"Every label must be one of the classes: {listed(self.classes)}. "
                f"Received: {listed(unknown)}."
            )

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.sources)

    def subset(self, indices: Iterable[Any]) -> "LabelledImages":
        """Return the images at `indices`, in that order. `classes` keeps all classes.

        Raises
        ------
        UsageError
            `indices` are no numbers of images.
        """
        try:
            chosen = [int(index) for index in indices]
            sources = [self.sources[i] for i in chosen]
        except (TypeError, ValueError, OverflowError, IndexError):
            raise UsageError(
                f"indices must be whole numbers from 0 to {len(self) - 1}. Received: {indices!r}."
            ) from None
        return replace(
            self,
            sources=sources,
            labels=[self.labels[i] for i in chosen],
            split=None if self.split is None else [self.split[i] for i in chosen],
            columns={name: [values[i] for i in chosen] for name, values in self.columns.items()},
        )

    def part(self, name: str) -> "LabelledImages":
        """Return the images of one split.

        Parameters
        ----------
        name : {"train", "valid", "test"}
            The split. It may be empty.

        Raises
        ------
        UsageError
            `name` is unknown, or the dataset has no splits.
        """
        if not isinstance(name, str) or name not in SPLITS:
            raise UsageError(f"A split must be 'train', 'valid' or 'test'. Received: {name!r}.")
        if self.split is None:
            raise UsageError(
                "The dataset must have splits, for example folders named train and test. "
                f"Received: {len(self)} images without a split."
            )
        return self.subset(i for i, split in enumerate(self.split) if split == name)

    def in_words(self) -> str:
        """Return how the dataset was read, and what is in it, in a few lines.

        Examples
        --------
        >>> images = LabelledImages([], [], ["cat", "dog"], layout="Each folder is a class.")
        >>> print(images.in_words())
        Each folder is a class.
        0 images of 2 classes: cat (0), dog (0).
        """
        splits = Counter(self.split)
        parts = [f"{splits[name]:,} {name}" for name in SPLITS if splits[name]]
        of_parts = f" ({', '.join(parts)})" if parts else ""
        skipped = [f"{n:,} {reason}" for reason, n in sorted(self.skipped.items())]
        lines = [
            self.layout,
            f"{counted(len(self), 'image')}{of_parts} of {_classes_in_words(self.counts())}.",
            f"Skipped: {', '.join(skipped)}." if skipped else "",
        ]
        return "\n".join(line for line in lines if line)

    def counts(self) -> dict[Hashable, int]:
        """Return the number of images of each class, in the order of `classes`."""
        counted = Counter(self.labels)
        return {label: counted[label] for label in self.classes}


def joined(
    parts: Sequence[tuple[str, LabelledImages]], skipped: Mapping[str, int] | None = None
) -> LabelledImages:
    """Return one dataset made of its splits.

    Parameters
    ----------
    parts : sequence of (str, LabelledImages)
        The name of each split and its images.
    skipped : mapping of str to int, optional
        How many entries were skipped beside the splits, by reason.
    """
    counted = Counter(skipped)
    for _, images in parts:
        counted.update(images.skipped)
    return LabelledImages(
        [source for _, images in parts for source in images.sources],
        [label for _, images in parts for label in images.labels],
        sorted_classes(label for _, images in parts for label in images.classes),
        split=[name for name, images in parts for _ in images.sources],
        skipped=dict(counted),
    )


def sorted_classes(labels: Iterable[Hashable]) -> list[Hashable]:
    """Return the distinct labels, sorted, with numbers before strings."""
    return sorted(set(labels), key=_sort_key)


def find_column(
    columns: Collection[str],
    names: tuple[str, ...],
    file: object,
    option: str,
    asked: str | None,
    advice: str = "",
) -> str:
    """Return the column that is asked for, or else the first of `names` that is among `columns`.

    Upper and lower case count only where columns differ in nothing else.

    Parameters
    ----------
    columns : collection of str
        The columns of a file.
    names : tuple of str
        The accepted names, such as `LABEL_COLUMNS`.
    file : str or Path
        The file, for the message.
    option : str
        The field of `DatasetSettings` that names the column, for the message.
    asked : str or None
        The value of that field.
    advice : str
        What else to do, for the message.

    Raises
    ------
    DatasetError
        There is no such column.
    """
    if len(columns) > MAX_COLUMNS:
        raise DatasetError(
            f"{file} must have at most {MAX_COLUMNS:,} columns. Received: {len(columns):,}. Leave "
            "out those that are not needed."
        )
    given = listed_names(columns, _COLUMNS_LISTED)
    if asked is not None:
        found = called(columns, asked)
        if found is None:
            raise DatasetError(
                f"{option} must be a column of {file}: {given}. Received: {asked!r}."
            )
        return found
    for name in names:
        if (found := called(columns, name)) is not None:
            return found
    raise DatasetError(
        f"{file} must have a column named {either(names)}. Received: "
        f"{given}. Name the column with {flag(option)} (in Python, {option} in "
        f"DatasetSettings){advice}."
    )


def called(columns: Collection[str], name: str) -> str | None:
    """Return the column of this name, whatever its case; None if there is none."""
    if name in columns:
        return name
    alike = (column for column in columns if column.lower() == name.strip().lower())
    return next(alike, None)


def fingerprint(images: Iterable[str], labels: Iterable[Hashable], *, ordered: bool = False) -> str:
    """Return the SHA-256 hash of images and their labels, as 64 hexadecimal digits.

    Parameters
    ----------
    images : iterable of str
        What identifies each image: the hash of its content (`content_hash`), which stays the same
        wherever the file lies, or its name where the content has not been read.
    labels : iterable of hashable
        The label of each image.
    ordered : bool
        Whether the order of the images counts. It does where results are kept by position.

    Raises
    ------
    ValueError
        If there are not as many labels as images.
    """
    lines = [f"{image}\t{_text(label)}\n" for image, label in zip(images, labels, strict=True)]
    text = "".join(lines if ordered else sorted(lines))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _place(sources: Sequence[ImageSource], number: int) -> str:
    return sources[number].name if number < len(sources) else f"label {number}"


def _classes_in_words(counts: Mapping[Hashable, int]) -> str:
    """Return the classes, each with its number of images as long as they are few."""
    if len(counts) <= _CLASSES_COUNTED:
        each = (f"{printable(str(label))} ({n:,})" for label, n in counts.items())
        return f"{counted(len(counts), 'class', 'classes')}: {', '.join(each)}"
    fewest, most = min(counts.values()), max(counts.values())
    each_class = counted(most, "image")
    sizes = f"{each_class} each" if fewest == most else f"{fewest:,} to {each_class} each"
    return f"{len(counts):,} classes ({sizes}): {listed_names(map(str, counts), 8)}"


def _sort_key(label: Any) -> tuple[bool, Any]:
    return isinstance(label, str), label


def _text(label: Hashable) -> str:
    # The order of a set changes from process to process.
    return repr(sorted(map(repr, label))) if isinstance(label, frozenset) else repr(label)
