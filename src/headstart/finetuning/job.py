"""Fine-tuning from start to end: train the upper layers, too, and keep that if it is better.

>>> import headstart as hs
>>> frozen = hs.ImageClassifier("mobilenet_v2")
>>> better = hs.fine_tune(frozen, "vehicles/")     # doctest: +SKIP
>>> print(better.fine_tuning_)                     # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones.spec import NetworkSpec
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.cross_validation import FoldTraining
from headstart.finetuning.data_source import prepare_data, views_to_keep
from headstart.finetuning.plan import make_plan, validation_splits
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.split_network import split_network
from headstart.finetuning.summary import FineTuningSummary
from headstart.training.backend import start_keras
from headstart.training.precision import training_precision
from headstart.training.work_folder import work_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.classifier import ImageClassifier
    from headstart.data.inputs import Images, Labels
    from headstart.data.labelled_images import LabelledImages
    from headstart.finetuning.plan import Plan
    from headstart.progress import Progress


def fine_tune(
    classifier: ImageClassifier,
    X: Images | LabelledImages,
    y: Labels | None = None,
    settings: FineTuning = FineTuning(),
    *,
    folder: str | Path | None = None,
    restart: bool = False,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> ImageClassifier:
    """Fine-tune the network of a classifier, and keep the result if it is better.

    First the head is trained on the features of the frozen network. Then the layers above the
    freeze point are trained together with the head, in small steps. The layers below run once in
    the compiled network, and their output is kept on disk. If there is no room for that, the whole
    network runs in every step. Both networks are compared on images that neither was trained on,
    and the one with the higher accuracy is returned. Batch normalisation keeps its statistics.

    Parameters
    ----------
    classifier : ImageClassifier
        Its settings are used; it does not change and need not be fitted.
    X : list, array, folder or LabelledImages
        Images, with their labels in `y`; or a labelled dataset, as `ImageClassifier.fit` takes it.
    y : sequence of hashable, optional
        The label of each image.
    settings : FineTuning
        What is trained, for how long and how fast.
    folder : str or Path, optional
        Where checkpoints are kept during training. After a kill, a crash or Ctrl-C, the same call
        continues from the last one. The folder is deleted at the end. Without one, an interrupted
        training leaves nothing.
    restart : bool
        Whether to delete the checkpoints in `folder`, and start anew.
    skip_unreadable : bool
        Whether to skip images that can't be read, and list them in ``unreadable_``.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    ImageClassifier
        A new, fitted one with ``fine_tuning_``, a `FineTuningSummary` that tells which network is
        kept, and why.

    Raises
    ------
    UsageError
        If a setting is wrong, the network is not square, or the head has no layers.
    UnknownBackbone, WeightsError
        If the weights that the network was converted from can't be found.
    DatasetError, ImageError
        See `ImageClassifier.fit`.
    MissingExtra
        If no package that computes gradients is installed.
    TrainingDiverged
        If the loss is no longer a number, or keeps rising.
    StorageError
        If a file can't be written.
    """
    began = time.perf_counter()
    plan = make_plan(classifier, X, y, settings, skip_unreadable=skip_unreadable, progress=progress)
    description = plan.described()
    with _opened(folder, description, restart=restart) as work:
        keras = start_keras()
        keras.utils.set_random_seed(settings.seed)
        precision = training_precision(settings.precision)
        split = split_network(
            keras, plan.row, plan.weights.path, plan.frozen.network_, settings, precision
        )
        n_views, notes = views_to_keep(split.point, settings, len(plan.sources), work)
        splits = validation_splits(plan.labels, settings, is_quick=n_views > 0)
        data = prepare_data(plan, split.point, n_views, work, progress)
        training = FoldTraining(
            plan, split, data, splits, upper_only=n_views > 0, folder=work, progress=progress
        )
        validated = training.cross_validate()
        summary = FineTuningSummary(
            comparison=Comparison.of(validated.frozen, validated.tuned, validated.labels),
            history=validated.history,
            best_epoch=validated.best_epoch,
            where=str(settings.where),
            first_layer=split.point.first_layer,
            n_learning=split.point.n_learning,
            n_folds=len(splits),
            n_views=n_views,
            precision=precision,
            notes=notes,
            seconds=0.0,
        )
        result = plan.frozen
        if summary.kept:
            head = training.finish(validated.best_epoch)
            weights = work / "tuned.weights.h5"
            split.save_weights(weights)
            spec = _tuned_spec(plan, weights)
            result = plan.frozen.with_network(spec, head, plan.sources, summary.what_learnt)
    result.fine_tuning_ = replace(summary, seconds=time.perf_counter() - began)
    return result


@contextlib.contextmanager
def _opened(
    folder: str | Path | None, description: dict[str, Any], *, restart: bool
) -> Iterator[Path]:
    """Yield the folder to work in."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="headstart-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    work = Path(folder).absolute()
    with work_folder(work, description, restart=restart):
        yield work


def _tuned_spec(plan: Plan, weights: Path) -> NetworkSpec:
    """Return the network that was fine-tuned, with its new weights."""
    network = plan.frozen.network_
    return NetworkSpec(
        plan.row.folder or plan.row.name,
        weights=weights,
        size=network.size,
        layer=network.layer,
        pooling=network.pooling,
        mirror=network.mirror,
    )
