"""Labels: which ones there may be, and how those of two datasets are compared.

`resolve_labels` is the one door that labels pass, wherever they come from: the arguments of a
function, folders, tables or parquet files.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from headstart.errors import DatasetError, HeadstartError, UsageError, warn
from headstart.escaping import quoted

#: Tells where a label is, such as "label 3" or "line 7 of birds.csv".
Where = Callable[[int], str]

#: The longest label: a sentence, but no book.
MAX_CHARACTERS = 500
_KINDS = frozenset({str, bool, int, float})
_ONE_LABEL = "Every image must have one label, and headstart learns only one for each image."
_SEVERAL_LABELS = (
    f"{_ONE_LABEL} To learn several, train one model for each label, such as red or not red."
)
_SEPARATORS = "|;,"


def resolve_labels(
    labels: Iterable[Any],
    where: Where = "label {}".format,
    error: type[HeadstartError] = UsageError,
) -> list[Hashable]:
    """Return labels as Python's values, or refuse them.

    Parameters
    ----------
    labels : iterable
        The label of each image: text, whole numbers (also as floats, such as 2.0), or True and
        False, all of one kind; also as the scalars of NumPy and Arrow.
    where : callable
        Tells where the label with a number, counted from 0, is.
    error : type
        The error to raise.

    Returns
    -------
    list of str, int, float or bool
        All of one type.

    Raises
    ------
    HeadstartError
        Of the type `error`, if a label is missing, is a list, a measurement, a date or another
        object, has no characters or some that are no text; or if labels are of different kinds, or
        two of them look alike.
    """
    resolved = [label if type(label) in _KINDS else _as_python(label) for label in labels]
    try:
        _check_kinds(resolved, where)
        _check_values(resolved, where)
    except _Refused as refused:
        raise error(str(refused)) from None
    return resolved


def match_labels(
    labels: Sequence[Hashable],
    classes: Collection[Hashable],
    say: Callable[[str], object] | None = None,
) -> list[Any]:
    """Return the labels of test images as the classes of a model call them.

    A label that differs from one class only in being text or a number ("0" and 0), in the Unicode
    form of its letters or in spaces around it is taken for that class, and this is said.

    Parameters
    ----------
    labels : sequence of hashable
        As `resolve_labels` returns them.
    classes : collection of hashable
        The classes that the model knows, or will know.
    say : callable, optional
        Gets a sentence about labels that were matched. The default is to warn.

    Returns
    -------
    list
        Of the same length.

    Raises
    ------
    DatasetError
        If a label is none of the classes.
    """
    called = _matches(labels, classes, say)
    check_test_labels([called.get(label, label) for label in dict.fromkeys(labels)], classes)
    return [called.get(label, label) for label in labels] if called else list(labels)


def check_test_labels(labels: Iterable[Hashable], classes: Collection[Hashable]) -> None:
    """Refuse test labels that are none of the classes.

    Raises
    ------
    DatasetError
        If there are some.
    """
    known = set(classes)
    unknown = [label for label in dict.fromkeys(labels) if label not in known]
    if unknown:
        raise DatasetError(
            f"Every label must be one of the classes of the model: {listed(list(classes))}. "
            f"Received: {listed(unknown)}. Rename these labels, remove their images, or train with "
            "images of these classes, too."
        )


def scored_labels(labels: Sequence[Hashable], classes: Collection[Hashable]) -> list[Any]:
    """Return labels as the classes call them, for a score in which unknown ones count as wrong.

    scikit-learn's cross-validation scores classes that a training set did not have. So a warning
    names labels that are none of the classes, unless all of them are.

    Raises
    ------
    DatasetError
        If no label is one of the classes.
    """
    called = _matches(labels, classes, None)
    found = [called.get(label, label) for label in labels]
    known = set(classes)
    unknown = [label for label in dict.fromkeys(found) if label not in known]
    if unknown and not known.intersection(found):
        check_test_labels(unknown, classes)
    if unknown:
        message = (
            f"Labels that are none of the classes of the model count as wrong: {listed(unknown)}. "
            f"The classes are {listed(list(classes))}."
        )
        warn(message)
    return found


def is_too_long(label: object) -> bool:
    """Tell whether a label has more than `MAX_CHARACTERS`."""
    return isinstance(label, str) and len(label) > MAX_CHARACTERS


def listed(labels: Sequence[Hashable], at_most: int = 10) -> str:
    """Return labels as Python writes them, so that '0' and 0 look different."""
    more = f" and {len(labels) - at_most:,} more" if len(labels) > at_most else ""
    return ", ".join(quoted(label) for label in labels[:at_most]) + more


class _Refused(Exception):
    """Labels can't be used."""


