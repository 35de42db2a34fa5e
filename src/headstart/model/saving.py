"""Write a model into a folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headstart.errors import UsageError
from headstart.model import checksums, layout
from headstart.model.arrays import save_arrays
from headstart.model.card import model_card
from headstart.model.description import Description
from headstart.model.golden import Golden
from headstart.model.graph import output_shapes, save_graph
from headstart.model.loading import load
from headstart.model.replacing import place_for_model

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from pathlib import Path

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.features.precision import PrecisionChoice
    from headstart.model.saved import SavedModel
    from headstart.model.training_data import TrainingData
    from headstart.prediction.scoring import Scorer


def save_model(  # noqa: PLR0913
    folder: Path,
    *,
    network: Network,
    resize: Resize,
    precision: PrecisionChoice,
    scorer: Scorer,
    classes: Sequence[Hashable],
    head: str,
    training: TrainingData,
    evaluation: Mapping[str, Any],
    extras: Mapping[str, bytes],
    overwrite: bool,
) -> SavedModel:
    """Write a model, and return it as loaded from there.

    See `headstart.ImageClassifier.save`, which calls this with what was fitted.
    """
    _check_extras(extras)
    described = Description(
        classes=tuple(classes),
        backbone=network.name,
        weights_sha256=network.weights_sha256,
        outputs=output_shapes(network, scorer),
        macs=network.macs,
        mirrored=network.mirror,
        size=network.size,
        resize_rule=resize.rule,
        crop_fraction=resize.crop_fraction,
        precision=precision.precision,
        precision_reason=precision.reason,
        head=head,
        scorer=scorer.kind,
        training=training,
        evaluation=evaluation,
    )
    text = _json(described)
    golden = Golden.of(network, resize, precision.precision, scorer)
    with place_for_model(folder, overwrite=overwrite) as new:
        for name, content in extras.items():
            (new / name).write_bytes(content)
        save_graph(network, scorer, new / layout.GRAPH)
        save_arrays(new / layout.HEAD, scorer.arrays())
        save_arrays(new / layout.GOLDEN, golden.arrays())
        (new / layout.DESCRIPTION).write_text(text, "utf-8")
        (new / layout.CARD).write_text(model_card(described), "utf-8")
        checksums.write_checksums(new)
        # Before it takes its place: a model that does not answer as it did in training is not kept.
        checked = load(new)
    return replace(checked, folder=folder, network=replace(checked.network, folder=folder))


def _json(described: Description) -> str:
    try:
        return described.to_json()
    except (TypeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"evaluation must be made of JSON's types: {error}") from error


def _check_extras(extras: Mapping[str, bytes]) -> None:
    taken = {*layout.FILES, checksums.NAME}
    for name in extras:
        if name in taken or not checksums.PLAIN_NAME.fullmatch(name):
            raise UsageError(
                "The name of an extra file must be plain (letters, digits, '_', '-', '.') and not "
                f"one of the model's own. Received: {name!r}"
            )
