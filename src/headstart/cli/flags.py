"""Flags that are made from settings.

A settings object is a dataclass with a numpydoc docstring. Each flag sets one of its fields. It
takes its type and its default from the field, and its help from the docstring: the first sentence
about the field, the sentences that begin with one of its choices ('"auto" is ...'), and for a
default of None the sentence that begins with "The default is".
"""

from __future__ import annotations

import argparse
import collections.abc
import dataclasses
import pathlib
import sys
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin

from headstart.cli.docstrings import parameters, sentences
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from _typeshed import DataclassInstance

    from headstart.cli.parser import Group

S = TypeVar("S", bound="DataclassInstance")

# Settings modules import these for type checkers only.
_NAMES = {"Path": pathlib.Path, **vars(collections.abc)}


@dataclass(frozen=True, slots=True)
class Kind:
    """How the values of a field are written on a command line.

    Parameters
    ----------
    how : mapping
        What ``add_argument`` takes: metavar, type, choices, nargs, action.
    convert : callable
        Makes the field's value of what argparse stored: a value, a list of them, or a bool.
    show : callable
        Makes the words that help shows for the field's value.
    help : str, optional
        What the flag does, if it is not what the docstring says of the field.
    """

    how: Mapping[str, Any]
    convert: Callable[[Any], Any] = lambda value: value
    show: Callable[[Any], str] = str
    help: str | None = None


