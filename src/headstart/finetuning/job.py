"""The whole job of fine-tuning: train the upper layers too, and keep that only if it is better.

>>> import headstart as hs
>>> frozen = hs.ImageClassifier("mobilenet_v2")
>>> better = hs.fine_tune(frozen, "vehicles/")     # doctest: +SKIP
>>> print(better.fine_tuning_)                          # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.finetuning.assembling import divide, save_weights
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.cross_validation import Rounds
from headstart.finetuning.data_source import prepare
from headstart.finetuning.plan import Plan, divisions, make_plan
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.summary import FineTuningSummary
from headstart.training.backend import start_keras
from headstart.training.precision import training_precision
from headstart.training.work_folder import work_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.network import Network
    from headstart.classifier import ImageClassifier
    from headstart.finetuning.assembling import Divided
    from headstart.prediction.scoring import Scorer
    from headstart.progress import Progress


def fine_tune(
    classifier: ImageClassifier,
    X: Any,  # noqa: ANN401
    y: Any = None,  # noqa: ANN401
    settings: FineTuning = FineTuning(),
    *,
    folder: str | Path | None = None,
    restart: bool = False,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> ImageClassifier:
    """Fine-tune the network of a classifier, and keep that if it is better than the frozen one.

    The head is trained first, on the features of the frozen network. Then the layers above the
    freeze point learn along with it, in small steps. What lies below is computed once, by the
    compiled network, and kept on disk; it falls back to running the whole network where there is
    no room. Both networks are compared on pictures that neither learnt from, and the one that is
    right more often is returned. Batch normalisation keeps its statistics.

    Parameters
    ----------
    classifier : ImageClassifier
        Its settings are used; it stays what it is. Whether it is fitted does not matter.
    X, y
        Pictures and labels, or a labelled data set, as `ImageClassifier.fit` takes them.
    settings : FineTuning
        What learns, for how long and how fast.
    folder : str or Path, optional
        Where checkpoints are kept while it works: started again with the same pictures and
        settings, it goes on from there after a kill, a crash or Ctrl-C. It is gone at the end. If
        not given, nothing is left of a training that was ended.
    restart : bool
        Whether what was begun in `folder` before is thrown away.
    skip_unreadable : bool
        Whether to set pictures aside that can't be read, and list them in ``unreadable_``.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    ImageClassifier
        A new one, fitted, with ``fine_tuning_`` (a `FineTuningSummary`): which network is kept,
        and why.

    Raises
    ------
    UsageError
        If a setting is wrong; the network has no weights at hand to start from; it is not square;
        or the head has no layers.
    DatasetError, ImageError
        See `ImageClassifier.fit`.
    MissingExtra
        If nothing is installed that computes gradients.
    TrainingDiverged
        If the loss is no longer a number, or rises for good.
    StorageError
        If a file can't be written.
    """
    began = time.perf_counter()
    plan = make_plan(
        classifier,
        X,
        y,
        settings,
        skip_unreadable=skip_unreadable,
        progress=progress,
    )
    with _place(folder, plan, restart=restart) as place:
        tuned, tuning = _tune(plan, place, progress, began)
    result = plan.frozen
    if tuned is not None:
        result = plan.frozen.with_network(*tuned, plan.sources, tuning.what_learnt)
    result.fine_tuning_ = tuning
    return result


@contextlib.contextmanager
def _place(folder: str | Path | None, plan: Plan, *, restart: bool) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="headstart-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    place = Path(folder).absolute()
    with work_folder(place, plan.settings(), restart=restart):
        yield place


def _tune(
    plan: Plan,
    place: Path,
    progress: Progress | None,
    began: float,
) -> tuple[tuple[Network, Scorer] | None, FineTuningSummary]:
    """Return the fine-tuned network and its head, None if the frozen ones are better."""
    recipe = plan.recipe
    keras = start_keras()
    keras.utils.set_random_seed(recipe.seed)
    precision = training_precision(recipe.precision)
    divided = divide(
        keras,
        plan.row,
        plan.weights.path,
        plan.size,
        layer=plan.frozen.network_.layer,
        pooling=plan.frozen.network_.pooling,
        where=recipe.where,
        precision=precision,
    ).learning_from(recipe.view_size)
    material = prepare(plan, divided.point, place, progress)
    tested = divisions(plan, thorough=material.n_views > 0)
    rounds = Rounds(divided, material, plan, tested, place=place, progress=progress)
    outcome = rounds.compare()
    tuning = FineTuningSummary(
        comparison=Comparison.of(outcome.frozen, outcome.tuned, outcome.labels),
        history=outcome.history,
        best_epoch=outcome.best_epoch,
        where=str(recipe.where),
        first_layer=divided.point.first_layer,
        n_learning=divided.point.n_learning,
        n_folds=len(tested),
        n_views=material.n_views,
        precision=precision,
        notes=material.notes,
        seconds=time.perf_counter() - began,
    )
    if not tuning.kept:
        return None, tuning
    scorer = rounds.finish(outcome)
    tuning = replace(tuning, seconds=time.perf_counter() - began)
    return (_converted(plan, divided, place), scorer), tuning


def _converted(plan: Plan, divided: Divided, place: Path) -> Network:
    """Return the network with the weights it has now, converted like any other."""
    weights = place / "tuned.weights.h5"
    save_weights(divided, weights)
    frozen = plan.frozen.network_
    return find_network(
        NetworkSpec(
            plan.row.folder or plan.row.name,
            weights=weights,
            size=frozen.size,
            layer=frozen.layer,
            pooling=frozen.pooling,
            mirror=frozen.mirror,
        )
    )
