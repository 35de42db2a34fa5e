"""The images that users pass to headstart, as sources."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.data.discovery import find_images
from headstart.data.sources import ImageLike, ImageSource, as_source
from headstart.errors import UsageError


class Table(Protocol):
    """A column or a table of one column, such as a Series or DataFrame of pandas or polars."""

    def to_numpy(self) -> NDArray[Any]:
        """Return the values as an array."""


#: The images that users may pass as `X`:
#:
#: - a list, or any other iterable, of single images (`ImageLike`): paths, bytes of image files,
#:   uint8 arrays of shape (height, width, 3) RGB, (height, width, 4) RGBA or (height, width) grey,
#:   or PIL images;
#: - one uint8 array of shape (n, height, width, 3) or (n, height, width, 4);
#: - a column of paths: a Series, a DataFrame with one column, or an array of shape (n,) or (n, 1);
#: - the path of a folder or file, or a glob, as `find_images` reads it.
Images = str | Path | Iterable[ImageLike] | NDArray[np.uint8] | Table

#: The labels of images, one for each.
Labels = Iterable[Hashable] | NDArray[Any]


def image_sources(X: Images) -> list[ImageSource]:
    """Return the images of `X` as sources.

    Parameters
    ----------
    X : Images
        The images: paths, bytes of image files, uint8 arrays or PIL images in a list, array or
        column, or the path of a folder.

    Raises
    ------
    UsageError
        `X` is something else, such as one image by itself.
    """
    if isinstance(X, str | Path):
        return list(find_images([X]).sources)
    return [as_source(image, index) for index, image in enumerate(_values(X))]


def _values(X: Any) -> Iterable[Any]:  # noqa: ANN401 - checked here
    values = X.to_numpy() if hasattr(X, "to_numpy") else X
    if isinstance(values, np.ndarray):
        if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind in "OUT":
            values = values[:, 0]
        if values.ndim == 1:
            return values.tolist()
        if values.ndim == 4:
            return values
    elif isinstance(values, Iterable) and not isinstance(values, bytes):
        return values
    raise UsageError(
        "X must be a list of images (paths, bytes, arrays, PIL images), an array of shape (n, "
        f"height, width, 3) or the path of a folder. Received: {_described(X)}. "
        "For one image, write [image]."
    )


def _described(X: object) -> str:
    shape = getattr(X, "shape", None)
    return type(X).__name__ if shape is None else f"{type(X).__name__} of shape {shape}"
