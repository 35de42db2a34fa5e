"""What a report can show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from headstart.display.displayed import Displayed
    from headstart.display.table import Table
    from headstart.evaluation.evaluation import Evaluation
    from headstart.images.sources import ImageSource
    from headstart.prediction.predictor import Predictor
    from headstart.training.history import Epoch


@dataclass(frozen=True, slots=True)
class Gallery:
    """Images that a section shows.

    Attributes
    ----------
    caption : str
    images : sequence of (str, str)
        The name of each image, and what to say of it.
    """

    caption: str
    images: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Further:
    """Something more that a report shows, under a heading of its own.

    Attributes
    ----------
    title : str
    result : Displayed
        Its paragraphs and tables are shown.
    galleries : sequence of Gallery
        Shown below them.
    """

    title: str
    result: Displayed
    galleries: Sequence[Gallery] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """What a report can show.

    Attributes
    ----------
    name : str
        What the report calls the model.
    predictor : Predictor
        The model; heat maps are made with it.
    evaluation : Evaluation
        How good it is.
    sources : Mapping of str to ImageSource
        The evaluated images by their names; those that are missing are not shown.
    facts : Table
        What the model is made of.
    training_images : Table
        The number of training images of each class.
    n_training : int
        The number of training images.
    data : sequence of str
        Sentences about the data and the split.
    history : sequence of Epoch
        The epochs of a fine-tuning or of a dense head.
    further : sequence of Further
        More sections, such as the findings of a data check.
    command : str
        The command that made the model or the report; "" if it is not known.
    created : str
        When, for people.
    """

    name: str
    predictor: Predictor
    evaluation: Evaluation
    sources: Mapping[str, ImageSource]
    facts: Table
    training_images: Table
    n_training: int
    data: Sequence[str] = ()
    history: Sequence[Epoch] = ()
    further: Sequence[Further] = field(default_factory=tuple)
    command: str = ""
    created: str = ""
