"""The images and labels that users pass to headstart."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.data.datasets import read_dataset
from headstart.data.discovery import find_images
from headstart.data.labelled_images import LabelledImages
from headstart.data.labels import settle_labels
from headstart.data.sources import ImageLike, ImageSource, as_source
from headstart.errors import DatasetError, UsageError
from headstart.progress import Bars

if TYPE_CHECKING:
    from headstart.data.settings import DatasetSettings
    from headstart.progress import Progress


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

Given = TypeVar("Given")


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


def labelled_images(
    X: Images | LabelledImages,
    y: Labels | None = None,
    *,
    part: str = "train",
) -> tuple[list[ImageSource], list[Any]]:
    """Return images and their labels, one for each.

    Parameters
    ----------
    X : list, array, folder or LabelledImages
        Images, as `image_sources` takes them, with their labels in `y`. Or, without `y`, a labelled
        dataset or the path of one, as `read_dataset` takes it.
    y : iterable of hashable, optional
        The label of each image.
    part : {"train", "valid", "test"}
        The split to return, if the dataset has splits.

    Returns
    -------
    sources : list of ImageSource
    labels : list of hashable
        Of the same length.

    Raises
    ------
    UsageError
        The numbers of images and labels differ, or there are neither labels nor a dataset.
    DatasetError
        There is no dataset at the path, or no image in the split.
    """
    if y is not None:
        sources = image_sources(X.sources if isinstance(X, LabelledImages) else X)
        labels = _label_list(y)
        if len(labels) != len(sources):
            raise UsageError(
                f"There must be one label for each image. Received: {len(sources)} images and "
                f"{len(labels)} labels."
            )
        return sources, labels
    if isinstance(X, str | Path):
        X = read_dataset(X, min_classes=2 if part == "train" else 1)
    if not isinstance(X, LabelledImages):
        raise UsageError(
            "Without labels, X must be a labelled dataset or the path of one; otherwise it "
            f"requires y to be passed, but the target y is None. Received: {type(X).__name__}."
        )
    chosen = X if X.split is None else X.part(part)
    if not len(chosen):
        raise DatasetError(f"The dataset must have images in its {part} split. Received: none.")
    return chosen.sources, chosen.labels


def dataset_at(
    data: str | Path | Given,
    settings: DatasetSettings,
    *,
    min_classes: int = 2,
    progress: Progress | None = None,
) -> LabelledImages | Given:
    """Return a dataset. If it is given as a path, read it, and say how; see `read_dataset`.

    Whatever else is given is returned as it is.

    Raises
    ------
    UsageError
        There are settings, but no path to read.
    DatasetError, MissingExtra
        See `read_dataset`.
    """
    if isinstance(data, str | Path):
        images = read_dataset(data, settings, min_classes=min_classes)
        (progress or Bars()).say(images.in_words())
        return images
    if given := settings.given():
        raise UsageError(
            "DatasetSettings say how a dataset is read, so it must be given as a path. "
            f"Received: {', '.join(given)} and {type(data).__name__}."
        )
    return data


def _label_list(y: Labels) -> list[Hashable]:
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:  # type: ignore[union-attr]
        warnings.warn(
            "y must have one dimension. Received: a column-vector; its column is taken as the "
            "labels.",
            stacklevel=3,
        )
        y = np.asarray(y)[:, 0]
    if isinstance(y, str | bytes) or not isinstance(y, Iterable):
        raise UsageError(
            "y must be a list, an array or a column of labels, one for each image. "
            f"Received: {y!r}."
        )
    if getattr(y, "ndim", 1) == 2:
        y = np.asarray(y)
    return settle_labels(y.tolist() if hasattr(y, "tolist") else y)


def _values(X: Any) -> Iterable[Any]:
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
    shape = f" of shape {X.shape}" if hasattr(X, "shape") else ""
    raise UsageError(
        "X must be a list of images (paths, bytes, arrays, PIL images), an array of shape (n, "
        f"height, width, 3) or the path of a folder. Received: {type(X).__name__}{shape}. "
        "For one image, write [image]."
    )
