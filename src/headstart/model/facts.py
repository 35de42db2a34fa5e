"""Tables that show people what a classifier is made of."""

from collections.abc import Hashable, Iterable, Sequence

from headstart.display.table import Table
from headstart.display.text import counted
from headstart.escaping import printable
from headstart.model.training_data import TrainingData
from headstart.prediction.predictor import Predictor

IN_A_LINE = 5
IN_A_TABLE = 20


def listed_classes(classes: Sequence[Hashable]) -> str:
    """Return the number of the classes and the first of their names.

    Examples
    --------
    >>> listed_classes(["cat", "dog"])
    '2 classes (cat, dog)'
    """
    more = ["..."] if len(classes) > IN_A_LINE else []
    named = ", ".join([*(printable(str(label)) for label in classes[:IN_A_LINE]), *more])
    return f"{counted(len(classes), 'class', 'classes')} ({named})"


def fact_table(
    predictor: Predictor,
    head: str,
    training: TrainingData,
    further: Iterable[tuple[str, str]] = (),
) -> Table:
    """Return a table of facts, each with its name; `further` facts come last."""
    network, resize = predictor.network, predictor.resize
    tuned = f", fine-tuned: {training.fine_tuned}" if training.fine_tuned else ""
    mirror = "; mean over the image and its mirror image" if network.mirror else ""
    others = f"; {training.unreadable:,} more could not be read" if training.unreadable else ""
    return Table(
        rows=[
            ("network", f"{network.name}{tuned}"),
            ("input", f"{resize.height} x {resize.width} pixels, resize {resize.rule!r}{mirror}"),
            *([("resize", training.resize_choice)] if training.resize_choice else ()),
            ("head", head),
            ("precision", predictor.precision),
            ("training images", f"{training.n_images:,}{others}"),
            *further,
        ]
    )


def class_table(classes: Sequence[Hashable], training: TrainingData) -> Table:
    """Return the number of training images of each class, of 20 classes at most."""
    more = len(classes) - IN_A_TABLE
    counted = list(zip(classes, training.counts, strict=True))[:IN_A_TABLE]
    return Table(
        headings=("class", "training images"),
        align="<>",
        rows=[(str(label), f"{count:,}") for label, count in counted],
        notes=[f"... and {more:,} more classes"] if more > 0 else (),
    )
