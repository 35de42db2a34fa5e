"""Checks of arguments, made from the annotations of functions and of settings.

A wrong value is refused in words before any work starts. `checked` does that for the arguments of a
function, `check_fields` for the fields of a dataclass, `check_parameters` for the parameters of an
estimator of scikit-learn.
"""

import builtins
import collections.abc
import functools
import inspect
import math
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from headstart.errors import UsageError
from headstart.escaping import quoted

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a number, for an annotation: ``Annotated[int, Between(1)]``."""

    least: float
    most: float = math.inf

    def __str__(self) -> str:
        """Return the range in words."""
        most = "" if self.most == math.inf else f" and at most {self.most}"
        return f"of at least {self.least}{most}"


@dataclass(frozen=True, slots=True)
class Means:
    """What messages call a value instead of its type, for an annotation."""

    text: str


#: A number of things of which there must be one.
Positive = Annotated[int, Between(1)]
#: The seeds that NumPy, Keras and scikit-learn take.
Seed = Annotated[int, Between(0, 2**32 - 1)]

_ANYTHING = (Any, object, inspect.Parameter.empty)
_UNIONS = (types.UnionType, typing.Union)


def checked(function: Function) -> Function:
    """Return a function that refuses arguments of other types than its annotations say.

    Its signature names the keywords that ``**keywords: Unpack[...]`` takes.
    """
    signature, shown = inspect.signature(function), _with_keywords(function)

    @functools.wraps(function)
    def check_and_call(*args: Any, **kwargs: Any) -> Any:
        hints = _hints(function)
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            # Arguments are missing or unknown: Python's own message also names the function.
            return function(*args, **kwargs)
        for name, value in given.items():
            if signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD:
                check(name, value, hints.get(name, Any))
            elif name not in shown.parameters and (unknown := value.keys() - shown.parameters):
                words = f"got an unexpected keyword argument {min(unknown)!r}"
                raise TypeError(f"{function.__name__}() {words}")
        return function(*args, **kwargs)

    check_and_call.__signature__ = shown  # type: ignore[attr-defined]
    return typing.cast("Function", check_and_call)


def _with_keywords(function: Function) -> inspect.Signature:
    """Return a signature with the keys of a TypedDict in the place of ``**keywords``."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if not parameters or parameters[-1].kind is not inspect.Parameter.VAR_KEYWORD:
        return signature
    annotation = parameters.pop().annotation
    if isinstance(annotation, str):
        annotation = eval(annotation, {}, _Names(function.__module__))  # noqa: S307 - our own text
    if get_origin(annotation) is not typing.Unpack:
        return signature
    (taken,) = get_args(annotation)
    # Each has a default, which only the function knows.
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=...)
        for name in taken.__annotations__
    ]
    return signature.replace(parameters=parameters)


def check_fields(record: Any) -> None:
    """Refuse a dataclass of which a field has another type than its annotation says.

    Raises
    ------
    UsageError
    """
    kind: Any = type(record)
    hints = _hints(kind)
    for field in fields(record):
        check(field.name, getattr(record, field.name), hints[field.name])


def check_parameters(estimator: Any) -> None:
    """Refuse parameters of other types than the annotations of ``__init__`` say.

    Raises
    ------
    UsageError
    """
    for name, hint in _hints(type(estimator).__init__).items():
        if name != "return" and hasattr(estimator, name):
            check(name, getattr(estimator, name), hint)


def check(name: str, value: object, hint: Any) -> None:
    """Refuse a value that does not fit an annotation.

    Parameters
    ----------
    name : str
        What the message calls the value.
    value : object
    hint : type
        An annotation. What this module knows nothing of fits everything.

    Raises
    ------
    UsageError
        The value does not fit.
    """
    if not _fits(value, hint):
        raise UsageError(f"{name} must be {_words(hint)}. Received: {quoted(value, 200)}.")


def check_known(name: str, value: object, known: Iterable[str]) -> None:
    """Refuse a value that is none of the known ones, where no annotation can name these.

    Raises
    ------
    UsageError
    """
    check(name, value, Literal.__getitem__(tuple(known)))


