"""Export a model: written, run in its own runtime, compared, and only then put in its place."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from headstart.arguments import check, check_known
from headstart.errors import ConversionError, UsageError
from headstart.exporting.exported_model import ExportedModel
from headstart.exporting.formats import FORMATS, HUGGING_FACE
from headstart.networks.network import FILES
from headstart.storage.disk import check_room, writing
from headstart.storage.reservations import reserved
from headstart.storage.whole_files import whole_file
from headstart.storage.whole_folders import temporary_folder

if TYPE_CHECKING:
    from headstart.exporting.format import Format
    from headstart.prediction.predictor import Predictor

ExportPrecision = Literal["auto", "f32", "int8"]

# Most file systems take names of 255 bytes, and what is written beside the file has longer ones.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSummary:
    """What was exported, and how well it agrees.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        Its format: a key of the table of formats.
    runtime : str
        The program that it was checked with.
    difference : float
        How far the worst probability of the golden images is off there.
    outputs : tuple of str
        "probabilities", "feature_vector" and, for a linear head on the means of a feature map,
        "saliency_map".
    precision : {"f32", "int8"}
    bf16_change : float or None
        How far the model's own probabilities of the golden images are off where it computes in
        bfloat16: the file computes in float32. None if the model does not.
    """

    path: Path
    format: str
    runtime: str
    difference: float
    outputs: tuple[str, ...]
    precision: Literal["f32", "int8"]
    bf16_change: float | None = None


def export(
    predictor: Predictor,
    to: str,
    out: str | Path,
    *,
    precision: ExportPrecision = "auto",
    overwrite: bool = False,
) -> ExportSummary:
    """Write a model in the format of another program, once it predicts the same there.

    Parameters
    ----------
    predictor : Predictor
        Of a saved model, a classifier or a pre-trained network.
    to : str
        The name of the format: a key of `FORMATS`.
    out : str or Path
        The file to write.
    precision : {"auto", "f32", "int8"}, default="auto"
        "auto" is that of the model: 8 bits if it was trained for them, else float32.
    overwrite : bool, default=False
        Whether a file that is there may be replaced.

    Returns
    -------
    ExportSummary

    Raises
    ------
    UsageError
        If an argument is wrong. Nothing was done.
    MissingExtra
        If the format, or its runtime, needs a package that is not here.
    ConversionError
        If the format can't hold the model, or its runtime computes other probabilities. No file is
        written.
    StorageError
        If the file can't be written.
    """
    kind, out = check_request(to, out, precision=precision, overwrite=overwrite), Path(out)
    check_precision(predictor, precision)
    _check_not_itself(predictor, out, kind)
    with reserved(_real(out)), temporary_folder() as folder:
        check_place(out, kind, overwrite=overwrite)  # another process may have been here meanwhile
        model = ExportedModel.of(predictor)
        # Not the user's name: other programs may not take all of its letters.
        written = folder / f"model{kind.suffixes[0]}"
        kind.write(model, written)
        difference = checked_difference(model, kind, written)
        _put(written, out, kind)
    return ExportSummary(
        path=out,
        format=to,
        runtime=kind.runtime,
        difference=difference,
        outputs=tuple(name for each in model.graph.outputs for name in each.get_names()),
        precision="int8" if predictor.network.quantised else "f32",
        bf16_change=model.bf16_change,
    )


def check_request(
    to: str, out: str | Path, *, precision: ExportPrecision = "auto", overwrite: bool = False
) -> Format:
    """Return the format, once all is checked that can be without the model; see `export`."""
    if to == HUGGING_FACE:
        raise UsageError(
            "A repository for Hugging Face is a folder, made of the folder of a saved model. "
            "Received: 'huggingface' as the format of one file. Use "
            "headstart.export(MODEL_FOLDER, 'huggingface', NEW_FOLDER)."
        )
    check_known("The format", to, list(FORMATS))
    check_options(out, precision=precision, overwrite=overwrite)
    kind = FORMATS[to]
    check_place(Path(out), kind, overwrite=overwrite)
    kind.check()
    return kind


def check_options(out: str | Path, *, precision: ExportPrecision, overwrite: bool) -> None:
    """Refuse values of other types, for each format and for a repository."""
    check("out", out, str | Path)
    check("precision", precision, ExportPrecision)
    check("overwrite", overwrite, bool)


def check_place(out: Path, kind: Format, *, overwrite: bool) -> None:
    """Refuse a path that is no file of the format, that is taken, or that can't be written.

    Raises
    ------
    UsageError, StorageError
    """
    if out.suffix != kind.suffixes[0]:
        raise UsageError(
            f"A file of {kind.title} must end in {kind.suffixes[0]}. Received: {str(out)!r}."
        )
    n_bytes = len(os.fsencode(out.name))
    if n_bytes > _LONGEST_NAME:
        raise UsageError(
            f"The name of the file to write must have at most {_LONGEST_NAME} bytes. Received: "
            f"{n_bytes}. Choose a shorter name."
        )
    taken = [path for path in _paths(out, kind) if os.path.lexists(path)]
    folders = [path for path in taken if path.is_dir()]
    if folders:
        raise UsageError(
            f"A folder is never replaced by a file. Received: {str(folders[0])!r}, which is a "
            "folder. Choose another name."
        )
    if taken and not overwrite:
        raise UsageError(
            f"The file to write must not be there yet. Received: {str(taken[0])!r}. Choose another "
            "name, or say that it may be replaced (--overwrite, overwrite=True)."
        )
    check_room(_real(out).parent, 0, "The exported model")


def _check_not_itself(predictor: Predictor, out: Path, kind: Format) -> None:
    own = {_real(predictor.network.folder / name) for name in FILES}
    taken = [path for path in _paths(out, kind) if _real(path) in own]
    if taken:
        raise UsageError(
            "A model is not exported into its own files: it would be damaged. Received: "
            f"{str(taken[0])!r}. Choose another name."
        )


def _paths(out: Path, kind: Format) -> list[Path]:
    return [out.with_suffix(suffix) for suffix in kind.suffixes]


def _real(path: Path) -> Path:
    """Return where links lead: that file is written."""
    with writing(str(path)):  # the folder that one is in may be gone
        return Path(os.path.realpath(path))


def _put(written: Path, out: Path, kind: Format) -> None:
    """Put what was written in its place, once all of it is whole on that disk."""
    with contextlib.ExitStack() as places:
        # What is entered first is put last: the file that the user names is there only with the
        # others.
        for suffix in kind.suffixes:
            new = places.enter_context(whole_file(out.with_suffix(suffix)))
            shutil.copyfile(written.with_suffix(suffix), new)
        if len(kind.suffixes) > 1:
            # A kill between the files must not leave an old graph with new weights.
            _real(out).unlink(missing_ok=True)


def check_precision(predictor: Predictor, precision: ExportPrecision) -> None:
    """Refuse a precision that the model was not trained for."""
    quantised = predictor.network.quantised
    if precision == "int8" and not quantised:
        raise UsageError(
            "Only a model that was trained for 8 bits is exported in 8 bits: labelled images must "
            "show that its accuracy stays the same. Received: a model in float32 with precision "
            "'int8'. Train it first: headstart train FOLDER --out DIR --precision int8"
        )
    if precision == "f32" and quantised:
        raise UsageError(
            "A model with 8 bits is exported in 8 bits; its other bits are gone. Received: "
            "precision 'f32'. Leave it out, or train a model without precision='int8'."
        )


def checked_difference(model: ExportedModel, kind: Format, path: Path) -> float:
    """Run a written file in its own runtime; return how far the worst probability is off.

    Raises
    ------
    ConversionError
        If that is more than rounding.
    """
    try:
        found = kind.run(path, model.images)
    except Exception as error:  # each runtime has errors of its own
        raise ConversionError(
            f"{kind.runtime} must be able to run the exported model. Received: {error}. No file "
            "was written. Please report it, with the model's README.md."
        ) from error
    difference = float("inf")
    if found.shape == model.probabilities.shape and np.isfinite(found).all():
        difference = float(np.abs(found - model.probabilities).max())
    if not difference <= model.tolerance:
        raise ConversionError(
            f"The exported model must predict in {kind.runtime} what it predicts here. Received: "
            f"a probability of the golden images is off by {difference:.2g}; {model.tolerance:.2g} "
            "would be rounding. No file was written. Please report it, with the model's README.md."
        )
    return difference
