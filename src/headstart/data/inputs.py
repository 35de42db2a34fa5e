"""The images and labels that users pass to headstart."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.data.discovery import find_images
from headstart.data.frames import frame_sources, image_cells, is_frame, read_frame
from headstart.data.labelled_images import LabelledImages, sorted_classes
from headstart.data.labels import listed, resolve_labels
from headstart.data.settings import DatasetSettings
from headstart.display.text import counted
from headstart.errors import DatasetError, UsageError, warn
from headstart.images.sources import ImageLike, ImageSource, as_source
from headstart.progress import Bars, NoProgress

if TYPE_CHECKING:
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
#: - one uint8 array of shape (n, height, width, 3), (n, height, width, 4), (n, height, width, 1) or
#:   (n, height, width). An array of three axes is one image, and refused, if the last is 3 or 4;
#: - a column of paths: a Series, or an array of shape (n,) or (n, 1);
#: - a DataFrame with one column, or with a column of images among others;
#: - the path of a folder or file, or a glob, as `find_images` reads it.
Images = str | Path | Iterable[ImageLike] | NDArray[np.uint8] | Table

#: The labels of images, one for each.
Labels = Iterable[Hashable] | NDArray[Any]

#: What a labelled dataset may be given as; see `dataset_at`.
Dataset = str | Path | LabelledImages | Table | tuple[Images, Labels]

# The packages whose datasets give images that are resized, scaled or in batches.
_LOADERS = ("datasets", "keras", "tensorflow", "torch", "torchvision")


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
    if is_frame(X):
        return frame_sources(image_cells(X), Path())
    return [as_source(_plain(image), index) for index, image in enumerate(_values(X))]


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
        dataset, as `dataset_at` takes it.
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
                "There must be one label for each image. Received: "
                f"{counted(len(sources), 'image')} and {counted(len(labels), 'label')}."
            )
        return sources, labels
    X = dataset_at(X, min_classes=2 if part == "train" else 1, progress=NoProgress())
    chosen = X if X.split is None else X.part(part)
    if not len(chosen):
        raise DatasetError(f"The dataset must have images in its {part} split. Received: none.")
    return chosen.sources, chosen.labels


def dataset_at(
    data: Dataset | Images,
    settings: DatasetSettings = DatasetSettings(),
    *,
    min_classes: int = 2,
    progress: Progress | None = None,
) -> LabelledImages:
    """Return a labelled dataset, however it is given, and say how it was read.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A path, as `read_dataset` takes it; a table of pandas, polars or Arrow with a column of
        images and one of labels; or the images and their labels as a pair.
    settings : DatasetSettings
        How a path or a table is read.
    min_classes : int
        The smallest number of classes that is allowed.
    progress : Progress, optional
        Gets the sentence that says how the dataset was read.

    Raises
    ------
    UsageError
        `data` is something else, or there are settings that mean nothing for it.
    DatasetError, MissingExtra
        See `read_dataset`.
    """
    if isinstance(data, str | Path):
        # What predicts loads no readers of datasets.
        from headstart.data.datasets import read_dataset

        images = read_dataset(data, settings, min_classes=min_classes)
        (progress or Bars()).say(images.in_words())
        return images
    if is_frame(data):
        images = read_frame(data, settings)
        (progress or Bars()).say(images.in_words())
        return _with_classes(images, min_classes)
    if given := settings.given():
        raise UsageError(
            "DatasetSettings say how a path or a table is read. "
            f"Received: {', '.join(given)} and {type(data).__name__}."
        )
    if isinstance(data, LabelledImages):
        return data
    if _is_pair(data):
        sources, labels = labelled_images(*data)  # type: ignore[misc]
        return _with_classes(LabelledImages(sources, labels, sorted_classes(labels)), min_classes)
    raise UsageError(
        "Without labels, X must be a labelled dataset: a path, a DataFrame with a column of images "
        "and one of labels, or a tuple (images, labels); otherwise it requires y to be passed, but "
        f"the target y is None. Received: {_received(data)}."
    )


def _with_classes(images: LabelledImages, min_classes: int) -> LabelledImages:
    if len(images.classes) < min_classes:
        raise DatasetError(
            f"A dataset must hold at least {min_classes} classes. Received: {len(images.classes)} "
            f"({listed(images.classes)})."
        )
    return images


def _is_pair(data: object) -> bool:
    """Tell whether something is a tuple of images and labels, not a tuple of two images."""
    if not isinstance(data, tuple) or len(data) != 2:
        return False
    return all(isinstance(part, Iterable) and not isinstance(part, str | bytes) for part in data)


def _label_list(y: Labels) -> list[Hashable]:
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:  # type: ignore[union-attr]
        warn(
            "y must have one dimension. Received: a column-vector; its column is taken as the "
            "labels."
        )
        y = np.asarray(y)[:, 0]
    if isinstance(y, str | bytes | Mapping | set | frozenset) or not isinstance(y, Iterable):
        raise UsageError(
            "y must be a list, an array or a column of labels, one for each image. "
            f"Received: {y!r}."
        )
    if getattr(y, "ndim", 1) == 2:
        y = np.asarray(y)
    return resolve_labels(y.tolist() if hasattr(y, "tolist") else y)


def _plain(image: Any) -> Any:
    """Return a grey image without the axis of its only channel."""
    is_grey = isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 1
    return image[:, :, 0] if is_grey else image


def _values(X: Any) -> Iterable[Any]:
    _refuse_others(X)
    values = X.to_numpy() if hasattr(X, "to_numpy") else X
    if isinstance(values, np.ndarray):
        if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind in "OUT":
            values = values[:, 0]
        if values.ndim == 1:
            return values.tolist()
        is_grey = values.ndim == 3 and values.shape[2] not in (3, 4)
        if values.ndim == 4 or is_grey:
            return values
    elif isinstance(values, Iterable) and not isinstance(values, bytes):
        return values
    raise UsageError(
        "X must be a list of images (paths, bytes, arrays, PIL images), an array of shape (n, "
        f"height, width, 3) or the path of a folder. Received: {_received(X)}. "
        "For one image, write [image]."
    )


def _refuse_others(X: object) -> None:
    """Refuse what Python could iterate over, but to something else than images in order."""
    package = type(X).__module__.partition(".")[0]
    if package in _LOADERS:
        raise UsageError(
            "headstart reads images itself: X must be their folder, or a list of paths or uint8 "
            f"arrays. Received: {_received(X)} of {package}. Give the files that it is made from."
        )
    if isinstance(X, Mapping | set | frozenset):
        raise UsageError(
            "X must be a list of images, with the labels in y in the same order. Received: "
            f"{_received(X)}. Of a dict of paths and labels, pass list(d) and list(d.values())."
        )


def _received(X: object) -> str:
    shape = f" of shape {X.shape}" if hasattr(X, "shape") else ""
    return f"{type(X).__name__}{shape}"
