"""Measure a predictor on labelled images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.evaluation.evaluation import Evaluation
from headstart.progress import track

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from headstart.data.sources import ImageSource
    from headstart.prediction.predictor import Predictor
    from headstart.progress import Progress


def measure(
    predictor: Predictor,
    sources: Sequence[ImageSource],
    labels: Sequence[Hashable],
    *,
    progress: Progress | None = None,
    what: str = "testing",
) -> Evaluation:
    """Compare the answers of a predictor with the labels of the images.

    Parameters
    ----------
    predictor : Predictor
    sources : sequence of ImageSource, length n
    labels : sequence of hashable, length n
        The label of each image, or the identifier of its class.
    progress : Progress, optional
        Shows how far it is.
    what : str
        What the progress bar says.

    Returns
    -------
    Evaluation
        Images that can't be read are in its ``errors`` and count in no figure.

    Raises
    ------
    DatasetError
        If no image can be read, or a label is not a class of the predictor.
    """
    names, truth, rows, errors = [], [], [], []
    answers = predictor.stream(sources)
    for answer in track(progress, answers, what, len(sources)):
        if answer.error is not None:
            errors.append((answer.path, answer.error))
            continue
        names.append(answer.path)
        truth.append(labels[answer.index])
        rows.append(answer.required())
    return Evaluation.from_predictions(names, truth, rows, _classes(predictor, labels), errors)


def _classes(predictor: Predictor, labels: Sequence[Hashable]) -> Sequence[Hashable]:
    """Return what `labels` call the classes: by their labels, or else by their identifiers."""
    identifiers = [name.id for name in predictor.classes]
    by_identifier = set(labels) <= set(identifiers) and not set(labels) <= set(predictor.labels)
    return identifiers if by_identifier else predictor.labels
