"""Write a report: one HTML file that needs nothing else."""

from __future__ import annotations

import importlib.metadata
import itertools
import math
import platform
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.data.groups import common_folder
from headstart.display.table import Table
from headstart.display.text import percent
from headstart.errors import HeadstartError
from headstart.escaping import printable
from headstart.explaining.explainer import Explainer
from headstart.explaining.overlay import overlay
from headstart.features.settings import FeatureSettings
from headstart.reports import charts, claim
from headstart.reports.confusions import MOST_CLASSES, confusion_cells, frequent_cells
from headstart.reports.thumbnails import MOST_BYTES, Thumbnails
from headstart.storage.whole_files import whole_file
from headstart.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.display.displayed import Displayed
    from headstart.evaluation.evaluation import Evaluation
    from headstart.evaluation.results import ClassResult, Mistake
    from headstart.reports.data import ReportData

#: Mistakes that are shown, the most confident first; and how many of them with a heat map.
_MISTAKES, _HEAT_MAPS = 24, 12
_AS_ACCEPTED = FeatureSettings(accept_truncated=True)
_PACKAGES = ("numpy", "openvino", "pillow", "scikit-learn", "keras")


def write_report(data: ReportData, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Write a report as one HTML file, whole or not at all.

    All text that comes from names of files and classes is escaped. Nothing in the file is fetched
    from anywhere, and it runs no script.

    Parameters
    ----------
    data : ReportData
    path : Path
    most_bytes : int
        What the embedded images may take, as text. The report says how many are left out.

    Raises
    ------
    StorageError
        If the file can't be written.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("headstart.reports", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: percent(share).replace(" ", "\N{NO-BREAK SPACE}")
    template = environment.get_template("report.html.jinja")
    text = template.render(**_context(data, Thumbnails(data.sources, most_bytes)))
    with whole_file(path) as new:
        new.write_text(text, "utf-8")


def command_line() -> str:
    """Return the command of this process as it was typed; "" if it is no command of headstart."""
    name = Path(sys.argv[0]).name
    if name not in ("headstart", "headstart.exe", "__main__.py"):
        return ""
    return printable(shlex.join(["headstart", *sys.argv[1:]]))


def _context(data: ReportData, images: Thumbnails) -> dict[str, Any]:
    evaluation = data.evaluation
    matrix = confusion_cells(evaluation)
    frequent = [] if matrix else frequent_cells(evaluation)
    mistakes = evaluation.mistakes[:_MISTAKES]
    cells = [cell for row in matrix for cell in row] or frequent
    # Mistakes first: what is left out for want of room is what went well.
    heat = _heat_maps(data, mistakes[:_HEAT_MAPS], images)
    # These stand in the confusion matrix, too.
    images.prepare((mistake.path for mistake in mistakes), shown=2)
    galleries = [each for more in data.further for each in more.galleries]
    images.prepare((name for gallery in galleries for name, _ in gallery.images), shown=2)
    images.prepare(_in_turn([cell.names for cell in cells if not cell.is_right]))
    images.prepare(_in_turn([cell.names for cell in cells if cell.is_right]))
    folder = common_folder(evaluation.outcomes.names)
    return {
        "data": data,
        "evaluation": evaluation,
        "matrix": matrix,
        "frequent": frequent,
        "cells": [cell for cell in cells if cell.count],
        "mistakes": mistakes,
        "heat": heat,
        "few": MOST_CLASSES,
        "images": images,
        "classes": _class_rows(evaluation),
        "reliability": charts.reliability(evaluation.calibration),
        "lines": charts.accuracy_lines(data.history),
        "claim": claim.answered(evaluation, data.predictor, data.n_training),
        "for_you": claim.FOR_YOU,
        "versions": list(_versions()),
        "parts": _parts,
        "short": lambda name: name.removeprefix(folder),
        "is_table": lambda part: isinstance(part, Table),
    }


@dataclass(frozen=True, slots=True)
class _HeatMaps:
    """Heat maps of mistakes for the predicted class.

    Attributes
    ----------
    drawn : dict of str to str
        Their addresses, by the names of the images.
    missing : str
        Why some could not be made; "" if all could.
    """

    drawn: dict[str, str]
    missing: str = ""


def _heat_maps(data: ReportData, mistakes: tuple[Mistake, ...], images: Thumbnails) -> _HeatMaps:
    known = [mistake for mistake in mistakes if mistake.path in data.sources]
    if not known:
        return _HeatMaps({})
    drawn: dict[str, str] = {}
    # The saved model may predict otherwise: in cross-validation, another one made the mistake.
    known.sort(key=lambda mistake: mistake.predicted)
    try:
        # Only what could be read was predicted wrongly.
        explainer = Explainer.of(data.predictor.with_settings(_AS_ACCEPTED))
        for label, some in itertools.groupby(known, lambda mistake: mistake.predicted):
            names = [mistake.path for mistake in some]
            for explanation in explainer.stream([data.sources[name] for name in names], label):
                if explanation.heat is None or explanation.seen is None:
                    continue
                image = overlay(explanation.seen.image, explanation.heat)
                image.thumbnail((160, 160))
                if address := images.embed(image):
                    drawn[names[explanation.index]] = address
    except HeadstartError as error:
        # The report stands without them.
        return _HeatMaps(drawn, str(error))
    return _HeatMaps(drawn)


def _class_rows(evaluation: Evaluation) -> list[tuple[str, int, Any, Any]]:
    """Return a row for each class. Of many classes, nobody looks at all: the worst come first."""
    rows = list(zip(evaluation.classes, evaluation.per_class, strict=True))
    if len(rows) > MOST_CLASSES:
        rows.sort(key=lambda row: math.inf if row[1].recall is None else row[1].recall)
    return [_class_row(*row) for row in rows]


def _class_row(name: str, result: ClassResult) -> tuple[str, int, Any, Any]:
    recall = charts.bar(result.recall, result.recall_interval)
    precision = charts.bar(result.precision, result.precision_interval)
    return name, result.n, recall, precision


def _parts(result: Displayed) -> list[str | Table]:
    return [
        part for part in result.display_parts() if part and (isinstance(part, str) or part.rows)
    ]


def _in_turn(names: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield the first name of each cell, then the second, and so on."""
    for some in itertools.zip_longest(*names):
        yield from (name for name in some if name is not None)


def _versions() -> Iterator[tuple[str, str]]:
    yield "headstart", __version__
    yield "Python", platform.python_version()
    yield "system", platform.platform()
    for name in _PACKAGES:
        yield name, importlib.metadata.version(name)
