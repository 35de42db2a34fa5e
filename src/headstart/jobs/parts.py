"""The parts of a training job: what is learnt from, and what is tested."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.groups import values_by
from headstart.data.inputs import dataset_at
from headstart.data.labelled_images import LabelledImages
from headstart.data.settings import DatasetSettings
from headstart.data.splits import stratified_split
from headstart.errors import UsageError
from headstart.jobs.copies import Independence, crossing, shared_in_words
from headstart.jobs.preconditions import check_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from numpy.typing import NDArray

    from headstart.data.inputs import Dataset
    from headstart.finetuning.settings import FineTuning
    from headstart.progress import Progress

    Ints = NDArray[np.int64]
    Say = Callable[[str], object]

TEST_FRACTION = 0.2
#: So many images are cross-validated by default. A fifth of more of them tells as much.
FEW = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The images of a job, as datasets without splits.

    Attributes
    ----------
    training : LabelledImages
    tested : LabelledImages or None
        None if the training images are cross-validated.
    validation : LabelledImages or None
        The validation split of the dataset, if it is not tested on.
    groups, tested_groups : ndarray of int64, shape (n,), or None
        The group of each training image and of each tested image; None if there are no groups.
    shared : ndarray of int64
        The tested images that are in a group with a training image.
    found : tuple of str
        What was found about groups and splits, in sentences.
    """

    training: LabelledImages
    tested: LabelledImages | None
    validation: LabelledImages | None = None
    groups: Ints | None = None
    tested_groups: Ints | None = None
    shared: Ints | None = None
    found: tuple[str, ...] = ()


def given_tests(
    test: float | Dataset | None, settings: DatasetSettings, progress: Progress | None
) -> float | LabelledImages | None:
    """Return the share of the images to test on, or the dataset that is given for that."""
    if test is None or isinstance(test, int | float | np.number):
        return test
    if isinstance(test, LabelledImages | tuple):
        settings = DatasetSettings()  # they say how others are read
    return dataset_at(test, settings, min_classes=1, progress=progress)


def parts_of(  # noqa: PLR0913 - what decides about the parts, each by name
    dataset: LabelledImages,
    test: float | LabelledImages | None,
    seed: int,
    *,
    group_by: str | None,
    seconds: float | None,
    cross_validate: bool,
    quick: bool,
    reading: Mapping[str, Any],
    progress: Progress,
) -> Parts:
    """Return the parts of a dataset; no group is on both sides where headstart makes the split.

    Parameters
    ----------
    dataset : LabelledImages
    test : float, LabelledImages or None
        See `headstart.train`.
    seed : int
    group_by : str or None
        See `values_by`.
    seconds : float or None
        See `headstart.jobs.bursts.bursts`.
    cross_validate : bool
        Whether few images may be cross-validated instead of being split.
    quick : bool
        Whether to look for equal files only, not for near copies.
    reading : mapping
        How images are read and their profiles kept: see `profiles`.
    progress : Progress
        Hears what was found.

    Raises
    ------
    DatasetError, UsageError
        See `headstart.train`.
    """
    check_parts(dataset, test, seed, seconds=seconds, cross_validate=cross_validate)
    parts = _split(dataset, test, seed, None, cross_validate=cross_validate)
    _labelled(parts, progress.say)
    outside = test if isinstance(test, LabelledImages) else None
    own = None if group_by is None else _own_groups(dataset, outside, group_by)
    sources = [*dataset.sources, *(outside.sources if outside is not None else ())]
    labels = [*dataset.labels, *(outside.labels if outside is not None else ())]
    independence = Independence.of(
        sources, own, labels, seconds=seconds, quick=quick, reading=reading, progress=progress
    )
    found = tuple(filter(None, independence.found))
    for said in found:
        progress.say(said)
    if independence.groups is None:
        return replace(_labelled(parts, _silent), found=found)
    grouped = _split(dataset, test, seed, independence.groups, cross_validate=cross_validate)
    grouped = _labelled(grouped, _silent)
    if grouped.shared is not None and grouped.tested is not None and len(grouped.shared):
        no_test = shared_in_words(len(grouped.shared), len(grouped.tested))
        progress.say(no_test)
        found = (*found, no_test)
    return replace(grouped, found=found)


