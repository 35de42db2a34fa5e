"""Pictures of which it is known what they show."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headstart.data.sources import ImageSource
from headstart.errors import UsageError

#: The parts a data set may be divided into, and what folders, files and columns call them.
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Pictures with one label each.

    Parameters
    ----------
    sources : list of ImageSource
        The pictures.
    labels : list of hashable
        What each shows; as long as `sources`.
    classes : list of hashable
        The different labels, sorted or in the order the data set gives them.
    split : list of str or None
        "train", "valid" or "test" for each picture, if the data set is divided.
    skipped : dict of str to int
        How many entries were passed over, by reason.
    """

    sources: list[ImageSource]
    labels: list[Hashable]
    classes: list[Hashable]
    split: list[str] | None = None
    skipped: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.sources)

    def subset(self, indices: Iterable[Any]) -> "LabelledImages":
        """Return the pictures at `indices`, in that order; the classes stay all of them."""
        chosen = [int(index) for index in indices]
        return replace(
            self,
            sources=[self.sources[i] for i in chosen],
            labels=[self.labels[i] for i in chosen],
            split=None if self.split is None else [self.split[i] for i in chosen],
        )

    def part(self, name: str) -> "LabelledImages":
        """Return the pictures of one part.

        Parameters
        ----------
        name : {"train", "valid", "test"}
            The part. It may be empty.

        Raises
        ------
        UsageError
            There is no such part, or the data set is not divided.
        """
        if name not in SPLIT_NAMES.values():
            raise UsageError(f"A part must be 'train', 'valid' or 'test'. Received: {name!r}.")
        if self.split is None:
            raise UsageError(
                "The data set must be divided into parts, as by folders named train and test. "
                f"Received: one whole of {len(self)} images."
            )
        return self.subset(i for i, part in enumerate(self.split) if part == name)

    def counts(self) -> dict[Hashable, int]:
        """Return the number of pictures of each class, in the order of `classes`."""
        counted = Counter(self.labels)
        return {label: counted[label] for label in self.classes}


def sorted_classes(labels: Iterable[Hashable]) -> list[Hashable]:
    """Return the different labels, sorted; numbers before words where both occur."""
    return sorted(set(labels), key=_rank)


def given_classes(names: Sequence[Hashable], labels: Iterable[Hashable]) -> list[Hashable]:
    """Return those of `names` that occur among `labels`, in the order given."""
    there = set(labels)
    return [name for name in names if name in there]


def _rank(label: Any) -> tuple[bool, Any]:  # noqa: ANN401 - what sorts beside its like
    return isinstance(label, str), label
