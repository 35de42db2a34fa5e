"""Read a saved model, trusting nothing that is in the folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones.classes import ClassName
from headstart.backbones.network import Network
from headstart.errors import DamagedModel, NewerFormat, NotASavedModel
from headstart.model import checksums, layout
from headstart.model.arrays import load_arrays
from headstart.model.description import FORMAT, MARK, Description
from headstart.model.golden import Golden, answers
from headstart.model.saved import SavedModel
from headstart.model.versions import versions
from headstart.prediction.scoring import SCORERS

if TYPE_CHECKING:
    from headstart.features.engine import Precision

# 64 MiB: more labels than any classifier has.
_MAX_DESCRIPTION = 2**26


def load(folder: str | Path) -> SavedModel:
    """Read a saved model, and check that it is whole and answers as it did when it was saved.

    Parameters
    ----------
    folder : str or Path
        As `ImageClassifier.save` or ``headstart train`` wrote it.

    Raises
    ------
    NotASavedModel
        If the folder is something else, or not there.
    NewerFormat
        If a newer headstart wrote it.
    DamagedModel
        If a file is missing or altered, or the golden images come out differently.
    """
    folder = Path(folder)
    written = _description(folder)
    hashes = checksums.check_files(folder, layout.FILES)
    if written["format"] > FORMAT:
        raise NewerFormat(
            f"{folder} was written by a newer headstart (model format {written['format']}; this "
            f"one knows up to {FORMAT}). Update headstart."
        )
    try:
        return _read(folder, written, hashes)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise DamagedModel(
            f"The files of the saved model in {folder} do not go together: {error!r}"
        ) from error


def _description(folder: Path) -> dict[str, Any]:
    try:
        return _marked(folder / layout.DESCRIPTION)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if _lists_a_model(folder):
            raise DamagedModel(
                f"The saved model in {folder} is damaged: {layout.DESCRIPTION} is missing or "
                "altered. Copy it again, or train it again."
            ) from error
        raise NotASavedModel(
            f"A saved model is a folder with {layout.DESCRIPTION}, as headstart writes it. "
            f"Received: {folder} ({error})"
        ) from error


def _marked(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MAX_DESCRIPTION:
        raise ValueError("it is far too long")
    written: dict[str, Any] = json.loads(path.read_bytes())
    if written["kind"] != MARK or not isinstance(written["format"], int):
        raise ValueError("it says something else")
    return written


def _lists_a_model(folder: Path) -> bool:
    try:
        return set(layout.FILES) <= set(checksums.read_checksums(folder))
    except (DamagedModel, OSError):
        return False


def _read(folder: Path, written: dict[str, Any], hashes: dict[str, str]) -> SavedModel:
    described = Description.from_json(written)
    scorer = SCORERS[described.scorer].from_arrays(load_arrays(folder / layout.HEAD))
    expected = (described.outputs["features"][0], len(described.classes))
    if scorer.shape != expected or len(described.training.counts) != len(described.classes):
        raise ValueError(f"a head of shape {scorer.shape} where {expected} is described")
    golden = Golden.from_arrays(load_arrays(folder / layout.GOLDEN))
    model = SavedModel(
        folder,
        described,
        _network(folder, described, hashes),
        scorer,
        _precision_here(described.precision),
    )
    _check_answers(model, golden)
    return model


def _network(folder: Path, described: Description, hashes: dict[str, str]) -> Network:
    # Made of the files' hashes, not read from the model: features kept under this key are this
    # graph's, whatever a stranger's model claims to be.
    graph = hashes[layout.GRAPH] + hashes[layout.WEIGHTS]
    names = tuple(ClassName(str(label), str(label)) for label in described.classes)
    return Network(
        folder=folder,
        name=described.backbone,
        size=described.size,
        outputs=described.outputs,
        classes=names if "probabilities" in described.outputs else None,
        resize=described.resize_rule,
        crop_fraction=described.crop_fraction,
        macs=described.macs,
        mirror=described.mirrored,
        weights_sha256=described.weights_sha256,
        key=f"model-{hashlib.sha256(graph.encode()).hexdigest()[:32]}",
    )


def _precision_here(precision: Precision) -> Precision:
    from headstart.features.openvino_engine import has_bf16

    return "f32" if precision == "bf16" and not has_bf16() else precision


def _check_answers(model: SavedModel, golden: Golden) -> None:
    found = answers(golden.images, model.network, model.resize, model.precision, model.scorer)
    error = golden.error(found)
    if not error <= golden.tolerance:
        raise DamagedModel(
            f"The saved model in {model.folder} does not answer as it did when it was saved: a "
            f"probability of its golden images is off by {error:.2g}; {golden.tolerance:.2g} would "
            f"be rounding. It was made with {model.description.versions}; here are {versions()}."
        )
