"""Choose backbone, resize rule and head of a training within a time budget."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from headstart.backbones.finding import find_network
from headstart.backbones.resolving import AUTO
from headstart.backbones.spec import NetworkSpec
from headstart.comparing.compare import compare_on
from headstart.comparing.settings import ComparisonSettings
from headstart.features.settings import FeatureSettings
from headstart.heads.base import Head
from headstart.heads.settings import LAYERED
from headstart.jobs.compare import networks_to_compare

if TYPE_CHECKING:
    from headstart.classifier import ClassifierSettings, ImageClassifier
    from headstart.comparing.comparison import Comparison
    from headstart.heads.settings import HeadName
    from headstart.images.resize_rules import Rule
    from headstart.jobs.parts import Parts
    from headstart.progress import Progress


def chosen(
    classifier: ImageClassifier,
    parts: Parts,
    budget: float,
    given: ClassifierSettings,
    *,
    fine_tunes: bool,
    progress: Progress,
) -> tuple[ImageClassifier, Comparison]:
    """Return the classifier with the best backbone, resize rule and head, and the comparison.

    What the user has given is not compared: a backbone that is named, a resize rule or a head.

    Parameters
    ----------
    classifier : ImageClassifier
        Not fitted.
    parts : Parts
        Only the training images are compared on.
    budget : float
        Seconds.
    given : ClassifierSettings
        The settings that the user has given.
    fine_tunes : bool
        Whether the network is fine-tuned afterwards: then the head must be made of layers.
    progress : Progress
        Gets the reason.
    """
    backbone = classifier.backbone
    variant: Any = {
        each.name: getattr(classifier, each.name)
        for each in fields(NetworkSpec)
        if each.name != "backbone"
    }
    specs = networks_to_compare(None if backbone == AUTO else [backbone], **variant)
    defaults = ComparisonSettings()
    heads = _heads(given, LAYERED if fine_tunes else defaults.heads)
    rule: Any = given.get("resize", "auto")
    resizes: tuple[Rule, ...] = defaults.resizes if rule == "auto" else (rule,)
    comparison = compare_on(
        specs,
        parts.training.sources,
        parts.training.labels,
        groups=parts.groups,
        settings=ComparisonSettings(heads=heads, resizes=resizes, budget=budget),
        features=FeatureSettings(
            # 8 bits are judged later, on the network that is chosen.
            precision="auto" if classifier.precision == "int8" else classifier.precision,
            cache=classifier.cache,
            workers=classifier.workers,
            device=classifier.device,
            accept_truncated=classifier.accept_truncated,
        ),
        seed=classifier.random_state or 0,
        progress=progress,
    )
    best = comparison.best
    progress.say(comparison.reason)
    found = next(spec for spec in specs if find_network(spec).name == best.backbone)
    parameters = classifier.get_params(deep=False) | {
        "backbone": found.backbone,
        "resize": best.resize,
    }
    if not isinstance(given.get("head"), Head):
        parameters["head"] = best.head
    return type(classifier)(**parameters), comparison


def _heads(given: ClassifierSettings, others: tuple[HeadName, ...]) -> tuple[HeadName, ...]:
    """Return the names of the heads to compare; a head with settings is judged by its kind."""
    from headstart.heads.table import head_name

    head = given.get("head")
    if head is None:
        return others
    name: Any = head_name(head) if isinstance(head, Head) else head
    return (name,)
