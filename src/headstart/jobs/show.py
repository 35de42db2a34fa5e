"""Show: what is in a dataset, and what a model says about its images."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.arguments import Positive, Seed, checked
from headstart.data.inputs import dataset_at
from headstart.data.output_places import refuse_among_images
from headstart.data.settings import DatasetSettings
from headstart.display.drawing import check_png, save_png
from headstart.errors import DatasetError
from headstart.evaluation.sheet import Tile, draw_tiles
from headstart.jobs.predict import open_predictor
from headstart.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.figure import Figure
    from PIL import Image

    from headstart.data.inputs import Dataset
    from headstart.data.labelled_images import LabelledImages
    from headstart.jobs.predict import Named

AT_MOST_SAMPLES = 24
_TOP = 2


@checked
def draw_samples(
    data: Dataset,
    path: str | Path | None = None,
    *,
    model: Named | None = None,
    dataset: DatasetSettings = DatasetSettings(),
    at_most: Positive = AT_MOST_SAMPLES,
    seed: Seed = 0,
) -> Image.Image:
    """Draw some images of each class with their labels, and what a model says about them.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset, as `train` takes it. Of a dataset with splits, ``part("test")``
        returns the test images.
    path : str or Path, optional
        A ``.png`` file to write as well. It is written whole or not at all.
    model : ImageClassifier, SavedModel, Predictor, str or Path, optional
        A model, as `evaluate` takes it. Its two most probable classes are drawn, and whether it is
        right.
    dataset : DatasetSettings
        How the dataset is read, where that can't be seen from it.
    at_most : int, default=24
        How many images to draw. They are chosen at random: one of each class, then a second one,
        and so on.
    seed : int, default=0
        The same seed chooses the same images.

    Returns
    -------
    PIL.Image.Image
        A notebook shows it.

    Raises
    ------
    DatasetError
        If there is no dataset at the path, or no image in it.
    UsageError
        If an argument is wrong, or `path` does not end in ``.png`` or lies among the images.
    StorageError
        If the file can't be written.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.draw_samples("flowers/train/", "samples.png")  # doctest: +SKIP
    >>> hs.draw_samples("flowers/test/", model="my-model/")  # doctest: +SKIP
    """
    if path is not None:
        check_png(Path(path))
        refuse_among_images(Path(path), [data], "The sheet")
    images = _dataset(data, dataset)
    shown = images.subset(_chosen(images, at_most, seed))
    left_out = len(shown) < len(images)
    note = f"{len(shown):,} of {len(images):,} images, chosen at random." if left_out else ""
    sheet = draw_tiles([*_tiles(shown, model)], note)
    if path is not None:
        save_png(sheet, Path(path))
    return sheet


@checked
def plot_counts(
    data: Dataset,
    path: str | Path | None = None,
    *,
    dataset: DatasetSettings = DatasetSettings(),
) -> Figure:
    """Draw how many images each class has, the class with the fewest first.

    Where the dataset has splits, each has its own colour. With more than 200 classes, the 200
    smallest are drawn.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset, as `train` takes it.
    path : str or Path, optional
        A ``.png``, ``.pdf`` or ``.svg`` file to write as well. It is written whole or not at all.
    dataset : DatasetSettings
        How the dataset is read, where that can't be seen from it.

    Returns
    -------
    matplotlib.figure.Figure
        It is not registered with pyplot. A notebook shows it, ``figure.savefig`` writes it.

    Raises
    ------
    DatasetError
        If there is no dataset at the path, or no image in it.
    UsageError
        If `path` has another ending, or lies among the images.
    StorageError
        If the file can't be written.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.plot_counts("flowers/", "counts.png")  # doctest: +SKIP
    """
    from headstart.evaluation import canvas, plots

    canvas.check_figure(path)
    if path is not None:
        refuse_among_images(Path(path), [data], "The figure")
    return canvas.saved(plots.counts_figure(_dataset(data, dataset)), path)


def _dataset(data: Dataset, settings: DatasetSettings) -> LabelledImages:
    images = dataset_at(data, settings, min_classes=1, progress=NoProgress())
    if not len(images):
        raise DatasetError("There must be at least one image to show. Received: none.")
    return images


def _chosen(images: LabelledImages, at_most: int, seed: int) -> list[int]:
    """Choose images at random, as many of each class as possible, in the order of the classes."""
    places = defaultdict(list)
    for place in np.random.default_rng(seed).permutation(len(images)).tolist():
        places[images.labels[place]].append(place)
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*places.values()))
    chosen = itertools.islice((place for place in in_turn if place is not None), at_most)
    rank = {label: number for number, label in enumerate(images.classes)}
    return sorted(chosen, key=lambda place: (rank[images.labels[place]], place))


def _tiles(images: LabelledImages, model: Named | None) -> Iterator[Tile]:
    labels: Iterable[str] = map(str, images.labels)
    if model is None:
        for source, label in zip(images.sources, labels, strict=True):
            yield Tile(source, truth=label)
        return
    predictor = open_predictor(model, images=images.sources)
    for answer, label in zip(predictor.stream(images.sources), labels, strict=True):
        yield Tile(answer.source, answer.predictions(_TOP), truth=label, error=answer.error)
