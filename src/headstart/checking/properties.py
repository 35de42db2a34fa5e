"""The cheap properties of image files: what tells classes apart without anything in the images."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.checking.evidence import Evidence
    from headstart.duplicates.profile import ImageProfile

# More values of one property, such as cameras, are one value: another one.
_AT_MOST_VALUES = 20
_COLOURS = ("red", "green", "blue")


def properties(evidence: Evidence) -> tuple[list[str], NDArray[np.float32]]:
    """Return the names of properties, and their values for each image that can be read.

    Returns
    -------
    names : list of str, length n_columns
        A property has several columns where it has several values, such as the cameras.
    values : ndarray of float32, shape (n, n_columns)
    """
    columns = [*_numbers(evidence.profiles), *_names(evidence)]
    names = [name for name, _ in columns]
    return names, np.stack([values for _, values in columns], axis=1)


def _numbers(profiles: Sequence[ImageProfile]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    width = _column(profile.width for profile in profiles)
    height = _column(profile.height for profile in profiles)
    yield "width", width
    yield "height", height
    yield "shape (width / height)", width / height
    yield "bytes of a pixel", _column(profile.n_bytes for profile in profiles) / (width * height)
    yield "sharpness", _column(profile.sharpness for profile in profiles)
    for part in ("colour", "border"):
        values = np.array([getattr(profile, part) for profile in profiles], np.float32)
        for number, name in enumerate(_COLOURS):
            where = "mean colour" if part == "colour" else "colour of the border"
            yield f"{where} ({name})", values[:, number]


def _names(evidence: Evidence) -> Iterator[tuple[str, NDArray[np.float32]]]:
    profiles, images = evidence.profiles, evidence.images
    yield from _one_hot("format", [profile.format for profile in profiles])
    yield from _one_hot("camera", [profile.camera for profile in profiles])
    sources = zip(images.sources, images.labels, strict=True)
    yield from _one_hot("file name", [_pattern(each.name, str(label)) for each, label in sources])


def _one_hot(name: str, values: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    frequent = [value for value, _ in Counter(values).most_common(_AT_MOST_VALUES)]
    if len(frequent) < 2:
        return
    for value in frequent:
        yield f"{name} ({value or 'none'})", _column(each == value for each in values)


def _pattern(name: str, label: str) -> str:
    """Return the kind of a file name: IMG_0012.JPG and IMG_7.JPG are both IMG_0.JPG.

    The label may be in the name: that tells the class, but is no property of the image.
    """
    file = PurePath(name.replace(os.sep, "/")).name
    file = re.sub(re.escape(label), "label", file, flags=re.IGNORECASE)
    # Names of chance: long words of hexadecimal digits.
    file = re.sub(r"(?=[0-9a-f]*[0-9])[0-9a-f]{8,}", "0", file, flags=re.IGNORECASE)
    return re.sub(r"[0-9]+", "0", file)


def _column(values: Iterable[float]) -> NDArray[np.float32]:
    return np.fromiter(values, np.float32)
