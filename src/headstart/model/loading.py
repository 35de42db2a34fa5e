"""Read a saved model, trusting nothing that is in the folder."""

import contextlib
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.arguments import Positive, checked
from headstart.errors import DamagedModel, ForkError, SavedModelError
from headstart.escaping import printable, quoted
from headstart.features.devices import check_device
from headstart.features.openvino_engine import check_bf16
from headstart.features.settings import Device, FeatureSettings, PrecisionRule
from headstart.model import parts
from headstart.model.description import DESCRIPTION, UNSUITABLE, Description, versions
from headstart.model.golden import golden_error
from headstart.model.saved import SavedModel
from headstart.networks.network import FILES
from headstart.prediction.decision import Decision
from headstart.prediction.scoring import SCORERS, Arrays
from headstart.prediction.training_hashes import TrainingHashes

_logger = logging.getLogger("headstart")

# Of loading a model that others keep replacing.
_ATTEMPTS = 20


@checked
def load(
    folder: str | Path,
    *,
    threads: Positive | None = None,
    precision: PrecisionRule = "auto",
    device: Device = "auto",
) -> SavedModel:
    """Read a saved model, and check that it is whole and predicts as it did when it was saved.

    Parameters
    ----------
    folder : str or Path
        As `ImageClassifier.save` or ``headstart train`` wrote it.
    threads : int, optional
        How many threads read images, and on how many processor threads the network runs. The
        default is one for each processor core. Several models in one process may have different
        numbers.
    precision : {"auto", "f32", "bf16", "int8"}, default="auto"
        What the network computes in. "auto" is the precision that the model was saved with, or
        float32 where the processor has no bfloat16. A model that was trained for 8 bits computes in
        "int8" and nothing else; other models never do.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What the network runs on, from the golden images on. "auto" is the device in
        HEADSTART_DEVICE, if that is set; or else the processor, but a GPU for so many images that
        it pays for its start.

    Raises
    ------
    UsageError
        If an argument is wrong, this processor has no bfloat16, or torch sees no GPU.
    MissingExtra
        If a GPU is asked for, and torch is not installed.
    NotASavedModel
        If the folder is something else, or does not exist.
    NewerFormat
        If a newer headstart wrote it.
    DamagedModel
        If a part is missing or altered, or the golden images give other probabilities.
    ForkError
        If this process was forked while a network ran in its parent.
    """
    began = time.perf_counter()
    if precision == "bf16":
        check_bf16()
    check_device(device)
    model = _load_whole(Path(folder), threads, device)
    if precision != "auto":
        model = replace(
            model, predictor=model.predictor.with_settings(FeatureSettings(precision=precision))
        )
    seconds = time.perf_counter() - began
    _logger.info("loaded the model in %s in %.2f s", printable(str(model.folder)), seconds)
    return model


def _load_whole(folder: Path, threads: int | None, device: Device) -> SavedModel:
    """Load a model; again if another one took its place while it was read."""
    for _ in range(_ATTEMPTS):
        real, listed = _real(folder), parts.checksums(folder)
        try:
            return _load(real, threads, device)
        except SavedModelError as error:
            failed = error
            if (real, listed) == (_real(folder), parts.checksums(folder)):
                break
    raise failed


def _real(folder: Path) -> Path:
    """Return where links lead, so that the model stays the same when a link changes."""
    is_linked = any(path.is_symlink() for path in (folder, *folder.parents))
    return Path(os.path.realpath(folder)) if is_linked else folder


def _load(folder: Path, threads: int | None, device: Device) -> SavedModel:
    _check_description(folder)
    try:
        values, hashes = parts.read_parts(folder)
        return _model(folder, values, hashes, threads, device)
    except ForkError:
        raise  # it is about this process, and not about the files
    except UNSUITABLE as error:
        raise DamagedModel(
            f"The files of the saved model in {folder} do not go together: {quoted(error, 500)}"
        ) from error


def _check_description(folder: Path) -> None:
    """Tell a folder that is something else, or newer, from a saved model that is damaged."""
    try:
        DESCRIPTION.read(folder)
    except SavedModelError:
        listed = {}
        with contextlib.suppress(DamagedModel):
            listed = parts.read_checksums(folder)
        if set(parts.REQUIRED) <= set(listed):
            parts.check_files(folder, listed, [DESCRIPTION.name])
        raise


def _model(
    folder: Path,
    values: Mapping[str, Any],
    hashes: Mapping[str, str],
    threads: int | None,
    device: Device,
) -> SavedModel:
    files = {name: hashes[name] for name in FILES}
    described = Description.from_json(values["description"], folder, files)
    _check_facts(described)
    scorer = SCORERS[described.scorer].from_arrays(values["head"])
    expected = (described.network.outputs["features"][0], len(described.classes))
    if scorer.shape != expected or len(described.training.counts) != len(described.classes):
        raise ValueError(f"a head of shape {scorer.shape} where {expected} is described")
    decision = None
    if "decision" in values:
        decision = Decision.from_arrays(values["decision"], scorer.shape)
    known = TrainingHashes.from_arrays(values["hashes"]) if "hashes" in values else None
    model = SavedModel.of(described, scorer, threads, device, decision, known)
    _check_golden(model, values["golden"])
    return model


def _check_facts(described: Description) -> None:
    resize, training = described.resize, described.training
    if (resize.height, resize.width) != described.network.size:
        raise ValueError(f"images of {resize} where {described.network.size} is described")
    if min(*training.counts, training.unreadable) < 0:
        raise ValueError(f"{training} must be numbers of images")
    if not all(parts.PLAIN_NAME.fullmatch(name) for name in described.extras):
        raise ValueError(f"files in other folders: {described.extras}")


def _check_golden(model: SavedModel, golden: Arrays) -> None:
    error, tolerance = golden_error(golden, model.predictor)
    if not error <= tolerance:
        raise DamagedModel(
            f"The saved model in {model.folder} does not predict as it did when it was saved: a "
            f"probability of its golden images is off by {error:.2g}; {tolerance:.2g} would be "
            f"rounding. It was made with {model.description.versions}; here are {versions()}."
        )
