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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from headstart.arguments import Means, checked
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.weights import check_unchanged
from headstart.data.groups import group_codes
from headstart.data.inputs import dataset_at, labelled_images
from headstart.data.labelled_images import LabelledImages, sorted_classes
from headstart.data.labels import match_labels
from headstart.data.output_places import refuse_among_images
from headstart.errors import UsageError
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.cross_validation import FoldTraining, n_steps
from headstart.finetuning.data_source import prepare_data, views_to_keep
from headstart.finetuning.plan import check_labels, find_origin_of, make_plan
from headstart.finetuning.rebuilt_network import tuned_network
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.split_network import split_graph, split_network
from headstart.finetuning.summary import FineTuningSummary
from headstart.networks.keras_settings import standard_settings
from headstart.progress import Bars
from headstart.storage.disk import check_room, folder_size
from headstart.storage.whole_folders import temporary_folder
from headstart.training.backend import computing_on, start_keras, training_gpu
from headstart.training.precision import training_precision
from headstart.training.seeding import seeded
from headstart.training.whole_job import WholeJob
from headstart.training.work_folder import work_folder

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.classifier import ImageClassifier
    from headstart.data.inputs import Images, Labels
    from headstart.features.devices import Gpu
    from headstart.features.engine import Precision
    from headstart.finetuning.plan import Labelled, Origin, Plan
    from headstart.finetuning.split_network import SplitNetwork
    from headstart.progress import Progress

# Of the time, before anything was measured.
_SHARE_OF_DATA = 0.2
# The weights, two sums of the optimizer, the average and the best so far.
_WEIGHTS_IN_CHECKPOINT = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A network that can be fine-tuned as the settings say; see `prepare`.

    Attributes
    ----------
    settings : FineTuning
    origin : Origin
    split : SplitNetwork
    keras : module
    gpu : Gpu or None
        What is trained on; None for the processor.
    precision : {"f32", "bf16"}
        What training computes in.
    """

    settings: FineTuning
    origin: Origin
    split: SplitNetwork
    keras: ModuleType
    gpu: Gpu | None
    precision: Precision


_CLASSIFIER = Means("an ImageClassifier, because a saved model can't be trained further")


@checked
def fine_tune(  # noqa: PLR0913 - all are named, and each has a default
    classifier: Annotated[ImageClassifier, _CLASSIFIER],
    X: Images | LabelledImages,
    y: Labels | None = None,
    settings: FineTuning = FineTuning(),
    *,
    validation: LabelledImages | None = None,
    groups: Sequence[Hashable] | NDArray[np.int64] | None = None,
    folder: str | Path | None = None,
    restart: bool = False,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> ImageClassifier:
    """Fine-tune the network of a classifier, and keep the result if it is better.

    First the head is trained on the features of the frozen network. Then the layers above the
    freeze point are trained together with the head, in small steps. The layers below run once in
    the compiled network, and their output is kept on disk. If there is no room for that, the whole
    network runs in every step. Both networks are compared on images that neither was trained on and
    that did not choose the epoch. The fine-tuned one is returned if it is better beyond chance; see
    `Comparison`. Batch normalisation keeps its statistics.

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
    validation : LabelledImages, optional
        The validation set. The default is the validation split of `X`, if that is a dataset with
        one and `settings` do not say otherwise; or else some of the images, as `settings` say.
    groups : sequence of hashable, optional
        The group of each training image, such as the patient: those of a group stay together
        wherever images are held out. The default is that each image is its own group.
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
    with fine_tuned(
        classifier,
        X,
        y,
        settings,
        validation=validation,
        groups=groups,
        folder=folder,
        restart=restart,
        skip_unreadable=skip_unreadable,
        progress=progress,
    ) as result:
        return result


@contextlib.contextmanager
def fine_tuned(  # noqa: PLR0913 - as `fine_tune`
    classifier: ImageClassifier,
    X: Images | LabelledImages,
    y: Labels | None = None,
    settings: FineTuning = FineTuning(),
    *,
    validation: LabelledImages | None = None,
    groups: Sequence[Hashable] | NDArray[np.int64] | None = None,
    folder: str | Path | None = None,
    restart: bool = False,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
    prepared: Prepared | None = None,
) -> Iterator[ImageClassifier]:
    """Yield the result of `fine_tune`, and delete its folder when the context ends well.

    To save the result inside keeps the work until it is safe. `prepared` is what `prepare` returned
    for the classifier; its resize rule and its head may have been chosen since.
    """
    began = time.perf_counter()
    _check_precision(classifier)
    if folder is not None:
        refuse_among_images(Path(folder), [X], "Checkpoints")
    if y is None:
        X = dataset_at(X, progress=progress)
    train = labelled_images(X, y)
    if y is None and validation is None and settings.validation is None:
        validation = _validation_split(X)
    given = None if validation is None else _matched(validation, train[1], progress)
    numbers = group_codes(groups, len(train[1]))
    check_labels(train[1], given and given[1], settings, numbers)
    prepared = prepared or prepare(classifier, settings, progress)
    plan = make_plan(
        classifier,
        prepared.origin,
        train,
        given,
        settings,
        groups=numbers,
        skip_unreadable=skip_unreadable,
        progress=progress,
    )
    split = prepared.split
    with _opened(folder, plan, split, restart=restart, progress=progress) as work:
        keras = prepared.keras
        with standard_settings(keras), computing_on(keras, prepared.gpu), seeded(settings.seed):
            result, summary = _trained(plan, split, prepared.precision, work, progress)
        result.fine_tuning_ = replace(summary, seconds=time.perf_counter() - began)
        yield result


