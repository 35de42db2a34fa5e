"""Read a saved model, trusting nothing that is in the folder."""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.errors import DamagedModel, SavedModelError
from headstart.model import parts
from headstart.model.description import DESCRIPTION, UNSUITABLE, Description, versions
from headstart.model.golden import golden_error
from headstart.model.saved import SavedModel
from headstart.prediction.scoring import SCORERS, Arrays


def load(folder: str | Path) -> SavedModel:
    """Read a saved model, and check that it is whole and predicts as it did when it was saved.

    Parameters
    ----------
    folder : str or Path
        As `ImageClassifier.save` or ``headstart train`` wrote it.

    Raises
    ------
    NotASavedModel
        If the folder is something else, or does not exist.
    NewerFormat
        If a newer headstart wrote it.
    DamagedModel
        If a part is missing or altered, or the golden images give other probabilities.
    """
    folder = Path(folder)
    _check_description(folder)
    hashes = parts.check_parts(folder)
    try:
        return _read(folder, parts.read_parts(folder, hashes), hashes)
    except UNSUITABLE as error:
        raise DamagedModel(
            f"The files of the saved model in {folder} do not go together: {error!r}"
        ) from error


def network_key(hashes: Mapping[str, str]) -> str:
    """Return the key of a model's network; see `Network`.

    It is made of the files' hashes, not read from the model: features kept under this key are those
    of this graph, whatever a stranger's model claims to be.
    """
    graph = hashes["graph.xml"] + hashes["graph.bin"]
    return f"model-{hashlib.sha256(graph.encode()).hexdigest()[:32]}"


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


def _read(folder: Path, values: Mapping[str, Any], hashes: Mapping[str, str]) -> SavedModel:
    described = Description.from_json(values["description"], folder, network_key(hashes))
    scorer = SCORERS[described.scorer].from_arrays(values["head"])
    expected = (described.network.outputs["features"][0], len(described.classes))
    if scorer.shape != expected or len(described.training.counts) != len(described.classes):
        raise ValueError(f"a head of shape {scorer.shape} where {expected} is described")
    model = SavedModel.of(described, scorer)
    _check_golden(model, values["golden"])
    return model


def _check_golden(model: SavedModel, golden: Arrays) -> None:
    error, tolerance = golden_error(golden, model.predictor)
    if not error <= tolerance:
        raise DamagedModel(
            f"The saved model in {model.folder} does not predict as it did when it was saved: a "
            f"probability of its golden images is off by {error:.2g}; {tolerance:.2g} would be "
            f"rounding. It was made with {model.description.versions}; here are {versions()}."
        )
