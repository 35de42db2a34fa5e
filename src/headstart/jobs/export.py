"""Export a model that is named by its folder, or is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.exporting.export import ExportPrecision, ExportSummary, check_request
from headstart.exporting.export import export as export_predictor
from headstart.jobs.predict import open_predictor

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.jobs.predict import Named
    from headstart.progress import Progress


def export(
    named: Named,
    to: str,
    out: str | Path,
    *,
    precision: ExportPrecision = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ExportSummary:
    """Write a model in the format of another program, once it predicts the same there.

    The file takes uint8 RGB pixels of the network's size and returns probabilities, features and,
    for a linear head on means, class activation maps. Labels and resize rule are in its metadata.

    Parameters
    ----------
    named : str, Path, SavedModel, ImageClassifier or Predictor
        The folder of a saved model, or the model; or the name of a backbone with classes.
    to : {"onnx", "openvino", "keras", "litert"}
        The format.
    out : str or Path
        The file to write.
    precision : {"auto", "f32", "int8"}, default="auto"
        "auto" is that of the model: 8 bits if it was trained for them, else float32.
    overwrite : bool, default=False
        Whether a file that is there may be replaced.
    progress : Progress, optional
        Shows downloads.

    Returns
    -------
    ExportSummary

    Raises
    ------
    UsageError
        If an argument is wrong. Nothing was done.
    MissingExtra
        If the format, or the program that checks it, needs a package that is not here.
    ConversionError
        If the format can't hold the model, or its own runtime computes other probabilities. No file
        is written.
    StorageError
        If the file can't be written.
    WeightsError, SavedModelError
        If the model can't be read.
    """
    check_request(to, out, precision=precision, overwrite=overwrite)
    predictor = open_predictor(named, progress=progress)
    return export_predictor(predictor, to, out, precision=precision, overwrite=overwrite)
