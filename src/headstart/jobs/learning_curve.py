"""Learning curve: how many more images would help, and of which class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np

from headstart.arguments import Seed, checked
from headstart.classifier import ClassifierSettings, ImageClassifier
from headstart.data.inputs import dataset_at, labelled_images
from headstart.data.settings import DatasetSettings
from headstart.evaluation import learning_curve as curves

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from headstart.data.inputs import Dataset
    from headstart.data.splits import Ints
    from headstart.evaluation.learning_curve import LearningCurve
    from headstart.networks.network import Network
    from headstart.progress import Progress


@checked
def learning_curve(
    data: Dataset,
    *,
    backbone: str | Path | Network = "auto",
    dataset: DatasetSettings = DatasetSettings(),
    seed: Seed = 0,
    progress: Progress | None = None,
    **settings: Unpack[ClassifierSettings],
) -> LearningCurve:
    """Measure how accuracy grows with the number of training images, and forecast it.

    Files with the same content are on one side of every split. Images that can't be read are left
    out, and named.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset, as `train` takes it. If it has splits, the training split is used.
    backbone : str, Path or Network, default="auto"
        The pre-trained network. See `NetworkSpec`.
    dataset : DatasetSettings
        How the dataset is read, where that can't be seen from it.
    seed : int
        The seed of everything random.
    progress : Progress, optional
        Shows how far it is.
    **settings
        Parameters of `ImageClassifier`.

    Returns
    -------
    LearningCurve
        ``print`` it, ``plot`` it, or take its ``forecast`` and its ``classes``.

    Raises
    ------
    DatasetError
        If there are fewer than 20 images, or no class has two.

    Examples
    --------
    >>> import headstart as hs
    >>> print(hs.learning_curve("birds/"))  # doctest: +SKIP
    """
    settings["error_target"] = None  # a curve measures accuracy, and makes no decisions
    classifier = ImageClassifier(backbone, random_state=seed, **settings)
    sources, labels = labelled_images(dataset_at(data, dataset, progress=progress))
    network = classifier.find_network(progress)
    extracted = classifier.fit_on(network, sources, labels, skip_unreadable=True, progress=progress)
    if progress is not None:
        for image in extracted.unreadable:
            progress.say(f"Left out: {image.error}")
    return curves.learning_curve(
        classifier.head_,
        extracted.features,
        [labels[place] for place in extracted.places],
        groups=_copies(extracted.contents),
        seed=seed,
        progress=progress,
    )


def _copies(contents: Sequence[str]) -> Ints | None:
    """Return the same number for files with the same content; None if all differ."""
    _, groups = np.unique(np.array(contents), return_inverse=True)
    return None if len(groups) == groups.max() + 1 else groups.astype(np.int64)
