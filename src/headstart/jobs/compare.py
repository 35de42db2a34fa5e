"""Compare: which backbone, resize rule and head fit a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from headstart.arguments import Seed, checked
from headstart.backbones.choosing import backbones_at_hand
from headstart.backbones.spec import NetworkSpec, Variant, network_specs
from headstart.comparing.compare import compare_on
from headstart.comparing.settings import ComparisonSettings
from headstart.data.inputs import dataset_at, labelled_images
from headstart.data.settings import DatasetSettings
from headstart.errors import UsageError
from headstart.features.settings import FeatureSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from headstart.arguments import Positive
    from headstart.comparing.comparison import Comparison
    from headstart.data.inputs import Dataset
    from headstart.features.settings import Device, FloatPrecisionRule
    from headstart.heads.settings import HeadName
    from headstart.images.resize_rules import Rule
    from headstart.networks.network import Network
    from headstart.progress import Progress

_DEFAULT = ComparisonSettings()


class ComparedSettings(Variant, total=False):
    """The variant of the backbones, and how features are computed; see `FeatureSettings`."""

    precision: FloatPrecisionRule
    cache: bool | Path
    workers: Positive | None
    device: Device
    accept_truncated: bool


@checked
def compare(
    data: Dataset,
    backbones: Sequence[str | Path | Network | NetworkSpec] | None = None,
    *,
    heads: tuple[HeadName, ...] = _DEFAULT.heads,
    resizes: tuple[Rule, ...] = _DEFAULT.resizes,
    budget: float | None = _DEFAULT.budget,
    dataset: DatasetSettings = DatasetSettings(),
    seed: Seed = 0,
    progress: Progress | None = None,
    **settings: Unpack[ComparedSettings],
) -> Comparison:
    """Compare backbones, resize rules and heads on a labelled dataset.

    All combinations are judged by cross-validation on 300 of the images, the better half of the
    backbones and rules on 600, and so on up to 2,400 (successive halving). Features that are
    computed are kept in the cache, so training with the result computes them no more.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset, as `headstart.train` takes it. Its test images are not used.
    backbones : sequence of str, Path, Network or NetworkSpec, optional
        Names or folders of backbones. The default is those whose weights are on this computer.
    heads : tuple of str, default=("logistic", "ridge", "nearest_mean", "knn")
        Names of heads; "dense" takes far longer than the others.
    resizes : tuple of str, default=("squash", "crop", "pad")
        Resize rules.
    budget : float or None, default=120
        Seconds that it may take, about; None for no limit. Converting a backbone that is used for
        the first time may take longer.
    dataset : DatasetSettings
        How `data` is read, where that can't be seen from it.
    seed : int
        The seed of the choice of images and of the folds.
    progress : Progress, optional
        Shows how far it is.
    **settings
        Of all backbones, the other fields of `NetworkSpec`, such as ``size``; and how features are
        computed: precision, cache, workers, device and accept_truncated, as `ImageClassifier` takes
        them.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        If an argument is wrong.
    DatasetError
        If there is no labelled dataset.
    UnknownBackbone, WeightsError
        If a backbone that is named can't be had.

    Examples
    --------
    >>> import headstart as hs
    >>> print(hs.compare("vehicles/"))  # doctest: +SKIP
    """
    compared = ComparisonSettings(heads=heads, resizes=resizes, budget=budget)
    others: dict[str, Any] = {**settings}
    variant: Any = {name: others.pop(name) for name in settings if name in Variant.__annotations__}
    how = FeatureSettings(**others)
    if how.precision == "int8":
        raise UsageError(
            "Networks are compared in float32 or bfloat16. Received: precision='int8'. Train the "
            "one that is chosen with it."
        )
    networks = networks_to_compare(backbones, **variant)
    images = dataset_at(data, dataset, progress=progress)
    sources, labels = labelled_images(images)
    return compare_on(
        networks,
        sources,
        labels,
        settings=compared,
        features=how,
        seed=seed,
        progress=progress,
    )


def networks_to_compare(
    backbones: Sequence[str | Path | Network | NetworkSpec] | None = None,
    **variant: Unpack[Variant],
) -> list[NetworkSpec]:
    """Return variants of these backbones, or else of those at hand, the most accurate first."""
    if backbones is None:
        backbones = [row.name for row in backbones_at_hand()]
    return network_specs(backbones, **variant)