def _as_python(label: Any) -> Any:
    """Return the scalars of NumPy, Arrow, PyTorch and TensorFlow as Python's values."""
    for method in ("as_py", "item", "numpy"):
        if callable(getattr(label, method, None)) and getattr(label, "ndim", 0) == 0:
            value = getattr(label, method)()
            return value if type(value) in _KINDS or method != "numpy" else _as_python(value)
    return label


def _check_kinds(labels: list[Any], where: Where) -> None:
    kinds = {type(label) for label in labels}
    if float in kinds and len(kinds) > 1:
        # In a column of text, pandas writes what is missing as NaN.
        labels = [None if _is_nan(label) else label for label in labels]
        kinds = {type(label) for label in labels}
    if not kinds <= _KINDS:
        place, label = next(
            (place, label) for place, label in enumerate(labels) if type(label) not in _KINDS
        )
        raise _Refused(_why_not(label, where(place)))
    if len(kinds) > 1:
        firsts = [
            next(n for n, label in enumerate(labels) if type(label) is kind) for kind in kinds
        ]
        one, other = sorted(firsts)[:2]
        raise _Refused(
            "Labels must be of one kind: all text, all whole numbers, or all True or False. "
            f"Received: {quoted(labels[one])} ({where(one)}) and {quoted(labels[other])} "
            f"({where(other)}). "
            "Write all of them in the same way, for example as text."
        )


def _why_not(label: Any, where: str) -> str:
    received = f"Received: {quoted(label)} ({where})."
    if _is_missing(label):
        return f"{_ONE_LABEL} {received} Give the image a label, or leave it out."
    if _is_one_hot(label):
        return (
            f"Every image must have one label, not a row of zeros and a one. {received} "
            "Pass np.argmax(y, axis=1), or the names of the classes."
        )
    if (
        isinstance(label, list | tuple | set | frozenset | Mapping)
        or getattr(label, "ndim", 0) != 0
    ):
        return f"{_SEVERAL_LABELS} {received}"
    if isinstance(label, bytes):
        return f"Labels must be text, not bytes. {received} Write label.decode()."
    if isinstance(label, dt.date | dt.time | dt.timedelta):
        return f"Labels must name classes, and dates and times do not. {received}"
    kinds = "Labels must be text, whole numbers, or True and False."
    return f"{kinds} {received} Pass str(label), or the name of its class."


def _is_missing(label: Any) -> bool:
    # NaN and NaT differ from themselves; pandas' NA has no truth.
    return label is None or type(label).__name__ in {"NAType", "NaTType"}


def _is_nan(label: Any) -> bool:
    return isinstance(label, float) and math.isnan(label)


def _is_one_hot(label: Any) -> bool:
    values = label.tolist() if hasattr(label, "tolist") else label
    if not isinstance(values, list | tuple) or len(values) < 2:
        return False
    return all(isinstance(v, int | float) for v in values) and sorted(values) == [
        *[0] * (len(values) - 1),
        1,
    ]


def _check_values(labels: list[Any], where: Where) -> None:
    distinct = dict.fromkeys(labels)
    for label in distinct:
        problem = _problem(label)
        if problem:
            # NaN equals nothing, but the object is the same.
            place = next(n for n, other in enumerate(labels) if other is label or other == label)
            raise _Refused(f"{problem} Received: {quoted(label)} ({where(place)}).")
    texts = [label for label in distinct if isinstance(label, str)]
    _check_alike(texts)
    _check_several(texts)


