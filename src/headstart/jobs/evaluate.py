"""Evaluate: how good a model is on labelled images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headstart.arguments import Positive, checked
from headstart.data.groups import group_codes, values_by
from headstart.data.inputs import dataset_at, labelled_images
from headstart.data.labelled_images import LabelledImages
from headstart.data.settings import DatasetSettings
from headstart.errors import UsageError
from headstart.evaluation import Evaluation, measure
from headstart.evaluation.one_against_rest import check_goal
from headstart.features.settings import Device, FeatureSettings
from headstart.jobs.predict import open_predictor

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.data.inputs import Images, Labels
    from headstart.jobs.predict import Named
    from headstart.progress import Progress


@checked
def evaluate(  # noqa: PLR0913 - all are named, and each has a default
    model: Named,
    X: Images | LabelledImages,
    y: Labels | None = None,
    *,
    dataset: DatasetSettings = DatasetSettings(),
    workers: Positive | None = None,
    device: Device = "auto",
    accept_truncated: bool = False,
    against: Named | None = None,
    at_recall: float | None = None,
    at_precision: float | None = None,
    by: str | None = None,
    group_by: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a model on labelled images that it has not seen.

    Parameters
    ----------
    model : ImageClassifier, SavedModel, Predictor, str, Path or NetworkSpec
        A fitted classifier, a saved model or its folder; or a pre-trained network, which is
        measured on its own classes.
    X : str, Path, LabelledImages, list or array
        A labelled dataset, as `read_dataset` takes it (its test split, or else its validation
        split, if it has any); or images, with their labels in `y`.
    y : iterable of hashable, optional
        The label of each image.
    dataset : DatasetSettings
        How the dataset is read, where that can't be seen from it.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes: the processor or a GPU. See `FeatureSettings`.
    accept_truncated : bool, default=False
        Whether to read JPEGs that are cut short, if at most a tenth of their rows are missing.
    against : ImageClassifier, SavedModel, Predictor, str, Path or NetworkSpec, optional
        Another model, to compare with on the same images: the evaluation's ``against`` says which
        one is better.
    at_recall, at_precision : float, optional
        A recall or a precision to reach, one of both: the evaluation's ``operating`` has the
        thresholds of the classes that reach it, and what they cost.
    by : str, optional
        What tells subgroups apart: a column of the dataset's table, or a pattern that finds a part
        of each path, such as ``{group}/*/*``. The evaluation's ``subgroups`` has their figures.
    group_by : str, optional
        What tells apart groups of images that are not independent, such as the patient, in the same
        way. Intervals then count groups.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    Evaluation
        Images that can't be read are in its ``errors`` and count in no figure. Its ``learnt_from``
        says how many of the images the model has learnt from, and its accuracy on the others.

    Raises
    ------
    DatasetError
        If no image can be read, or a label is not a class of the model.

    Examples
    --------
    >>> import headstart as hs
    >>> print(hs.evaluate("my-model/", "test-images/"))  # doctest: +SKIP
    """
    if y is not None and dataset.given():
        raise UsageError(
            "dataset must not be given where labels are given in y. Received: "
            f"{', '.join(dataset.given())}."
        )
    check_goal(at_recall, at_precision)
    if y is None:
        X = dataset_at(X, dataset, min_classes=1, progress=progress)
    sources, labels = labelled_images(X, y, part=_tested(X))
    values = None if by is None else (by, _values(X, by))
    groups = None if group_by is None else group_codes(_values(X, group_by), len(sources))
    settings = FeatureSettings(workers=workers, device=device, accept_truncated=accept_truncated)
    models = [model] if against is None else [model, against]
    # Both are opened first: one that can't be is refused before the other is measured.
    predictors = [
        open_predictor(each, settings, images=sources, progress=progress) for each in models
    ]
    evaluation, *others = [
        measure(predictor, sources, labels, progress=progress, groups=groups, by=values)
        for predictor in predictors
    ]
    if at_recall is not None or at_precision is not None:
        points = evaluation.operating_points(recall=at_recall, precision=at_precision)
        evaluation = replace(evaluation, operating=points)
    if others:
        evaluation = replace(evaluation, against=evaluation.compared_to(others[0]))
    return evaluation


def _values(X: Images | LabelledImages, by: str) -> list[Any]:
    """Return a value for each tested image."""
    if not isinstance(X, LabelledImages):
        raise UsageError(
            f"by and group_by are found in a dataset, not where labels are given in y. Received: "
            f"{by!r}."
        )
    return values_by(X if X.split is None else X.part(_tested(X)), by)


def _tested(X: Images | LabelledImages) -> str:
    """Return the split to test on. Who has only two often calls the second one validation."""
    splits = X.split if isinstance(X, LabelledImages) else None
    return "valid" if splits and "test" not in splits else "test"


def draw_evaluation(
    evaluation: Evaluation, folder: Path, *, curves: bool = False
) -> tuple[Path, ...]:
    """Draw confusion matrix and classes into `folder`; return the files.

    With `curves`, the ROC curves and the calibration, too.
    """
    draw = {"confusion.png": evaluation.plot_confusion, "classes.png": evaluation.plot_classes}
    if curves:
        draw["roc.png"] = evaluation.plot_roc
        draw["calibration.png"] = evaluation.plot_calibration
    for name, plot in draw.items():
        plot(folder / name)
    return tuple(folder / name for name in draw)
