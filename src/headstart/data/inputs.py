"""What a user may hand over as pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.discovery import find_images
from headstart.data.sources import ImageSource, as_source
from headstart.errors import UsageError


def image_sources(X: Any) -> list[ImageSource]:  # noqa: ANN401
    """Return the pictures that a user means, as sources.

    Parameters
    ----------
    X : list, array or folder
        Paths, bytes of image files, uint8 arrays of shape (height, width, 3) RGB or (height,
        width) grey, PIL images; or one uint8 array of shape (n, height, width, 3); or the path of
        a folder, file or glob, read in the order of `find_images`.

    Raises
    ------
    UsageError
        If it is something else, such as one image by itself.
    """
    if isinstance(X, str | Path):
        return list(find_images([X]).sources)
    return [as_source(image, index) for index, image in enumerate(_column(X))]


def _column(X: Any) -> Iterable[Any]:  # noqa: ANN401
    """Return a table of one column as a list, and anything else as it is."""
    values = X.to_numpy() if hasattr(X, "to_numpy") else X
    if not isinstance(values, np.ndarray):
        if not isinstance(values, Iterable) or isinstance(values, bytes):
            raise _not_a_list(X)
        return values
    if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind in "OUT":
        values = values[:, 0]
    if values.ndim not in {1, 4}:
        raise _not_a_list(X)
    return values.tolist() if values.ndim == 1 else values


def _not_a_list(X: object) -> UsageError:
    shape = getattr(X, "shape", "")
    return UsageError(
        "X must be a list of images (paths, bytes, arrays, PIL images), an array of shape (n, "
        f"height, width, 3) or the path of a folder. Received: {type(X).__name__} {shape}".rstrip()
        + ". For one image write [image]."
    )
