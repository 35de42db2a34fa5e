"""Labels that stand in the paths of images, such as ``cat.001.jpg``."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.data.settings import label_expression

# What separates a label from the rest of a file's name.
_USUAL = (
    "{label}.*.*",
    "{label}_*",
    "{label}-*",
    "{label} *",
    r"([^\W\d_]+)\d+[.]\w+$",
)
_NAMES_TRIED = 1000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pattern that finds the same labels in many file names.

    Attributes
    ----------
    pattern : str
        As `DatasetSettings.label_from` takes it.
    labels : tuple of str
        The labels that it finds, sorted.
    """

    pattern: str
    labels: tuple[str, ...]


def label_in(path: str, expression: re.Pattern[str]) -> str | None:
    """Return the label that an expression finds in a path; None if it finds none."""
    found = expression.search(path)
    if found is None:
        return None
    return found["label" if "label" in expression.groupindex else 1] or None


def suggested_pattern(paths: Sequence[str]) -> Suggestion | None:
    """Return the pattern that labels in these file names probably follow.

    Parameters
    ----------
    paths : sequence of str
        Paths with forward slashes.

    Returns
    -------
    Suggestion or None
        None if no usual pattern fits most names and finds at least two labels that recur.
    """
    # The patterns are about the names of files, and a thousand names show what is usual.
    names = [path.rpartition("/")[2] for path in paths[:: len(paths) // _NAMES_TRIED + 1]]
    for pattern in _USUAL:
        expression = label_expression(pattern)
        found = [label_in(name, expression) for name in names]
        labels = Counter(label for label in found if label and not label.isdigit())
        if labels.total() > len(names) / 2 and 2 <= len(labels) <= labels.total() / 2:
            return Suggestion(pattern, tuple(sorted(labels)))
    return None
