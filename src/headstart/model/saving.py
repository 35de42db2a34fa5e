"""Write a model into a folder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.errors import StorageError, UsageError
from headstart.model import parts
from headstart.model.card import model_card
from headstart.model.description import DESCRIPTION, Description, within_limits
from headstart.model.examples import Examples
from headstart.model.golden import golden_arrays
from headstart.model.loading import load
from headstart.model.replacing import link_or_copy, place_for_model
from headstart.model.saved import SavedModel
from headstart.model.training_data import TrainingData
from headstart.networks.network import graph_key
from headstart.prediction.graph import headed, output_shapes
from headstart.prediction.predictor import Predictor
from headstart.prediction.training_hashes import MOST


def save_model(  # noqa: PLR0913 - all that a folder holds; each is named
    folder: Path,
    predictor: Predictor,
    *,
    head: str,
    training: TrainingData,
    evaluation: Mapping[str, Any],
    extras: Mapping[str, bytes],
    version: str,
    overwrite: bool,
    examples: Examples | None = None,
    keep_hashes: bool = True,
) -> SavedModel:
    """Write a model, and return it as loaded from there.

    See `headstart.ImageClassifier.save`, which calls this with what was fitted.
    """
    _check_request(version, extras)
    network, scorer = predictor.network, predictor.scorer
    if scorer is None:
        raise UsageError(f"A saved model must have a head. Received: {predictor.name} alone.")
    as_loaded = replace(predictor.extractor, cache=None, workers=None, device="cpu")
    values: dict[str, Any] = {
        "graph": headed(network, scorer),
        "head": scorer.arrays(),
        "golden": golden_arrays(replace(predictor, extractor=as_loaded)),
    }
    if predictor.decision is not None:
        values["decision"] = predictor.decision.arrays()
    if examples is not None:
        values["examples"] = examples.arrays()
    known = predictor.training_hashes if keep_hashes else None
    if known is not None and len(known.hashes) > MOST:
        known = None  # a model of so many images would be refused
    if known is not None:
        values["hashes"] = known.arrays()
    described = Description(
        format=parts.format_of({"description", *values}, quantised=network.quantised),
        version=version,
        classes=predictor.labels,
        network=replace(network, outputs=output_shapes(network, scorer)),
        resize=predictor.resize,
        precision=predictor.extractor.precision,
        head=head,
        scorer=scorer.kind,
        training=training,
        evaluation=within_limits(evaluation),
        extras=tuple(extras),
    )
    values["description"] = described.to_json()
    with place_for_model(folder, overwrite=overwrite) as new:
        for name, content in extras.items():
            (new / name).write_bytes(content)
        (new / parts.CARD).write_text(model_card(described), "utf-8")
        parts.write_parts(values, new)
        # Before it takes its place: a model that predicts otherwise than in training is not kept.
        checked = load(new).description
    checked = replace(checked, network=replace(checked.network, folder=folder))
    return SavedModel.of(checked, scorer, decision=predictor.decision, training_hashes=known)


def add_results(
    model: SavedModel, evaluation: Mapping[str, Any], extras: Mapping[str, bytes]
) -> SavedModel:
    """Add what testing found to a saved model; whoever reads it meanwhile has all of it or nothing.

    Parameters
    ----------
    model : SavedModel
        As `save_model` returned it.
    evaluation : mapping
        What is known about the accuracy now.
    extras : mapping of str to bytes
        More files to keep with the model.

    Raises
    ------
    StorageError
        If the folder can't be written, or another model took its place meanwhile.
    """
    described = model.description
    _check_request(described.version, extras)
    names = tuple(dict.fromkeys((*described.extras, *extras)))
    described = replace(described, evaluation=within_limits(evaluation), extras=names)
    entries = described.to_json()
    with place_for_model(model.folder, overwrite=True) as new:
        hashes = parts.check_parts(model.folder)
        if graph_key(hashes) != model.network.key:
            raise _filled(model)
        kept = {*hashes, *model.description.extras} - {DESCRIPTION.name, *extras}
        for file in (model.folder / name for name in kept):
            if file.exists():  # the user may delete what is no part
                link_or_copy(file, new / file.name)
        for name, content in extras.items():
            (new / name).write_bytes(content)
        (new / parts.CARD).write_text(model_card(described), "utf-8")
        DESCRIPTION.write(new, entries)
        parts.write_checksums(new, hashes)
        listed = parts.read_checksums(new)
        # Another model may have taken the place while the files were kept.
        if any(listed[name] != hashes[name] for name in hashes if name != DESCRIPTION.name):
            raise _filled(model)
    return SavedModel(described, model.predictor)


def _filled(model: SavedModel) -> StorageError:
    return StorageError(f"{model.folder} was filled by another process. Save under another name.")


def _check_request(version: str, extras: Mapping[str, bytes]) -> None:
    if not version.strip() or not version.isprintable():
        raise UsageError(
            f"version must be printable text that is not empty, such as '1'. Received: {version!r}."
        )
    taken = {*parts.FILES, parts.CARD, parts.CHECKSUMS}
    for name in extras:
        if name in taken or not parts.PLAIN_NAME.fullmatch(name):
            raise UsageError(
                "The name of an extra file must be plain (letters, digits, '_', '-', '.') and not "
                f"one of the model's own. Received: {name!r}"
            )
