"""Results stay apart from images: a plot among the images would be taken for one of them."""

# These never raise: a path may be longer than any system opens.
# ruff: noqa: PTH110, PTH112

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from headstart.errors import UsageError


def refuse_among_images(out: Path, given: Iterable[Any], what: str) -> None:
    """Refuse a place for a result that lies in a folder of images, or holds one.

    Parameters
    ----------
    out : Path
        The file or folder that will be written. It need not exist.
    given : iterable
        What the user gave as images. Only paths of folders are checked.
    what : str
        What will be written, for the message: "The model".

    Raises
    ------
    UsageError
        If it does; or if it can't be reached at all.
    """
    place = _resolved(out)
    for path in given:
        if not isinstance(path, str | Path) or not os.path.isdir(path):
            continue
        folder = Path(path).resolve()
        if any(_same(above, folder) for above in (place, *place.parents)):
            raise UsageError(
                f"{what} must be written outside the folder of the images, {path}, where it would "
                f"be taken for images the next time. Received: {out}. Choose a place beside it."
            )
        if any(_same(above, place) for above in folder.parents):
            raise UsageError(
                f"{what} must have a place of its own. Received: {out}, in which the images lie "
                f"({path}). Choose a place beside it."
            )


def _resolved(out: Path) -> Path:
    try:
        return out.resolve()
    except (OSError, RuntimeError) as error:
        # A link to itself; or a relative path, while the folder that we are in is deleted.
        raise UsageError(
            f"There must be a way to the place of the results. Received: {out} ({error}). Name "
            "another place, or change into a folder that is there."
        ) from error


def _same(one: Path, other: Path) -> bool:
    """Tell whether two paths are one folder, also where systems ignore the case of letters."""
    return one == other or (os.path.exists(one) and os.path.exists(other) and one.samefile(other))
