"""Copies of images: within a class, across classes, across splits."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from headstart.checking.base import Check
from headstart.checking.finding import Finding, Suspect
from headstart.data.labelled_images import SPLITS
from headstart.display.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.checking.evidence import Evidence
    from headstart.checking.finding import Severity
    from headstart.data.fix_columns import Action
    from headstart.duplicates.find import DuplicateGroup

_REPRESENTATIVE = "the first"


class Copies(Check):
    """Base of the checks that look at groups of images that are the same.

    A subclass says which groups it is about, and what a list of the dataset does with the images.
    """

    severity: ClassVar[Severity]
    advice: ClassVar[str]

    @abstractmethod
    def members(self, group: DuplicateGroup, evidence: Evidence) -> Sequence[int]:
        """Return the places in a group that are meant; fewer than two if it is not meant."""

    @abstractmethod
    def headline(self, n_images: int, n_groups: int) -> str:
        """Return what was found in a sentence."""

    @abstractmethod
    def action(self, place: int, members: Sequence[int], evidence: Evidence) -> Action:
        """Return what a list of the dataset does with one of the images."""

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the groups that are meant, each with its first image first."""
        suspects: list[Suspect] = []
        n_groups = n_copies = 0
        for group in evidence.duplicates.found:
            members = self.members(group, evidence)
            if len(members) < 2:
                continue
            n_groups += 1
            n_copies += len(members) - 1
            kinds = dict(zip(group.members, (_REPRESENTATIVE, *group.kinds), strict=True))
            suspects += (
                evidence.suspect(
                    place,
                    f"group {n_groups}: {kinds[place]}",
                    group=n_groups,
                    action=self.action(place, members, evidence),
                )
                for place in members
            )
        if not suspects:
            return None
        return Finding(
            check=self.name,
            severity=self.severity,
            headline=self.headline(n_copies, n_groups),
            advice=self.advice,
            suspects=suspects,
            figures={
                "copies": n_copies,
                "groups": n_groups,
                "n": len(suspects),
                "share": n_copies / len(evidence),
            },
        )


class ExactCopies(Copies):
    """Which images are equal: the same file, or the same pixels in another file."""

    name = "exact-copies"
    question = "Are there equal files, or equal pixels in other files?"
    severity = "warning"
    advice = (
        "Copies teach nothing new. They make results look better than they are where one copy is "
        "trained on and another one is tested; training keeps them on one side."
    )

    def members(self, group: DuplicateGroup, evidence: Evidence) -> Sequence[int]:  # noqa: ARG002 - all groups
        """Return the first image and those that are equal to it."""
        pairs = zip(group.members[1:], group.kinds, strict=True)
        return [group.members[0], *(place for place, kind in pairs if kind != "near")]

    def headline(self, n_images: int, n_groups: int) -> str:
        """Return how many images are copies."""
        return (
            f"{counted(n_images, 'image is an exact copy', 'images are exact copies')} of "
            f"{counted(n_groups, 'other')}."
        )

    def action(self, place: int, members: Sequence[int], evidence: Evidence) -> Action:
        """Drop all but the first image; other findings say more where labels or splits differ."""
        first = members[0]
        labels = evidence.images.labels
        alike = labels[place] == labels[first] and evidence.split(place) == evidence.split(first)
        return "drop" if place != first and alike else "keep"


class NearCopies(Copies):
    """Which images show the same in another size, format, colour, orientation or crop."""

    name = "near-copies"
    question = "Are there images that are resized, turned, recoloured or cropped from others?"
    severity = "warning"
    advice = (
        "Look at them: some may be two images of one scene. They make results look better than "
        "they are where one is trained on and another one is tested; training keeps them on one "
        "side."
    )

    def members(self, group: DuplicateGroup, evidence: Evidence) -> Sequence[int]:  # noqa: ARG002 - all groups
        """Return the first image and those that are near it."""
        pairs = zip(group.members[1:], group.kinds, strict=True)
        return [group.members[0], *(place for place, kind in pairs if kind == "near")]

    def headline(self, n_images: int, n_groups: int) -> str:
        """Return how many images are near copies."""
        return (
            f"{counted(n_images, 'image is a near copy', 'images are near copies')} of "
            f"{counted(n_groups, 'other')}."
        )

    def action(self, place: int, members: Sequence[int], evidence: Evidence) -> Action:  # noqa: ARG002 - all the same
        """Keep them: nobody but the user knows whether they are one image."""
        return "keep"


class TwoLabels(Copies):
    """Which images are in the dataset under two labels."""

    name = "two-labels"
    question = "Is the same image there under two labels?"
    severity = "error"
    advice = (
        "At most one label of an image can be right. Decide which one; the list of --fix drops "
        "equal images of this kind. Near copies may differ in colour alone."
    )

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the groups; where no images are equal, that is only a warning.

        Near copies may differ in colour alone, and colour may be what the labels say.
        """
        finding = super().find(evidence)
        if finding is None or any(suspect.action == "drop" for suspect in finding.suspects):
            return finding
        return replace(finding, severity="warning")

    def members(self, group: DuplicateGroup, evidence: Evidence) -> Sequence[int]:
        """Return the whole group if its labels differ."""
        labels = {evidence.images.labels[place] for place in group.members}
        return group.members if len(labels) > 1 else ()

    def headline(self, n_images: int, n_groups: int) -> str:  # noqa: ARG002 - groups are images here
        """Return how many images have two labels."""
        return f"{counted(n_groups, 'image is', 'images are')} there under different labels."

    def action(self, place: int, members: Sequence[int], evidence: Evidence) -> Action:
        """Drop exact copies whose labels differ: which one is right can't be known."""
        profiles, labels = evidence.profiles, evidence.images.labels
        contradicted = any(
            profiles[other].pixels == profiles[place].pixels and labels[other] != labels[place]
            for other in members
        )
        return "drop" if contradicted else "keep"


class AcrossSplits(Copies):
    """Which test or validation images have copies among those of another split."""

    name = "across-splits"
    question = "Are images of one split in another one, too?"
    severity = "error"
    advice = (
        "A model has seen these test images in training, so its accuracy on them says nothing. The "
        "list of --fix keeps them in one split: test before validation before training."
    )

    def unmet(self, evidence: Evidence) -> str:
        """Return why splits can't be compared."""
        return "The dataset has no splits." if evidence.dataset.split is None else ""

    def members(self, group: DuplicateGroup, evidence: Evidence) -> Sequence[int]:
        """Return the whole group if its splits differ."""
        splits = {evidence.split(place) for place in group.members}
        return group.members if len(splits) > 1 else ()

    def headline(self, n_images: int, n_groups: int) -> str:  # noqa: ARG002 - groups are images here
        """Return how many images are in several splits."""
        return f"{counted(n_groups, 'image is', 'images are')} in more than one split."

    def action(self, place: int, members: Sequence[int], evidence: Evidence) -> Action:
        """Drop what is also in a split that is judged by."""
        ranks = [SPLITS.index(evidence.split(other) or SPLITS[0]) for other in members]
        own = SPLITS.index(evidence.split(place) or SPLITS[0])
        return "drop" if own < max(ranks) else "keep"
