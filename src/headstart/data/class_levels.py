"""On which level of folders the classes probably are: in ``site/date/class/1.jpg`` on the third."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.data.folders import Folder

# A camera's own folders (100CANON, DCIM) and dates recur everywhere, and are no classes.
_DATE = r"(19|20)\d\d|\d{4}\D?\d\d(\D?\d\d.*)?|\d\d?\D\d\d?\D\d{2,4}|\d{6,8}"
_NO_CLASS = re.compile(rf"{_DATE}|\d{{3}}[A-Z0-9_]{{5}}|DCIM", re.IGNORECASE)
_MOST_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Level:
    """A level of folders that may be the classes.

    Attributes
    ----------
    depth : int
        How many levels it is below the folders that were examined.
    names : tuple of str
        The distinct names on it, sorted.
    is_likely : bool
        Whether the same names recur in every folder of the level above, so that nobody can tell
        which of the levels is meant; else many of the names recur.
    """

    depth: int
    names: tuple[str, ...]
    is_likely: bool


def other_level(folders: Sequence[Folder]) -> Level | None:
    """Return the level below `folders` that may hold the classes instead of `folders`.

    Parameters
    ----------
    folders : sequence of Folder
        What will be taken for the class folders.

    Returns
    -------
    Level or None
        None if nothing speaks for another level: images lie directly in the folders, or no name
        recurs in several of them.
    """
    above = [folder for folder in folders if folder.holds_images()]
    all_dates = len(above) > 1 and all(_NO_CLASS.fullmatch(folder.name) for folder in above)
    for depth in range(1, _MOST_LEVELS):
        if len(above) < 2 or any(folder.n_direct for folder in above):
            return None
        below = [[inner for inner in folder.folders if inner.holds_images()] for folder in above]
        found = _compared(depth, [{folder.name for folder in each} for each in below])
        if found is not None:
            return found
        if all_dates and depth == 1:
            names = sorted({folder.name for each in below for folder in each})
            return Level(depth, tuple(names), is_likely=True)
        above = [folder for each in below for folder in each]
    return None


def _compared(depth: int, sets: Sequence[set[str]]) -> Level | None:
    times = Counter(name for names in sets for name in names)
    if len(times) < 2 or all(map(_NO_CLASS.fullmatch, times)):
        return None
    if all(names == sets[0] for names in sets):
        return Level(depth, tuple(sorted(times)), is_likely=True)
    recur = times.total() >= 2 * len(times)
    return Level(depth, tuple(sorted(times)), is_likely=False) if recur else None