def _fits(value: object, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _fits(value, inner[0]) and _in_range(value, inner[1:])
    if origin in _UNIONS:
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return any(_is_same(value, each) for each in inner)
    if origin is not None:
        return _fits_collection(value, origin, inner)
    return _fits_type(value, hint)


def _is_same(value: object, choice: object) -> bool:
    if isinstance(value, bool) is not isinstance(choice, bool):
        return False
    return isinstance(value, type(choice)) and value == choice


def _in_range(value: object, ranges: Iterable[object]) -> bool:
    numbers = [each for each in ranges if isinstance(each, Between)]
    return all(each.least <= value <= each.most for each in numbers)  # type: ignore[operator]


def _fits_collection(value: object, origin: Any, inner: tuple[Any, ...]) -> bool:
    if origin is tuple:
        return isinstance(value, tuple | list) and _fits_tuple(value, inner)
    if not isinstance(origin, type) or not isinstance(value, origin):
        return False
    if isinstance(value, dict) and len(inner) == 2:
        return all(_fits(key, inner[0]) and _fits(item, inner[1]) for key, item in value.items())
    # Text is a sequence of text, but never what is meant. An array without axes has no items.
    is_single = isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0
    if is_single and issubclass(origin, Iterable):
        return False
    # Of a million items of any kind, none need be checked.
    has_kind = len(inner) == 1 and inner[0] not in _ANYTHING
    items = value if isinstance(value, list | tuple) and has_kind else ()
    return all(_fits(item, inner[0]) for item in items)


def _fits_tuple(items: Sequence[object], hints: tuple[Any, ...]) -> bool:
    hints = (hints[0],) * len(items) if hints[-1] is ... else hints
    return len(hints) == len(items) and all(map(_fits, items, hints))


def _fits_type(value: object, hint: Any) -> bool:
    if hint in _PLAIN:
        return _PLAIN[hint][1](value)
    if hint in _ANYTHING or not isinstance(hint, type):
        return True
    if getattr(hint, "_is_protocol", False):
        members = [name for name in vars(hint) if not name.startswith("_")]
        return all(hasattr(value, name) for name in members)
    if issubclass(hint, _Named):
        return hint.__name__ in {each.__name__ for each in type(value).__mro__}
    return isinstance(value, hint)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))


#: What messages call plain types, and what fits them.
_PLAIN: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("True or False", lambda value: type(value).__name__ in {"bool", "bool_"}),
    int: ("a whole number", _is_whole),
    float: ("a number", _is_number),
    # A name or a path without characters says nothing.
    str: ("text", lambda value: isinstance(value, str) and bool(value)),
    Path: ("a path", lambda value: isinstance(value, Path)),
    types.NoneType: ("None", lambda value: value is None),
    None: ("None", lambda value: value is None),
}


def _words(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _words_of_annotated(*inner)
    if origin in _UNIONS:
        *others, last = [_words(each) for each in inner]
        comma = "," if any(" or " in each for each in others) else ""
        return f"{', '.join(others)}{comma} or {last}"
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin is not None:
        return _words_of_collection(origin, inner)
    return _PLAIN[hint][0] if hint in _PLAIN else _with_article(hint)


def _words_of_annotated(hint: Any, *said: object) -> str:
    meanings = [each.text for each in said if isinstance(each, Means)]
    ranges = [str(each) for each in said if isinstance(each, Between)]
    return meanings[0] if meanings else " ".join([_words(hint), *ranges])


def _words_of_collection(origin: Any, inner: tuple[Any, ...]) -> str:
    if origin is tuple and inner[-1] is not ...:
        return f"({', '.join(map(_words, inner))})"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a dict"
    if origin is tuple or (isinstance(origin, type) and issubclass(origin, Iterable)):
        return "a list" if inner[0] in _ANYTHING else f"a list (each item {_words(inner[0])})"
    return _with_article(origin)


def _with_article(kind: Any) -> str:
    name = getattr(kind, "__name__", str(kind))
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"


class _Names(dict[str, Any]):
    """The names that an annotation may use; one that can't be found means anything.

    Modules import many names for type checkers only. Classes among these are told by their names,
    because to import them here may take seconds.
    """

    def __init__(self, module: str) -> None:
        super().__init__(vars(builtins) | vars(collections.abc) | vars(sys.modules[module]))

    def __missing__(self, name: str) -> Any:
        package: Any = sys.modules["headstart"]
        if name == "Path":
            return Path
        if name == "Progress":
            return package.Progress
        is_class = name == "Network" or (name in dir(package) and name[0].isupper())
        return type(name, (_Named,), {}) if is_class else Any


class _Named:
    """A class of which only the name is known."""


@functools.cache
def _hints(annotated: Any) -> dict[str, Any]:
    """Return the annotations of a function, or of a class and its bases, evaluated."""
    holders = reversed(annotated.__mro__) if isinstance(annotated, type) else [annotated]
    return {name: hint for holder in holders for name, hint in _own_hints(holder)}


def _own_hints(holder: Any) -> Iterator[tuple[str, Any]]:
    names: _Names | None = None
    for name, hint in inspect.get_annotations(holder).items():
        if not isinstance(hint, str):
            yield name, hint
            continue
        names = names or _Names(holder.__module__)
        try:
            yield name, eval(hint, {}, names)  # noqa: S307 - the annotations of this package
        except (AttributeError, TypeError):
            # Such as a subscript of a name that means anything.
            yield name, Any
