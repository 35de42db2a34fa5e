"""Check: what is wrong with a dataset, before anything is learned from it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from headstart.arguments import Positive, Seed, checked
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec, Variant
from headstart.checking.counts import class_table
from headstart.checking.data_check import DataCheck
from headstart.checking.evidence import Evidence, readable_places
from headstart.checking.fix_list import check_fix_path
from headstart.checking.not_duplicates import read_not_duplicates
from headstart.checking.running import run_checks
from headstart.checking.sheets import check_sheets
from headstart.data.inputs import dataset_at
from headstart.data.settings import DatasetSettings
from headstart.duplicates.profiling import profiles
from headstart.features.devices import check_device
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import Device, FeatureSettings
from headstart.networks.network import Network  # noqa: TC001 - arguments are checked by types
from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headstart.data.inputs import Dataset
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress


@checked
def check(  # noqa: PLR0913 - all are named, and each has a default
    data: Dataset,
    *,
    backbone: str | Path | Network | NetworkSpec = "auto",
    dataset: DatasetSettings = DatasetSettings(),
    quick: bool = False,
    not_duplicates: str | Path | None = None,
    seed: Seed = 0,
    workers: Positive | None = None,
    device: Device = "auto",
    accept_truncated: bool = False,
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> DataCheck:
    """Check a labelled dataset: files, copies, labels, classes and shortcuts.

    Nothing is changed. Every image is decoded whole. What was measured is kept in the cache, so a
    second check takes seconds.

    Parameters
    ----------
    data : str, Path, LabelledImages, DataFrame or tuple
        A labelled dataset, as `train` takes it. All of its splits are checked together.
    backbone : str, Path, Network or NetworkSpec, default="auto"
        The pre-trained network whose features tell crops of one image, wrong labels and outliers.
        See `NetworkSpec`.
    dataset : DatasetSettings
        How the dataset is read, where that can't be seen from it.
    quick : bool, default=False
        Whether to leave out the checks that need a network.
    not_duplicates : str or Path, optional
        A file of pairs of images that look alike and are no copies.
    seed : int, default=0
        Seed of the folds.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes: the processor or a GPU. See `FeatureSettings`.
    accept_truncated : bool, default=False
        Whether to read JPEGs that are cut short, if at most a tenth of their rows are missing.
    progress : Progress, optional
        Shows how far it is.
    **variant
        The other fields of `NetworkSpec`, such as ``weights`` or ``size``.

    Returns
    -------
    DataCheck

    Raises
    ------
    DatasetError
        If there is no dataset at the path, or no image in it.
    UsageError
        If an argument is wrong.
    WeightsError, ConversionError
        If the network can't be made ready. With `quick`, none is needed.

    Examples
    --------
    >>> import headstart as hs
    >>> found = hs.check("birds/")  # doctest: +SKIP
    >>> print(found)  # doctest: +SKIP
    >>> found.write_fix("birds.csv")  # doctest: +SKIP
    """
    began = time.perf_counter()
    progress = progress or Bars()
    check_device(device)
    spec = NetworkSpec.of(backbone, **variant)
    images = dataset_at(data, dataset, min_classes=1, progress=progress)
    excluded = read_not_duplicates(Path(not_duplicates), images) if not_duplicates else set()
    # Before an image is read: whether there is a network.
    network = None if quick else find_network(spec, progress=progress)
    measured = profiles(
        images.sources, workers=workers, accept_truncated=accept_truncated, progress=progress
    )
    features = None
    if network is not None:
        # Training squashes, too: the features are in the cache where it was done before.
        settings = FeatureSettings(
            workers=workers, device=device, accept_truncated=accept_truncated, resize="squash"
        )
        readable = images.subset(readable_places(measured))
        features = _features(network, settings, readable.sources, progress)
    evidence = Evidence.of(images, measured, features, not_duplicates=excluded, seed=seed)
    outcome = run_checks(evidence)
    return DataCheck(
        dataset=images,
        findings=outcome.findings,
        passed=outcome.passed,
        not_run=outcome.not_run,
        classes=class_table(evidence),
        folder=_folder(data),
        network="" if network is None else network.name,
        seconds=time.perf_counter() - began,
    )


def check_outputs(folder: Path, *, sheets: Path | None, fix: Path | None) -> None:
    """Refuse results that can't be written, before any work is done.

    Parameters
    ----------
    folder : Path
        The dataset.
    sheets, fix : Path, optional
        The folder of the sheets, and the list.

    Raises
    ------
    UsageError, StorageError
    """
    if sheets is not None:
        check_sheets(sheets, folder)
    if fix is not None:
        check_fix_path(fix, folder)


def _features(
    network: Network,
    settings: FeatureSettings,
    sources: Sequence[ImageSource],
    progress: Progress,
) -> NDArray[np.float32] | None:
    if not sources:
        return None
    extractor = FeatureExtractor.open(network, settings, sources)
    return extractor.extract_all(sources, progress=progress).features


def _folder(data: Dataset) -> Path | None:
    return Path(data) if isinstance(data, str | Path) and Path(data).is_dir() else None
