"""The example images and the steps of ``headstart demo``."""

from __future__ import annotations

import importlib.resources
import os
import shlex
import shutil
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from headstart.errors import UsageError
from headstart.storage.disk import writing
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

BACKBONE = "mini"
# In the demo's folder.
PHOTOS, DIGITS, NEW, MODEL = "photos", "digits", "new", "model"
README = "README.txt"
# The backbone of the demo recognises it.
PHOTO = "coffee.jpg"

#: What to type after ``headstart`` for the user's own photos.
OWN_PHOTOS = (
    ("train", "PHOTOS", "--out", "my-model"),
    ("predict", "NEW-PHOTOS", "--model", "my-model", "--sheet", "predictions.png"),
)

_OURS = "Made by 'headstart demo'"
_BEGUN = f"{_OURS}, which has not finished. Run it again."
_DONE = f"{_OURS}. Delete this folder whenever you like."
_CREDITS = """\
The photo is by Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0 1.0 (from scikit-image). The
digits are the test part of 'Optical Recognition of Handwritten Digits' by E. Alpaydin and C. Kaynak
(UCI), and come with scikit-learn."""


class Step(NamedTuple):
    """One command of the demo.

    Attributes
    ----------
    heading : str
        What the command is for.
    words : tuple of str
        What stands after ``headstart`` on the command line.
    """

    heading: str
    words: tuple[str, ...]


def prepare(folder: Path, *, overwrite: bool = False) -> int:
    """Write the images of the demo into `folder`; return the number of training images.

    ``photos/`` holds a photo, ``digits/`` holds handwritten digits in one folder for each class,
    and ``new/`` holds one more of each digit. Files that are not the demo's own stay where they
    are. A demo that was interrupted starts again.

    Raises
    ------
    UsageError
        If `folder` holds something else, or a finished demo and `overwrite` is False.
    StorageError
        If a file can't be written.
    """
    _check_place(folder, overwrite=overwrite)
    with writing(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        # Until `finish`, this line tells the next run that the demo may be incomplete.
        _write_readme(folder, _BEGUN)
        for name in (PHOTOS, DIGITS, NEW):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        _write_photos(folder / PHOTOS)
        return _write_digits(folder)


def steps(folder: Path) -> tuple[Step, ...]:
    """Return the commands that do the whole job on what `prepare` wrote."""
    photos, digits, new, model = (_as_word(folder / name) for name in (PHOTOS, DIGITS, NEW, MODEL))
    recognise = ("predict", photos, "--model", BACKBONE, "--top", "3", "--sheet", f"{photos}.png")
    learn = ("train", digits, "--model", BACKBONE, "--out", model, "--overwrite")
    use = ("predict", new, "--model", model, "--top", "1", "--sheet", f"{new}.png")
    return (
        # Of anything else, the network names the nearest of its classes.
        Step("Recognise what is in a photo, out of 200 classes", recognise),
        Step("Train a model on your own classes, from one folder of images for each class", learn),
        Step("Use the model on new images", use),
    )


def to_look_at(folder: Path) -> tuple[tuple[Path, str], ...]:
    """Return the images that the steps have drawn, each with what it shows."""
    model = folder / MODEL
    drawn = (
        (folder / f"{PHOTOS}.png", "the photo with its predictions"),
        (model / "confusion.png", "which digits were confused"),
        (model / "classes.png", "how well each digit is recognised"),
        (folder / f"{MODEL}.mistakes.png", "the digits that were predicted wrongly"),
        (folder / f"{NEW}.png", "the new digits with their predictions"),
    )
    return tuple((path, what) for path, what in drawn if path.is_file())


def finish(folder: Path, result: Iterable[str]) -> None:
    """Write the commands and the results into ``README.txt`` in the folder."""
    commands = (f"  {typed(step.words)}" for step in steps(folder))
    _write_readme(folder, _DONE, "", "Commands:", *commands, "", *result, "", _CREDITS)


def typed(words: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """Return the command ``headstart WORDS`` as a person types it.

    Parameters
    ----------
    words : sequence of str
        What stands after ``headstart``.
    windows : bool
        Whether to quote words for cmd and PowerShell, which take double quotes, instead of for a
        POSIX shell.

    Examples
    --------
    >>> typed(["predict", "my photos"], windows=False)
    "headstart predict 'my photos'"
    >>> typed(["predict", "my photos"], windows=True)
    'headstart predict "my photos"'
    """
    quote = _quote_for_windows if windows else shlex.quote
    return " ".join(["headstart", *map(quote, words)])


def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return scikit-learn's handwritten digits.

    Returns
    -------
    images : uint8 array, shape (1797, 8, 8)
        Dark ink on white paper, 0 to 255.
    labels : int64 array, shape (1797,)
        0 to 9.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    return (255 - data.images * (255 / 16)).round().astype("uint8"), data.target


def _check_place(folder: Path, *, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    mark = _first_line(folder / README)
    if not mark.startswith(_OURS):
        raise UsageError(
            f"The demo needs a new or empty folder. Received: {folder}, which holds something "
            "else. Choose another folder with --out."
        )
    if mark != _BEGUN and not overwrite:
        raise UsageError(
            f"{folder} already holds a demo. Choose another folder with --out, or replace the "
            "demo with --overwrite."
        )


def _first_line(file: Path) -> str:
    if not file.is_file():
        return ""
    return next(iter(file.read_text("utf-8", errors="replace").splitlines()), "")


def _write_readme(folder: Path, *lines: str) -> None:
    with whole_file(folder / README) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _write_photos(folder: Path) -> None:
    folder.mkdir()
    photo = importlib.resources.files("headstart") / "demo_images" / PHOTO
    (folder / PHOTO).write_bytes(photo.read_bytes())


def _write_digits(folder: Path) -> int:
    """Write the first image of each digit into ``new/`` and the others into ``digits/``."""
    images, labels = digits()
    (folder / NEW).mkdir()
    classes = set(map(str, labels))
    for label in classes:
        (folder / DIGITS / label).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, map(str, labels), strict=True)):
        file = folder / NEW / f"{label}.png"
        if file.exists():
            file = folder / DIGITS / label / f"{number:04}.png"
        Image.fromarray(image).save(file)
    return len(images) - len(classes)


def _as_word(path: Path) -> str:
    # A word that begins with a dash would be read as an option.
    return f".{os.sep}{path}" if str(path).startswith("-") else str(path)


def _quote_for_windows(word: str) -> str:
    # These mean nothing special to cmd and PowerShell. No file name holds a double quote.
    plain = all(letter.isalnum() or letter in r"-_.\/:=" for letter in word)
    return word if word and plain else f'"{word}"'