def prepare(
    classifier: ImageClassifier, settings: FineTuning, progress: Progress | None = None
) -> Prepared:
    """Return the network of a classifier, ready to be fine-tuned.

    All that can be refused without an image is refused here.

    Parameters
    ----------
    classifier : ImageClassifier
    settings : FineTuning
    progress : Progress, optional
        Shows a download.

    Raises
    ------
    UsageError, UnknownBackbone, WeightsError, MissingExtra
        See `fine_tune`.
    """
    _check_precision(classifier)
    origin = find_origin_of(classifier, progress)
    keras = start_keras(classifier.device)
    gpu = training_gpu(keras, classifier.device)
    precision = training_precision(settings.precision, gpu)
    with standard_settings(keras), computing_on(keras, gpu), seeded(settings.seed):
        split = _split(keras, origin, settings, precision)
    if origin.built is not None:
        check_unchanged(origin.built[1])
    return Prepared(
        settings=settings, origin=origin, split=split, keras=keras, gpu=gpu, precision=precision
    )


def _check_precision(classifier: ImageClassifier) -> None:
    if classifier.precision == "int8":
        raise UsageError(
            "A network is rounded to 8 bits only if it stays as it is in training. Received: "
            "fine-tuning with precision='int8'. Leave out one of the two."
        )


def _matched(
    validation: LabelledImages, labels: Sequence[Hashable], progress: Progress | None
) -> Labelled:
    """Return the images of a validation set, labelled as those to train on."""
    say = (progress or Bars()).say
    return validation.sources, match_labels(validation.labels, sorted_classes(labels), say)


def _validation_split(X: Images | LabelledImages) -> LabelledImages | None:
    if isinstance(X, LabelledImages) and "valid" in (X.split or ()):
        return X.part("valid")
    return None


def _trained(
    plan: Plan, split: SplitNetwork, precision: Precision, work: Path, progress: Progress | None
) -> tuple[ImageClassifier, FineTuningSummary]:
    """Return the classifier that is kept, and what came out."""
    settings = plan.settings
    n_views, notes = views_to_keep(split.point, settings, len(plan.sources), work)
    splits = plan.splits(is_quick=n_views > 0)
    job = WholeJob("fine-tuning", progress)
    prepared = job.part(len(plan.sources) * (1 + n_views), _SHARE_OF_DATA)
    trained = job.part(n_steps(plan, splits), 1 - _SHARE_OF_DATA)
    with job.bar():
        data = prepare_data(plan, split, n_views, work, prepared)
        prepared.drop(prepared.left)
        training = FoldTraining(
            plan, split, data, splits, upper_only=n_views > 0, folder=work, part=trained
        )
        validated = training.cross_validate()
        comparison = Comparison.of(validated.frozen, validated.tuned)
        head = training.finish(validated.best_epoch) if comparison.keeps_tuned else None
    summary = FineTuningSummary(
        comparison=comparison,
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
    if head is None:
        return plan.frozen, summary
    spec = _tuned_spec(plan, split, work / "tuned.weights.h5")
    tuned = plan.frozen.with_network(spec, head, plan.sources, summary.what_learnt)
    if len(splits) == 1:
        tuned.fit_rule_to(plan.sources, plan.labels, splits[0][1])
    elif tuned.error_target is not None:
        (progress or Bars()).say(
            "The fine-tuned model is never unsure: with few images, it learns from all of them. "
            "With a validation set (or validation as a share), it also learns when to be unsure."
        )
    return tuned, summary


@contextlib.contextmanager
def _opened(
    folder: str | Path | None,
    plan: Plan,
    split: SplitNetwork,
    *,
    restart: bool,
    progress: Progress | None,
) -> Iterator[Path]:
    """Yield the folder to work in."""
    needed = _bytes_needed(plan, split)
    if folder is None:
        check_room(Path(tempfile.gettempdir()), needed, "the training")
        with temporary_folder() as work:
            yield work
        return
    work = Path(folder).absolute()
    # What an interrupted training left takes up a part of the room already.
    check_room(work, max(0, needed - folder_size(work)), "the training")
    with work_folder(work, plan.described(), restart=restart, progress=progress):
        yield work


def _bytes_needed(plan: Plan, split: SplitNetwork) -> int:
    """Return about how many bytes pixels and checkpoints take; views take what is left."""
    pixels = len(plan.sources) * plan.size**2 * 3
    model = split.point.upper if split.point.upper is not None and plan.settings.views else None
    weights = 4 * (model or split.point.backbone).count_params()
    n_trainings = len(plan.splits(is_quick=model is not None)) + 1
    return int(pixels + n_trainings * _WEIGHTS_IN_CHECKPOINT * weights)


def _split(
    keras: ModuleType, origin: Origin, settings: FineTuning, precision: Precision
) -> SplitNetwork:
    if origin.built is None:
        return split_graph(keras, origin.plain, settings, precision)
    row, weights = origin.built
    return split_network(keras, row, weights.path, origin.network, settings, precision)


def _tuned_spec(plan: Plan, split: SplitNetwork, weights: Path) -> NetworkSpec:
    """Return the network that was fine-tuned, with its new weights, which are written."""
    network = plan.origin.network
    if split.rebuilt is not None:
        return NetworkSpec(tuned_network(split.rebuilt, plan.origin.plain), mirror=network.mirror)
    split.save_weights(weights)
    row, _ = cast("tuple[Backbone, WeightsFile]", plan.origin.built)
    return NetworkSpec(
        row.folder or row.name,
        weights=weights,
        size=network.size,
        layer=network.layer,
        pooling=network.pooling,
        mirror=network.mirror,
    )
