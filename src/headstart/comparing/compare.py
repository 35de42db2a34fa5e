"""Compare backbones, resize rules and heads on a dataset, within a time budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.backbones.finding import find_network
from headstart.comparing.comparison import Comparison
from headstart.comparing.probe import Probe, Sample
from headstart.comparing.race import Clock, run_race, sizes
from headstart.comparing.sample import stratified_order
from headstart.errors import UsageError
from headstart.features.extractor import FeatureExtractor
from headstart.features.speed import seconds_an_image
from headstart.heads.labels import encode_labels
from headstart.prediction.labels import class_array

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headstart.backbones.spec import NetworkSpec
    from headstart.comparing.settings import ComparisonSettings
    from headstart.features.settings import FeatureSettings
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

# What reading an image takes beside the network, before it is measured.
_READING = 0.005


def compare_on(
    networks: Sequence[NetworkSpec],
    sources: Sequence[ImageSource],
    labels: Sequence[Hashable],
    *,
    groups: NDArray[np.int64] | None = None,
    settings: ComparisonSettings,
    features: FeatureSettings,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Compare all combinations of networks, resize rules and heads by cross-validation.

    Parameters
    ----------
    networks : sequence of NetworkSpec
        The most promising one first: it is judged whatever the budget is.
    sources : sequence of ImageSource, length n
    labels : sequence of hashable, length n
        The class of each image.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in one fold.
    settings : ComparisonSettings
    features : FeatureSettings
        How features are computed; its resize rule does not matter.
    seed : int
        The seed of the choice of images and of the folds.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UsageError, WeightsError, ConversionError, StorageError
        If a network can't be had, or there are fewer than two classes.
    """
    clock = Clock(settings.budget)
    _, codes = encode_labels(class_array(labels))
    order = stratified_order(codes, seed)
    rounds = sizes(len(order), int(codes.max()) + 1)
    order = order[: rounds[-1]]
    sample = Sample(
        [sources[row] for row in order],
        [labels[row] for row in order],
        None if groups is None else groups[order],
        seed,
    )
    probes: list[Probe] = []
    milliseconds: dict[str, float] = {}
    untried: list[tuple[str, str]] = []
    for spec in networks:
        if probes and not clock.allows(0):
            untried.append((str(spec.backbone), "no time was left"))
            continue
        network = find_network(spec, progress=progress)
        if network.name in milliseconds:
            raise UsageError(
                "Networks that are compared must have different names. Received: "
                f"{network.name} twice. Compare one after the other."
            )
        # Precision is decided once for all resize rules of a network.
        extractor = FeatureExtractor.open(network, features, sample.sources)
        seconds = seconds_an_image(extractor)
        milliseconds[network.name] = 1000 * seconds
        probes += [
            Probe(extractor.resized_by(rule), rule, sample, settings.heads, seconds + _READING)
            for rule in settings.resizes
        ]
    race = run_race(probes, rounds, clock, progress)
    return Comparison.of(
        race,
        milliseconds,
        untried=untried,
        n_unreadable=max(probe.unreadable for probe in probes),
        seconds=clock.passed,
        budget=settings.budget,
    )
