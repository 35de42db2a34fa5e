"""Export a model that is named by its folder, or is there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headstart.arguments import check_known
from headstart.backbones.spec import NetworkSpec
from headstart.errors import UsageError
from headstart.escaping import printable
from headstart.exporting.export import (
    ExportPrecision,
    ExportSummary,
    check_options,
    check_precision,
    check_request,
)
from headstart.exporting.export import export as export_predictor
from headstart.exporting.formats import FORMATS, HUGGING_FACE
from headstart.jobs.predict import model_folder, open_predictor
from headstart.model import SavedModel, load
from headstart.model.repository import write_repository

if TYPE_CHECKING:
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
    named : str, Path, NetworkSpec, SavedModel, ImageClassifier or Predictor
        The folder of a saved model, or the model; or a backbone with classes.
    to : {"onnx", "openvino", "keras", "litert", "huggingface"}
        The format. "huggingface" is the folder of a saved model to upload there, with a card that
        says licence, task and accuracy to the hub; `headstart.load` loads it.
    out : str or Path
        The file to write; for "huggingface" a new or empty folder.
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
    check_known("The format", to, [*FORMATS, HUGGING_FACE])
    if to == HUGGING_FACE:
        check_options(out, precision=precision, overwrite=overwrite)
        return _repository(named, Path(out), precision=precision, overwrite=overwrite)
    check_request(to, out, precision=precision, overwrite=overwrite)
    predictor = open_predictor(named, progress=progress)
    return export_predictor(predictor, to, out, precision=precision, overwrite=overwrite)


def _repository(
    named: Named, out: Path, *, precision: ExportPrecision, overwrite: bool
) -> ExportSummary:
    """Write a saved model as a folder to upload to Hugging Face."""
    if isinstance(named, str | Path | NetworkSpec):
        spec = NetworkSpec.of(named)
        folder = model_folder(spec)
        named = spec.backbone if folder is None else load(folder)
    if not isinstance(named, SavedModel):
        raise UsageError(
            "A repository for Hugging Face is made of a saved model. Received: "
            f"{printable(str(named))}. Save or train it first: headstart train FOLDER --out DIR"
        )
    check_precision(named.predictor, precision)
    difference = write_repository(named, out, overwrite=overwrite)
    return ExportSummary(
        path=out,
        format=HUGGING_FACE,
        runtime="headstart",
        difference=difference,
        outputs=tuple(named.network.outputs),
        precision="int8" if named.network.quantised else "f32",
    )
