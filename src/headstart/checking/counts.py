"""How many images each class has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from headstart.checking.base import Check
from headstart.checking.finding import Finding
from headstart.display.table import Table
from headstart.display.text import counted, listed_names
from headstart.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Hashable

    from headstart.checking.evidence import Evidence

# A class must be in the training and the test images of each of 5 folds to be judged at all; below
# 20 images its recall is known to no more than about 20 points.
_TOO_FEW, _FEW = 5, 20
_UNEVEN = 10
_AT_MOST_CLASSES = 20


class SmallClasses(Check):
    """Which classes have too few images to learn from, or to be judged by.

    Copies count once: five copies of an image teach as much as one.
    """

    name = "small-classes"
    question = "Does each class have enough images?"

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the classes with few different images, the smallest first."""
        counts = _different(evidence)
        small = {label: n for label, n in counts.items() if n < _FEW}
        if not small:
            return None
        too_few = [label for label, n in small.items() if n < _TOO_FEW]
        return Finding(
            check=self.name,
            severity="warning" if too_few else "note",
            headline=(
                f"{counted(len(small), 'class has', 'classes have')} fewer than {_FEW} different "
                f"images: {listed_names(map(str, sorted(small, key=small.__getitem__)))}."
            ),
            advice=(
                f"Below {_FEW} images the recall of a class can hardly be measured; below "
                f"{_TOO_FEW} there is little to learn. Add images, or join classes."
            ),
            figures={
                "classes": len(small),
                "classes_with_too_few": len(too_few),
                "fewest": min(small.values()),
            },
            tables=[_table(evidence, small)],
        )


class UnevenClasses(Check):
    """Whether the largest class has many times the images of the smallest one."""

    name = "uneven-classes"
    question = "Do the classes have similar numbers of images?"

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the counts where they differ much."""
        counts = _different(evidence)
        fewest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        ratio = counts[most] / max(counts[fewest], 1)
        if ratio < _UNEVEN:
            return None
        return Finding(
            check=self.name,
            severity="note",
            headline=(
                f"The largest class, {printable(str(most))}, has {ratio:.0f} times the images of "
                f"the smallest, {printable(str(fewest))}."
            ),
            advice=(
                "Training gives every class the same weight. Judge the model by balanced accuracy "
                "and by the recall of each class: plain accuracy is mostly that of large classes."
            ),
            figures={"ratio": ratio, "most": counts[most], "fewest": counts[fewest]},
            tables=[_table(evidence, counts)],
        )


def _different(evidence: Evidence) -> dict[Hashable, int]:
    """Return how many readable images each class has, where copies count once."""
    pairs = set(zip(evidence.images.labels, evidence.duplicates.groups.tolist(), strict=True))
    counted_ = Counter(label for label, _ in pairs)
    return {label: counted_[label] for label in evidence.dataset.classes}


def class_table(evidence: Evidence) -> Table:
    """Return how many images each class has; the 20 smallest, if there are more."""
    return _table(evidence, _different(evidence))


def _table(evidence: Evidence, counts: dict[Hashable, int]) -> Table:
    files, read = evidence.dataset.counts(), evidence.images.counts()
    shown = sorted(counts, key=counts.__getitem__)[:_AT_MOST_CLASSES]
    more = len(counts) - len(shown)
    return Table(
        headings=("class", "files", "readable", "different"),
        align="<>>>",
        rows=[
            (str(label), *(f"{n:,}" for n in (files[label], read[label], counts[label])))
            for label in shown
        ],
        notes=[f"... and {more:,} more classes"] if more else [],
    )
