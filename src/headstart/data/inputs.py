"""What a user may hand over as pictures."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.data.discovery import find_images
from headstart.data.sources import ImageSource, as_source
from headstart.errors import UsageError


class Table(Protocol):
    """A column or a table of one column, such as a pandas Series or DataFrame."""

    def to_numpy(self) -> NDArray[Any]:
        """Return the values as an array."""


#: What stands for one image: a path, the bytes of an image file, pixels or a PIL image.
ImageLike = str | Path | bytes | NDArray[np.uint8] | Image.Image | ImageSource

#: What stands for images: the path of a folder or file, a glob, a list, an array or a column.
Images = str | Path | Iterable[ImageLike] | NDArray[np.uint8] | Table

#: The labels of images, one for each.
Labels = Iterable[Hashable] | NDArray[Any]


def image_sources(X: Images) -> list[ImageSource]:
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
