"""An `Evaluation` as plain text, for a terminal and for people who are not statisticians."""

from collections.abc import Iterator, Sequence

import numpy as np

from headstart.display.text import columns, headline, one_line, percent, shorten
from headstart.evaluation.evaluation import ClassResult, Evaluation
from headstart.evaluation.metrics import Interval

WIDTH = 100
AT_MOST_CLASSES = 20
AT_MOST_LINES = 10
WIDEST_NAME = 28


def report(evaluation: Evaluation) -> str:
    """Return the whole report; it fits 100 columns whatever the number of classes.

    Up to 20 classes are shown in full; of more, the weakest and the most frequent confusions.
    """
    sections = (
        _headline(evaluation),
        _classes(evaluation),
        _confusion(evaluation),
        _mistakes(evaluation),
        _errors(evaluation),
    )
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section)))


def _left(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def _right(text: str, width: int) -> str:
    return " " * (width - columns(text)) + text


def _name_width(names: Sequence[str]) -> int:
    return min(max(columns(one_line(name)) for name in names), WIDEST_NAME)


def _headline(evaluation: Evaluation) -> Iterator[str]:
    n_right = evaluation.n - len(evaluation.mistakes)
    yield headline(n_right, evaluation.n, evaluation.interval)
    commonest = evaluation.classes[int(evaluation.confusion.sum(axis=1).argmax())]
    yield (
        f"With every class weighing the same: {percent(evaluation.balanced_accuracy)} right, "
        f"F1 {evaluation.macro_f1:.2f}."
    )
    yield (
        f"Always answering '{shorten(commonest, WIDEST_NAME)}' would be right for "
        f"{percent(evaluation.majority_share)}."
    )
    if evaluation.top_5_accuracy is not None:
        yield f"The right class was among the first five for {percent(evaluation.top_5_accuracy)}."
    if evaluation.errors:
        yield f"Could not be read and not counted: {len(evaluation.errors):,} (listed at the end)."


def _classes(evaluation: Evaluation) -> Iterator[str]:
    shown = _weakest(evaluation)
    names = [evaluation.classes[index] for index in shown]
    width = max(_name_width(names), len("class"))
    left_out = len(evaluation.classes) - len(shown)
    yield f"Class by class, the {len(shown)} weakest first" if left_out else "Class by class"
    yield f"  {'class':<{width}}  {'images':>6}  {'found':<25}  {'right when named':<25}  {'F1':>4}"
    for index, name in zip(shown, names, strict=True):
        yield f"  {_left(shorten(name, width), width)}  {_class_line(evaluation.per_class[index])}"
    if left_out:
        yield f"  ... and {left_out:,} more classes"
    yield "  found: of the images of this class, how many were recognised (recall)"
    yield "  right when named: of the images given this name, how many really were it (precision)"
    yield "  in brackets: the 95 % interval, where the true figure most likely lies"


def _weakest(evaluation: Evaluation) -> Sequence[int]:
    total = range(len(evaluation.classes))
    if len(total) <= AT_MOST_CLASSES:
        return total
    f1 = [2.0 if result.f1 is None else result.f1 for result in evaluation.per_class]
    return sorted(total, key=lambda index: f1[index])[:AT_MOST_CLASSES]


def _class_line(result: ClassResult) -> str:
    f1 = "   -" if result.f1 is None else f"{result.f1:.2f}"
    recall = _measured(result.recall, result.recall_interval)
    precision = _measured(result.precision, result.precision_interval)
    return f"{result.n:>6,}  {recall:<25}  {precision:<25}  {f1:>4}"


def _measured(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "      -"
    low, high = interval
    return f"{percent(value):>7} ({100 * low:.1f} to {100 * high:.1f})"


def _confusion(evaluation: Evaluation) -> Iterator[str]:
    if len(evaluation.classes) <= AT_MOST_CLASSES:
        yield from _matrix(evaluation)
    else:
        yield from _frequent_confusions(evaluation)


def _matrix(evaluation: Evaluation) -> Iterator[str]:
    names, counts = evaluation.classes, evaluation.confusion
    width = _name_width(names)
    cell = max(_name_width(names), len(f"{counts.max():,}"))
    heads = [shorten(name, cell) for name in names]
    if 2 + width + (cell + 2) * len(names) > WIDTH:
        # Names are too wide for a row of heads: number the classes instead.
        cell = max(3, len(f"{counts.max():,}"))
        heads = [str(number) for number in range(1, len(names) + 1)]
        names = tuple(f"{number:>2} {name}" for number, name in enumerate(names, 1))
        width = min(width + 3, WIDTH - 2 - (cell + 1) * len(names))
    gap = " " if heads[0] == "1" else "  "
    yield "What was taken for what (a row for what it is, a column for what it was taken for)"
    yield gap.join([f"  {'':{width}}", *(_right(head, cell) for head in heads)])
    for name, row in zip(names, counts, strict=True):
        cells = (_right(f"{count:,}" if count else ".", cell) for count in row)
        yield gap.join([f"  {_left(shorten(name, width), width)}", *cells])


def _frequent_confusions(evaluation: Evaluation) -> Iterator[str]:
    wrong = evaluation.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:AT_MOST_LINES]
    pairs = [divmod(int(cell), len(wrong)) for cell in order if wrong.flat[cell]]
    if not pairs:
        return
    yield "Most often confused"
    for true, predicted in pairs:
        yield (
            f"  {wrong[true, predicted]:>5,} of {evaluation.per_class[true].n:,} "
            f"{shorten(evaluation.classes[true], WIDEST_NAME)} "
            f"taken for {shorten(evaluation.classes[predicted], WIDEST_NAME)}"
        )


def _mistakes(evaluation: Evaluation) -> Iterator[str]:
    worst = evaluation.mistakes[:AT_MOST_LINES]
    if not worst:
        return
    whats = [
        f"{shorten(mistake.true, WIDEST_NAME)} taken for {shorten(mistake.predicted, WIDEST_NAME)}"
        for mistake in worst
    ]
    width = max(map(columns, whats))
    total = len(evaluation.mistakes)
    which = f"the {len(worst)} worst of {total:,}" if total > len(worst) else "all of them"
    yield f"Wrong and sure of it ({which}, with the probability given to the wrong answer)"
    for mistake, what in zip(worst, whats, strict=True):
        room = max(WIDTH - width - 13, WIDEST_NAME)
        path = shorten(mistake.path, room)
        yield f"  {percent(mistake.probability):>7}  {_left(what, width)}  {path}"


def _errors(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.errors:
        return
    yield "Could not be read"
    for error in evaluation.errors[:AT_MOST_LINES]:
        yield f"  {shorten(error.path, WIDTH)}: {one_line(error.message)}"
    left_out = len(evaluation.errors) - AT_MOST_LINES
    if left_out > 0:
        yield f"  ... and {left_out:,} more"
