"""Measure which preprocessing fits a network in a file that does not say it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.arguments import checked
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec, Size
from headstart.data.discovery import find_images
from headstart.data.inputs import dataset_at
from headstart.data.settings import DatasetSettings
from headstart.errors import UsageError
from headstart.features.compiling import compile_network
from headstart.features.extractor import network_resize
from headstart.foreign.labels import class_places, likely_classes
from headstart.foreign.measuring import LEAST, MIN_IMAGES, TRIED, MeasuredPreprocessing, judge
from headstart.images.reader import read_images
from headstart.networks.preprocessing import USUAL
from headstart.networks.variants import with_preprocessing
from headstart.progress import NoProgress, track
from headstart.storage.whole_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from headstart.data.inputs import Dataset
    from headstart.features.engine import Precision
    from headstart.images.resizing import Resize
    from headstart.images.sources import ImageSource
    from headstart.networks.classes import ClassName
    from headstart.networks.network import Network
    from headstart.networks.preprocessing import Preprocessing
    from headstart.progress import Progress

# More images tell hardly more. All views of all images are in memory.
_MOST_IMAGES, _MOST_BYTES = 60, 2**28
# Of the shorter side: a view that shows the object larger than the network's own.
_TIGHT = 0.6
_VIEWS = 4


@checked
def measure_preprocessing(
    backbone: str | Path,
    images: Dataset,
    *,
    size: Size | None = None,
    dataset: DatasetSettings = DatasetSettings(),
    progress: Progress | None = None,
) -> MeasuredPreprocessing:
    """Measure which preprocessing fits a network, on labelled images of its own classes.

    The usual five are tried, each with RGB and BGR. Each image is seen in four views: as the
    network would see it, mirrored, squashed and closer. The right preprocessing gives the true
    classes the highest probabilities.

    Parameters
    ----------
    backbone : str or Path
        A network with a classifier, in a file of another program.
    images : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset, as `headstart.train` takes it, or a folder of images whose names begin
        with the identifier of their class: ``n02129604_tiger.jpg``. 30 images usually tell; up to
        60 are taken.
    size : int or tuple of int, optional
        Height and width in pixels, for a network that takes any.
    dataset : DatasetSettings
        How `images` is read, where that can't be seen from it.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    MeasuredPreprocessing

    Raises
    ------
    UsageError
        If the network has no classifier or its classes are unknown, or the labels are others.
    DatasetError, UnknownBackbone, ConversionError
    """
    network = find_network(NetworkSpec(backbone, size=size, preprocessing="inside"))
    return measure_on(network, images, dataset=dataset, progress=progress)


def measure_on(
    network: Network,
    images: Dataset,
    *,
    dataset: DatasetSettings = DatasetSettings(),
    also: Mapping[str, Preprocessing] | None = None,
    progress: Progress | None = None,
) -> MeasuredPreprocessing:
    """Measure which preprocessing fits a network that has none yet.

    Parameters
    ----------
    network : Network
        Its preprocessing is "inside".
    images, dataset, progress
        See `measure_preprocessing`.
    also : mapping of str to Preprocessing, optional
        Others to try, by names for the result.
    """
    classes = classes_of(network)
    sources, labels = _labelled(images, dataset, classes, progress)
    chosen = _spread(len(sources), network.size)
    views, read = views_of([sources[place] for place in chosen], network_resize(network))
    truth = np.array(class_places([labels[place] for place in chosen], classes))[read]
    if len(read) < MIN_IMAGES:
        raise UsageError(
            f"At least {MIN_IMAGES} labelled images must be readable. Received: {len(read)}."
        )
    tried = {name: USUAL[name] for name in TRIED} | dict(also or {})
    logs: dict[str, NDArray[np.float64]] = {}
    right: dict[str, NDArray[np.bool_]] = {}
    for name in track(progress or NoProgress(), tried, "trying preprocessing", len(tried)):
        of_truth, right[name] = answers(network, tried[name], views, truth)
        logs[name] = of_truth.mean(axis=0)
    return judge(logs, right, n_classes=len(classes), unreadable=len(chosen) - len(read))


def answers(
    network: Network,
    preprocessing: Preprocessing,
    views: NDArray[np.uint8],
    truth: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what a network says of images with a preprocessing.

    Parameters
    ----------
    network : Network
    preprocessing : Preprocessing
    views : ndarray of uint8, shape (v, n, height, width, 3)
        Of each image; see `views_of`.
    truth : ndarray of int64, shape (n,)
        The place of each image's class.

    Returns
    -------
    ndarray of float64, shape (v, n)
        The logarithm of the probability of the true class.
    ndarray of bool, shape (n,)
        Whether it is the most probable one in the first view.
    """
    with temporary_folder() as folder:
        tried = with_preprocessing(network, preprocessing, folder)
        precision: Precision = "int8" if network.quantised else "f32"
        engine = compile_network(tried, precision=precision, outputs=("probabilities",))
        found = np.stack([engine.infer(view)["probabilities"] for view in views])
    of_truth = found[:, np.arange(len(truth)), truth].astype(np.float64)
    return np.log(np.maximum(of_truth, LEAST)), found[0].argmax(axis=1) == truth