def check_parts(
    dataset: LabelledImages,
    test: float | LabelledImages | None,
    seed: int,
    *,
    seconds: float | None,
    cross_validate: bool,
) -> None:
    """Refuse what `parts_of` refuses without an image.

    Raises
    ------
    DatasetError, UsageError
    """
    if seconds is not None and not 0 < seconds < math.inf:
        raise UsageError(f"bursts must be a number of seconds above 0. Received: {seconds!r}.")
    _labelled(_split(dataset, test, seed, None, cross_validate=cross_validate), _silent)


def say_unused(
    dataset: LabelledImages, parts: Parts, fine_tuning: FineTuning | None, say: Say
) -> None:
    """Tell which images of the dataset are not used, and why."""
    if parts.validation is not None and not uses_validation(fine_tuning):
        why = "another one is asked for" if fine_tuning else "it serves fine-tuning only"
        say(f"The validation split of {len(parts.validation):,} images is not used: {why}.")
    tests = (dataset.split or []).count("test")
    if tests and (parts.tested is None or len(parts.tested) != tests):
        say(f"The test split of {tests:,} images is not used: other images are tested on.")


def uses_validation(fine_tuning: FineTuning | None) -> bool:
    """Tell whether fine-tuning takes the validation split of the dataset."""
    return fine_tuning is not None and fine_tuning.validation is None


def _silent(_: str) -> None:
    """Say nothing a second time."""


def _labelled(parts: Parts, say: Say) -> Parts:
    """Return the parts with the images to test on labelled as the others."""
    if parts.tested is None:
        return parts
    return replace(parts, tested=check_labels(parts.training, parts.tested, say))


def _own_groups(
    dataset: LabelledImages, tests: LabelledImages | None, group_by: str
) -> list[Hashable]:
    own = list(values_by(dataset, group_by))
    return own if tests is None else [*own, *values_by(tests, group_by)]


def _split(
    dataset: LabelledImages,
    test: float | LabelledImages | None,
    seed: int,
    groups: Ints | None,
    *,
    cross_validate: bool,
) -> Parts:
    splits = set(dataset.split or ())
    valid = _rows(dataset, "valid") if "valid" in splits else None
    whole = _rows(dataset, "train")
    if isinstance(test, LabelledImages):
        tested = _rows(test, "test")
        # The groups of the second dataset come after those of the first one.
        return _given(dataset, whole, test, tested, valid, groups, len(dataset))
    if test is None and "test" in splits:
        return _given(dataset, whole, dataset, _rows(dataset, "test"), valid, groups, 0)
    if test is None and valid is not None:
        return _given(dataset, whole, dataset, valid, None, groups, 0)
    training = _taken(dataset, whole)
    own = None if groups is None else groups[whole]
    validation = None if valid is None else _taken(dataset, valid)
    if test is None and cross_validate and len(training) <= FEW:
        # Refused as a split is: some class must have two groups.
        stratified_split(training.labels, TEST_FRACTION, seed, own)
        return Parts(training, None, validation, own)
    share = TEST_FRACTION if test is None else test
    kept, held_out = stratified_split(training.labels, share, seed, own)
    return Parts(
        training.subset(kept),
        training.subset(held_out),
        validation,
        None if own is None else own[kept],
        None if own is None else own[held_out],
    )


def _given(
    dataset: LabelledImages,
    training: Ints,
    tests: LabelledImages,
    tested: Ints,
    valid: Ints | None,
    groups: Ints | None,
    offset: int,
) -> Parts:
    """Return the parts where the images to test on are given: they may share groups."""
    own = None if groups is None else groups[training]
    theirs = None if groups is None else groups[tested + offset]
    both = None if own is None or theirs is None else np.concatenate([own, theirs])
    return Parts(
        _taken(dataset, training),
        _taken(tests, tested),
        None if valid is None else _taken(dataset, valid),
        own,
        theirs,
        crossing(both, len(training)),
    )


def _rows(dataset: LabelledImages, name: str) -> Ints:
    """Return the images of one split, or all of them where there are no splits."""
    if dataset.split is None:
        return np.arange(len(dataset))
    return np.flatnonzero(np.array(dataset.split) == name)


def _taken(dataset: LabelledImages, rows: Ints) -> LabelledImages:
    """Return some images as a dataset without splits."""
    return replace(dataset if dataset.split is None else dataset.subset(rows), split=None)
