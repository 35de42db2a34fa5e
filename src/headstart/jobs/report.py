"""Report: one HTML file that shows how good a model is, with the images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headstart.arguments import checked
from headstart.checking.finding import AT_MOST_SHOWN
from headstart.data.inputs import dataset_at
from headstart.data.output_places import refuse_among_images
from headstart.data.settings import DatasetSettings
from headstart.errors import UsageError
from headstart.jobs.check import check as check_data
from headstart.jobs.evaluate import evaluate
from headstart.model import SavedModel, load
from headstart.model.facts import class_table, fact_table
from headstart.reports.data import Further, Gallery, ReportData
from headstart.reports.writing import command_line, write_report
from headstart.storage.disk import check_room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.arguments import Positive
    from headstart.checking.data_check import DataCheck
    from headstart.data.labelled_images import LabelledImages
    from headstart.evaluation.evaluation import Evaluation
    from headstart.features.settings import Device
    from headstart.images.sources import ImageSource
    from headstart.jobs.predict import Named
    from headstart.progress import Progress
    from headstart.training.history import Epoch

# A report with all images that it may embed.
_BYTES = 8_000_000


@checked
def report(  # noqa: PLR0913 - all are named, and each has a default
    model: str | Path | SavedModel,
    data: str | Path | LabelledImages,
    out: str | Path | None = None,
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
    check: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Measure a saved model on labelled images, and write a report with the images.

    Parameters
    ----------
    model : str, Path or SavedModel
        A saved model or its folder.
    data : str, Path or LabelledImages
        Labelled images that it has not seen, as `evaluate` takes them.
    out : str or Path, optional
        The HTML file. The default is ``<model>.report.html`` beside the model's folder.
    dataset : DatasetSettings
        How `data` is read, where that can't be seen from it.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes: the processor or a GPU.
    accept_truncated : bool, default=False
        Whether to read JPEGs that are cut short, if at most a tenth of their rows are missing.
    against, at_recall, at_precision, by, group_by : optional
        More to show: see `evaluate`.
    check : bool, default=False
        Whether to check the data, too, and show what is found: see `headstart.check`.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        If `out` is no HTML file, or lies among the images.
    SavedModelError
        If there is no model, or it is damaged.
    DatasetError
        If no image can be read, or a label is not a class of the model.
    StorageError
        If the file can't be written.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.report("my-model/", "test-images/")  # doctest: +SKIP
    PosixPath('my-model.report.html')
    """
    opened = model if isinstance(model, SavedModel) else load(model)
    path = report_place(opened.folder) if out is None else Path(out)
    check_report(path, data)
    images = dataset_at(data, dataset, min_classes=1, progress=progress)
    evaluation = evaluate(
        opened,
        images,
        workers=workers,
        device=device,
        accept_truncated=accept_truncated,
        against=against,
        at_recall=at_recall,
        at_precision=at_precision,
        by=by,
        group_by=group_by,
        progress=progress,
    )
    further = []
    if check:
        network = opened.predictor.network
        found = check_data(
            images,
            backbone=network,
            workers=workers,
            device=device,
            accept_truncated=accept_truncated,
            progress=progress,
        )
        further.append(_findings(found))
    write_report(
        report_data(
            opened,
            evaluation,
            images.sources,
            data=images.in_words().split("\n"),
            further=[*_asked(evaluation), *further],
        ),
        path,
    )
    return path


def _asked(evaluation: Evaluation) -> list[Further]:
    """Return the sections of what an evaluation was asked for besides."""
    found = {
        "Parts of the images": evaluation.subgroups,
        "Thresholds": evaluation.operating,
        "Against the other model": evaluation.against,
    }
    return [Further(title, result) for title, result in found.items() if result is not None]


def _findings(found: DataCheck) -> Further:
    galleries = [
        Gallery(
            finding.headline,
            [
                (suspect.source.name, f"{suspect.label}: {suspect.why}")
                for suspect in finding.suspects[:AT_MOST_SHOWN]
            ],
        )
        for finding in found.findings
        if finding.suspects
    ]
    return Further("Check of the data", found, galleries)


def report_place(folder: Path) -> Path:
    """Return where the report of a model stands: beside its folder."""
    return folder.with_name(f"{folder.name}.report.html")


def check_report(path: Path, data: object) -> None:
    """Refuse, before work starts, a place where no report can be written.

    Raises
    ------
    UsageError, StorageError
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"A report must be an HTML file, such as report.html. Received: {path}.")
    refuse_among_images(path, (data,), "The report")
    check_room(path.parent, _BYTES, "the report")


def report_data(
    model: SavedModel,
    evaluation: Evaluation,
    sources: Sequence[ImageSource],
    *,
    data: Sequence[str] = (),
    history: Sequence[Epoch] = (),
    further: Sequence[Further] = (),
) -> ReportData:
    """Return what a report of a saved model shows.

    Parameters
    ----------
    model : SavedModel
    evaluation : Evaluation
    sources : sequence of ImageSource
        The evaluated images, in any order; others do no harm.
    data : sequence of str
        Sentences about the data and the split.
    history : sequence of Epoch
        The epochs of a fine-tuning or of a dense head.
    further : sequence of Further
        More sections.
    """
    described = model.description
    return ReportData(
        name=model.folder.resolve().name,
        predictor=model.predictor,
        evaluation=evaluation,
        sources={source.name: source for source in sources},
        facts=fact_table(
            model.predictor, described.head, described.training, [("version", described.version)]
        ),
        training_images=class_table(model.labels, described.training),
        n_training=described.training.n_images,
        data=data,
        history=history,
        further=further,
        command=command_line(),
        created=f"Saved {described.created[:10]}" if described.created else "",
    )