class Flags(Generic[S]):
    """The flags that set the fields of one settings object.

    Parameters
    ----------
    defaults : dataclass instance
        The settings that hold where no flag is given.
    prefix : str
        What every flag begins with, such as "head-".
    names : mapping of str to str
        For a field whose flag is not called like the field: "--flag", or "--flag METAVAR".
    kinds : mapping of str to Kind
        For a field whose values are not written as its type says.
    without : mapping of str to str
        The fields that have no flag here, each with the reason.
    """

    def __init__(
        self,
        defaults: S,
        *,
        prefix: str = "",
        names: Mapping[str, str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
        without: Mapping[str, str] | None = None,
    ) -> None:
        self.defaults, self.without = defaults, without or {}
        types_ = {each.name: each.type for each in dataclasses.fields(defaults)}
        self.fields = tuple(name for name in types_ if name not in self.without)
        self._names = {name: f"--{prefix}{name.replace('_', '-')}" for name in self.fields}
        self._names |= names or {}
        self._kinds = dict(kinds or {})
        for name in self.fields:
            if name not in self._kinds:
                self._kinds[name] = kind_of(_resolved(types_[name], type(defaults).__module__))
        self._texts = parameters(type(defaults))

    def add(self, group: Group, *fields: str) -> None:
        """Add the flags of these fields, or of all fields if none is named."""
        for name in fields or self.fields:
            flag, _, metavar = self._names[name].partition(" ")
            how = {**self._kinds[name].how, **({"metavar": metavar} if metavar else {})}
            text = self.help(name).replace("%", "%%")
            # Stored under the flag itself: two settings objects may have fields of the same name.
            group.add_argument(flag, dest=flag, default=argparse.SUPPRESS, help=text, **how)

    def add_others(self, group: Group, *added: str) -> None:
        """Add the flags of all fields but these."""
        self.add(group, *(name for name in self.fields if name not in added))

    def flag(self, field: str) -> str:
        """Return the flag of a field."""
        return self._names[field].partition(" ")[0]

    def help(self, field: str) -> str:
        """Return the help of a field's flag: what it sets, its choices, its default."""
        kind, default = self._kinds[field], getattr(self.defaults, field)
        first, *others = self.told(field)
        choices = tuple(f'"{choice}" ' for choice in kind.how.get("choices", ()))
        about = [each for each in others if each.startswith(choices)]
        text = kind.help or ". ".join([f"{first[:1].lower()}{first[1:]}", *about])
        shown = _told_default(others) if default is None else kind.show(default)
        return f"{text} (default: {shown})" if shown else text

    def told(self, field: str) -> list[str]:
        """Return what the docstring says of a field, sentence by sentence."""
        return sentences(self._texts.get(field, "").replace("`", "'"))

    def given(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """Return the values of the fields whose flags were given."""
        stored = vars(arguments)
        return {
            name: self._kinds[name].convert(stored[self.flag(name)])
            for name in self.fields
            if self.flag(name) in stored
        }

    def flags_given(self, arguments: argparse.Namespace) -> list[str]:
        """Return the flags that were given."""
        return [self.flag(name) for name in self.given(arguments)]

    def settings(self, arguments: argparse.Namespace, **others: Any) -> S:
        """Return the settings that the flags ask for.

        Parameters
        ----------
        arguments : argparse.Namespace
        **others
            Values of fields without a flag.

        Raises
        ------
        UsageError
            If a value is out of its range. The message names the flag.
        """
        try:
            return dataclasses.replace(self.defaults, **self.given(arguments), **others)
        except UsageError as error:
            # Messages begin with the name of the field.
            name, space, rest = str(error).partition(" ")
            if name not in self.fields:
                raise
            raise UsageError(f"{self.flag(name)}{space}{rest}") from None


def _told_default(told: Sequence[str]) -> str:
    begins = "The default is "
    return next((each.removeprefix(begins) for each in told if each.startswith(begins)), "")


def must_come_with(needed: str, given: Sequence[str], *, received: str = "none") -> None:
    """Refuse flags that mean nothing without another one.

    Parameters
    ----------
    needed : str
        The other flag.
    given : sequence of str
        The flags that were given.
    received : str
        What was given instead of `needed`.

    Raises
    ------
    UsageError
        If there are any.
    """
    if given:
        raise UsageError(f"{', '.join(given)} must come with {needed}. Received: {received}.")


def reader(
    must: str, read: Callable[[str], Any], holds: Callable[[Any], bool] = lambda _: True
) -> Callable[[str], Any]:
    """Return a function that turns a word into a value, or refuses it.

    Parameters
    ----------
    must : str
        What must hold, as the error message says it: "must be a number".
    read : callable
        Makes the value, or raises ValueError.
    holds : callable
        Whether the value is in its range.
    """

    def value(text: str) -> Any:
        try:
            if holds(found := read(text)):
                return found
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"{must}. Received: {text!r}.")

    return value


whole_number = reader("must be a whole number", int)
real_number = reader("must be a number", float)
#: A whole number if it is written as one.
number = reader(
    "must be a number", lambda text: int(text) if text.lstrip("+-").isdigit() else float(text)
)


def _shown_number(value: float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


SWITCH = Kind({"action": argparse.BooleanOptionalAction}, show=_yes_or_no)
WHOLE = Kind({"metavar": "N", "type": whole_number})
REAL = Kind({"metavar": "X", "type": real_number}, show=_shown_number)
NUMBER = Kind({"metavar": "X", "type": number}, show=_shown_number)
TEXT = Kind({"metavar": "NAME"})

_KINDS = {
    frozenset({bool}): SWITCH,
    frozenset({int}): WHOLE,
    frozenset({float}): REAL,
    frozenset({int, float}): NUMBER,
}


def kind_of(annotation: Any) -> Kind:
    """Return how values of a type are written.

    Raises
    ------
    TypeError
        If nobody has said how.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return Kind({"choices": inner})
    if origin in (tuple, collections.abc.Sequence) and inner[1:] in ((), (...,)):
        return _several(kind_of(inner[0]))
    types_ = frozenset(inner if origin in (types.UnionType, typing.Union) else [annotation])
    # The text decides what it names: a Path would always mean a folder.
    if str in types_:
        return TEXT
    others = types_ - {types.NoneType}
    if len(others) == 1 and get_origin(choice := next(iter(others))) is Literal:
        return kind_of(choice)
    kind = _KINDS.get(others)
    if kind is None:
        raise TypeError(f"A flag must be given a Kind for the type {annotation}.")
    return _optional(kind) if types.NoneType in types_ else kind


def _several(kind: Kind) -> Kind:
    return Kind(
        {**kind.how, "nargs": "*"},
        convert=tuple,
        show=lambda items: " ".join(map(kind.show, items)) or "none",
    )


def _optional(kind: Kind) -> Kind:
    read = kind.how["type"]
    how = {**kind.how, "type": lambda text: None if text == "none" else read(text)}
    return dataclasses.replace(kind, how=how)


def _resolved(written: Any, module: str) -> Any:
    """Return a field's type. It is resolved alone: others may be known to type checkers only."""
    holder = types.SimpleNamespace(__annotations__={"field": written})
    return typing.get_type_hints(holder, vars(sys.modules[module]), _NAMES)["field"]
