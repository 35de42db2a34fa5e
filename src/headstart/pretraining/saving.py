"""Save a trained network as a backbone, measure what was saved, and describe it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart.backbones.finding import find_network
from headstart.backbones.folders import read_backbone, write_backbone
from headstart.backbones.row import Backbone
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.weights import FOLDER_WEIGHTS
from headstart.evaluation import measure
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.networks.classes import ClassName, imagenet_classes
from headstart.networks.preprocessing import INSIDE
from headstart.prediction.labels import user_classes
from headstart.prediction.predictor import Predictor
from headstart.pretraining.card import model_card
from headstart.pretraining.place import place_for_backbone
from headstart.pretraining.settings import SIZES
from headstart.pretraining.summary import CARD, CURVES, HISTORY, PretrainingSummary
from headstart.storage.disk import writing
from headstart.training.history import write_history

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from keras import Model

    from headstart.data.labelled_images import LabelledImages
    from headstart.evaluation import Evaluation
    from headstart.networks.network import Network
    from headstart.pretraining.plan import Job
    from headstart.pretraining.training import Trained

# The sizes that are tried for whole images, as multiples of the size of the training images.
_SCALES = (1.125, 1.25, 1.375, 1.5)


def save_backbone(job: Job, trained: Trained, out: Path) -> None:
    """Save a trained network as a backbone, before anything else can fail."""
    weights = job.folder / "finished.weights.h5"
    with writing(str(weights)):
        trained.network.save_weights(weights)
    with place_for_backbone(out, job.folder) as new:
        write_backbone(new, _row(job, trained.network, plain_name(out.name)), weights)
        write_history(trained.history, new / HISTORY)


def measure_backbone(job: Job, trained: Trained, out: Path) -> PretrainingSummary:
    """Measure a backbone that is saved, and put what came out into its folder, in one step."""
    sizes = _try_sizes(job, out)
    side = max(sizes, key=lambda size: sizes[size])
    network = find_network(NetworkSpec(out, size=(side, side)))
    evaluation = _measure(job, job.validation, network)
    # With up to five classes, the right one is always among the first five.
    top5 = 1.0 if evaluation.top_5_accuracy is None else evaluation.top_5_accuracy
    row = replace(
        read_backbone(out),
        size=network.size,
        macs=network.macs,
        top1=evaluation.accuracy,
        top5=top5,
    )
    summary = PretrainingSummary(
        folder=out,
        backbone=row,
        teacher=None if job.teacher is None else job.teacher.name,
        precision=job.precision,
        n_train=trained.n_train,
        unreadable=trained.unreadable,
        notes=trained.notes,
        evaluation=evaluation,
        history=trained.history,
        best_epoch=trained.best_epoch,
        seconds=sum(epoch.seconds for epoch in trained.history),
        sizes=sizes,
    )
    with place_for_backbone(out, job.folder) as new:
        write_backbone(new, row, out / FOLDER_WEIGHTS)
        write_history(trained.history, new / HISTORY)
        summary.plot_history(new / CURVES)
        (new / CARD).write_text(model_card(job, summary), "utf-8")
    return replace(summary, backbone=read_backbone(out))


def plain_name(text: str) -> str:
    """Return a name that can be a part of file names anywhere: letters, digits, '.', '_', '-'.

    Examples
    --------
    >>> plain_name("my net (2)")
    'my-net-2'
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("._-")
    return plain[:60] or "backbone"


def _row(job: Job, network: Model, name: str) -> Backbone:
    return Backbone(
        name=name,
        family=job.settings.architecture,
        builder=job.settings.architecture,
        size=(job.settings.size, job.settings.size),
        min_size=SIZES[0],
        max_size=SIZES[1],
        preprocessing=INSIDE,
        n_features=network.get_layer("features").output.shape[-1],
        resize="squash",
        crop_fraction=1.0,
        trained_on=job.trained_on,
        license=job.license,
        parameters=network.count_params(),
        macs=1,  # counted on the converted graph, once this row is written
        top1=None,
        top5=None,
        source="headstart pretrain",
        classes=_class_names(job.train.classes),
    )


def _class_names(classes: Sequence[Hashable]) -> tuple[ClassName, ...]:
    """Return identifiers and labels. WordNet's identifiers, as in ImageNet, have known labels."""
    known = {name.id: name for name in imagenet_classes()}
    return tuple(known.get(str(label), ClassName(str(label), str(label))) for label in classes)


def _try_sizes(job: Job, folder: Path) -> dict[int, float]:
    """Return the accuracy on a sample at several sizes, from that of the training images upwards.

    In training a network sees enlarged pieces of images. In a whole image of the same size, things
    are smaller than it is used to (Touvron et al. 2019, arXiv:1906.06423).
    """
    size = job.settings.size
    larger = (round(size * scale / 8) * 8 for scale in _SCALES)
    found = {}
    for side in sorted({size, *(side for side in larger if size < side <= SIZES[1])}):
        network = find_network(NetworkSpec(folder, size=(side, side)))
        found[side] = _measure(job, job.validation_sample(), network).accuracy
    return found


def _measure(job: Job, images: LabelledImages, network: Network) -> Evaluation:
    settings = FeatureSettings(precision="f32", cache=False, device=job.settings.device)
    extractor = FeatureExtractor.open(network, settings, output="probabilities")
    return measure(
        Predictor(network.name, extractor, user_classes(job.train.classes)),
        images.sources,
        images.labels,
        progress=job.progress,
        what=f"measuring at {network.size[0]} pixels",
    )
