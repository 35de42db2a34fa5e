"""Images that can't be read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from headstart.checking.base import Check
from headstart.checking.finding import Finding, Suspect
from headstart.display.text import counted
from headstart.errors import (
    ImageDamaged,
    ImageError,
    ImageNotFound,
    ImageTooLarge,
    ImageUnreadable,
    ImageUnsupported,
)

if TYPE_CHECKING:
    from headstart.checking.evidence import Evidence

_IN_WORDS: dict[type[ImageError], str] = {
    ImageNotFound: "not found",
    ImageUnreadable: "can't be opened",
    ImageDamaged: "damaged",
    ImageUnsupported: "no image, or not supported",
    ImageTooLarge: "too large",
}


class UnreadableImages(Check):
    """Which files can't be read, and why. Each file is decoded whole."""

    name = "unreadable"
    question = "Can every image be read?"

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the files that can't be read."""
        if not evidence.unreadable:
            return None
        dataset = evidence.dataset
        rows = sorted(set(range(len(dataset))) - set(evidence.places.tolist()))
        suspects = tuple(
            Suspect(
                source=image.source,
                label=dataset.labels[row],
                split=None if dataset.split is None else dataset.split[row],
                why=_IN_WORDS.get(type(image.error), "unreadable"),
                action="drop",
                error=image.error,
            )
            for row, image in zip(rows, evidence.unreadable, strict=True)
        )
        kinds = Counter(suspect.why for suspect in suspects)
        return Finding(
            check=self.name,
            severity="error",
            headline=(
                f"{counted(len(suspects), 'image')} can't be read: "
                f"{', '.join(f'{n:,} {kind}' for kind, n in kinds.most_common())}."
            ),
            advice="Training leaves them out. Get them again, or remove them.",
            suspects=suspects,
            figures={"n": len(suspects), "share": len(suspects) / len(dataset)},
        )
