"""What a report can answer of the items that CLAIM 2024 asks for.

See Tejani et al. (2024), Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024
Update, Radiology: Artificial Intelligence 6(4), e240300. The topics are named in our own words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from headstart.display.text import counted, percent

if TYPE_CHECKING:
    from headstart.evaluation.evaluation import Evaluation
    from headstart.prediction.predictor import Predictor


class Item(NamedTuple):
    """One topic of the checklist, and what is known about it."""

    topic: str
    answer: str


#: What only the people who made the study know.
FOR_YOU = (
    "the background, the intended use and the hypotheses of the study",
    "prospective or retrospective design, and the goal of the study",
    "where, when and from whom the images were collected, and who was included and excluded",
    "how the images were acquired, de-identified, and prepared before they got here",
    "the reference standard: who assigned the labels, how, and how well several people agree",
    "how the number of test images was decided",
    "the composition of the groups of people, and missing data",
    "tests on data of other places, and in practice",
    "limitations, implications, registration, funding, and where the data and code are available",
)


def answered(evaluation: Evaluation, predictor: Predictor, training_images: int) -> list[Item]:
    """Return the topics that the report answers, each with a sentence."""
    low, high = evaluation.interval
    network, resize = predictor.network, predictor.resize
    if evaluation.n_groups is None:
        level = "single images: no groups were given or found"
    else:
        level = (
            f"groups: {counted(evaluation.n, 'tested image')} in "
            f"{counted(evaluation.n_groups, 'group')}, which the intervals count"
        )
    source = f", from {network.source}" if network.source else ""
    return [
        Item(
            "Preparation of the images",
            f"Resized to {resize.height} x {resize.width} pixels by the rule {resize.rule!r}; "
            "colours as the network was trained with, inside the saved model.",
        ),
        Item(
            "Partitions, and the level at which they are apart",
            f"{counted(training_images, 'training image')}; {counted(evaluation.n, 'image')} "
            f"tested{_apart(evaluation)}. Level: {level}.",
        ),
        Item(
            "The model and its initial weights",
            f"{network.name}{source}, licence: {network.license or 'not known'}; the head is "
            "trained on its features. The section on the model has the settings.",
        ),
        Item("Software", "The versions are in the section on how to repeat this."),
        Item(
            "Measures of performance and their uncertainty",
            f"Accuracy {percent(evaluation.accuracy)}, 95 % interval {percent(low)} to "
            f"{percent(high)}; recall and precision of each class with intervals.",
        ),
        Item(
            "Calibration",
            f"Expected calibration error {percent(evaluation.calibration.error)}; up to "
            f"{percent(evaluation.calibration.by_chance)} is chance.",
        ),
        Item("Explanation", "Heat maps of the worst mistakes, where they could be made."),
        Item(
            "Analysis of failures",
            f"All {counted(len(evaluation.mistakes), 'mistake')} are counted in the confusion "
            "matrix; the most confident ones are shown.",
        ),
    ]


def _apart(evaluation: Evaluation) -> str:
    """Say how the tested images are apart from the training images."""
    seen = evaluation.learnt_from
    if evaluation.how or not seen or not seen.n:
        return f", {evaluation.how}" if evaluation.how else " on others"
    return f", {seen.n:,} of which the model has learnt from"