def _problem(label: Hashable) -> str:
    if isinstance(label, str):
        return _problem_of_text(label)
    if _is_nan(label):
        return f"{_ONE_LABEL} Give the image a label, or leave it out."
    if isinstance(label, float) and not label.is_integer():
        return (
            "Labels must name classes, and headstart learns no measurements. Sort the numbers into "
            "classes, such as 'small' and 'large'."
        )
    if isinstance(label, int | float) and not -(2**63) <= label < 2**63:
        return "Labels that are numbers must fit into 64 bits. Write them as text."
    return ""


def _problem_of_text(label: str) -> str:
    if not label.strip():
        return f"{_ONE_LABEL} Give the image a label that is not empty, or leave it out."
    if is_too_long(label):
        return f"Labels must have at most {MAX_CHARACTERS} characters. Shorten this one."
    if not _is_text(label):
        return "Labels must be text that can be written as UTF-8. Rename this one."
    return ""


def _is_text(label: str) -> bool:
    try:
        label.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_alike(texts: list[str]) -> None:
    alike: dict[str, str] = {}
    for label in texts:
        other = alike.setdefault(_plain(label), label)
        if other != label:
            raise _Refused(
                "Two labels must differ in more than spaces around them and the Unicode form of "
                f"their letters. Received: {other[:100]!a} and {label[:100]!a}. Rename one of them."
            )


def _check_several(texts: list[str]) -> None:
    """Refuse "red|round" where "red" and "round" are labels, too: those are several labels."""
    for separator in _SEPARATORS:
        parts = {label: _split(label, separator) for label in texts}
        seen = itertools.chain.from_iterable(set(names) for names in parts.values())
        counts: dict[str, int] = {}
        for name in seen:
            counts[name] = counts.get(name, 0) + 1
        for label, names in parts.items():
            if len(names) > 1 and all(counts[name] > 1 for name in names):
                raise _Refused(
                    f"{_SEVERAL_LABELS} Received: {quoted(label)}, whose parts are labels of other "
                    f"images, too. If it is one class, write it without {separator!r}."
                )


def _split(label: str, separator: str) -> list[str]:
    return [part.strip() for part in label.split(separator)]


def _plain(label: Hashable) -> str:
    return unicodedata.normalize("NFC", str(label)).strip()


def _comparable(label: Hashable) -> str:
    """Return a label as another file may write it: 2.0 as 2, True as true."""
    plain = _plain(int(label) if isinstance(label, float) and label.is_integer() else label)
    return plain.lower() if plain.lower() in {"true", "false"} else plain


def _matches(
    labels: Iterable[Hashable],
    classes: Collection[Hashable],
    say: Callable[[str], object] | None,
) -> dict[Hashable, Hashable]:
    """Return the class of each label that is none itself, but looks like exactly one."""
    known = set(classes)
    unknown = [label for label in dict.fromkeys(labels) if label not in known]
    if not unknown:
        return {}
    alike: dict[str, list[Hashable]] = {}
    for name in classes:
        alike.setdefault(_comparable(name), []).append(name)
    found = {label: alike.get(_comparable(label), []) for label in unknown}
    called = {label: names[0] for label, names in found.items() if len(names) == 1}
    if called:
        pairs = [_pair(label, name) for label, name in called.items()]
        more = f" and {len(pairs) - 3:,} more" if len(pairs) > 3 else ""
        message = (
            "Some labels are written in another way than the classes of the model. "
            f"They are read as those: {', '.join(pairs[:3])}{more}."
        )
        (say or warn)(message)
    return called


def _pair(label: Hashable, name: Hashable) -> str:
    # Forms of one letter look alike, unless they are written as numbers.
    write = repr if type(label) is not type(name) else ascii
    return f"{write(label)} as {write(name)}"
