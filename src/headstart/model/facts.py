"""What a classifier is made of, as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.display.table import Table

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.model.training_data import TrainingData

AT_MOST_CLASSES = 20


def fact_table(
    network: Network,
    resize: Resize,
    head: str,
    precision: str,
    training: TrainingData,
    further: Iterable[tuple[str, str]] = (),
) -> Table:
    """Return a row for each fact: its name and its value. `further` facts come last."""
    tuned = f", fine-tuned: {training.fine_tuned}" if training.fine_tuned else ""
    mirror = "; mean over the image and its mirror image" if network.mirror else ""
    others = f"; {training.unreadable:,} more could not be read" if training.unreadable else ""
    return Table(
        rows=[
            ("network", f"{network.name}{tuned}"),
            ("input", f"{resize.height} x {resize.width} pixels, resize {resize.rule!r}{mirror}"),
            ("head", head),
            ("precision", precision),
            ("training images", f"{training.n_images:,}{others}"),
            *further,
        ]
    )


def class_table(classes: Sequence[Hashable], training: TrainingData) -> Table:
    """Return the number of training images of each class, of 20 classes at most."""
    more = len(classes) - AT_MOST_CLASSES
    counted = list(zip(classes, training.counts, strict=True))[:AT_MOST_CLASSES]
    return Table(
        headings=("class", "training images"),
        align="<>",
        rows=[(str(label), f"{count:,}") for label, count in counted],
        notes=[f"... and {more:,} more classes"] if more > 0 else (),
    )