def classes_of(network: Network) -> tuple[ClassName, ...]:
    """Return the classes of a network, or those that it is likely to have.

    Raises
    ------
    UsageError
        If it has no classifier, or nobody knows its classes.
    """
    if "probabilities" not in network.outputs:
        raise UsageError(
            "Preprocessing is measured by a classifier. Received: "
            f"{network.name}, which has none. Name its preprocessing: --preprocessing NAME."
        )
    (n_classes,) = network.outputs["probabilities"]
    classes = network.classes or likely_classes(n_classes)
    if classes is None:
        raise UsageError(
            f"The names of the {n_classes:,} classes of {network.name} must be known. Write them "
            "into a file beside it, one a line, such as net.labels.txt for net.onnx; or name the "
            "preprocessing: --preprocessing NAME."
        )
    return classes


def _labelled(
    images: Dataset,
    dataset: DatasetSettings,
    classes: Sequence[ClassName],
    progress: Progress | None,
) -> tuple[list[ImageSource], list[Hashable]]:
    """Return images with their labels, which their names may begin with."""
    if isinstance(images, str | Path) and not dataset.given() and Path(images).is_dir():
        found = find_images([str(images)]).sources
        known = {each.id for each in classes}
        labels: list[Hashable] = [Path(each.name).name.partition("_")[0] for each in found]
        if labels and known.issuperset(labels):
            return list(found), labels
    read = dataset_at(images, dataset, min_classes=1, progress=progress)
    return list(read.sources), list(read.labels)


def _spread(n: int, size: tuple[int, int]) -> list[int]:
    """Return the places of the images that are taken: of all classes, and not too many."""
    room = _MOST_BYTES // (_VIEWS * 3 * size[0] * size[1])
    most = min(n, _MOST_IMAGES, max(MIN_IMAGES, room))
    return [round(place) for place in np.linspace(0, n - 1, most)] if n else []


def views_of(
    sources: Sequence[ImageSource], resize: Resize
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return each image in four views (4, n_read, h, w, 3), and the places of those read."""
    rules = (
        resize,
        replace(resize, rule="squash"),
        replace(resize, rule="crop", crop_fraction=_TIGHT),
    )
    loaded = [[each.pixels for each in read_images(sources, rule)] for rule in rules]
    read = [place for place, pixels in enumerate(loaded[0]) if pixels is not None]
    if not read:
        return np.empty((_VIEWS, 0, resize.height, resize.width, 3), np.uint8), np.array(read, int)
    own, squashed, tight = (np.stack([rule[place] for place in read]) for rule in loaded)  # type: ignore[misc]
    return np.stack([own, own[:, :, ::-1], squashed, tight]), np.array(read)
