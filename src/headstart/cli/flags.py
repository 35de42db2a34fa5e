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
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, get_args, get_origin

from headstart.cli.docstrings import parameters, sentences
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")

# Settings modules import these for type checkers only.
_NAMES = {"Path": pathlib.Path, **vars(collections.abc)}


class Group(Protocol):
    """Where options are added: a parser, or a group of its options."""

    def add_argument(self, *names: str, help: str, **how: Any) -> object:  # noqa: A002 - argparse's
        """Add an option, as `argparse.ArgumentParser.add_argument` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the values of a field are written on a command line.

    Parameters
    ----------
    metavar : str, optional
        What help shows in place of a value.
    parse : callable, optional
        Makes a value of one word, or raises `argparse.ArgumentTypeError`.
    convert : callable
        Makes the field's value of what argparse stored: a parsed word, a list of them, or a bool.
    show : callable
        Makes the words that help shows for the field's value.
    help : str, optional
        What the flag does, if it is not what the docstring says of the field.
    choices, nargs, action
        As ``add_argument`` takes them.
    """

    metavar: str | None = None
    parse: Callable[[str], Any] | None = None
    convert: Callable[[Any], Any] = lambda value: value
    show: Callable[[Any], str] = str
    help: str | None = None
    choices: Sequence[str] | None = None
    nargs: str | int | None = None
    action: type[argparse.Action] | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what ``add_argument`` gets."""
        names = ("metavar", "choices", "nargs", "action")
        given = {"type": self.parse} | {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}


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
        self.defaults = defaults
        self.without = dict(without or {})
        self.fields = tuple(
            field.name for field in dataclasses.fields(defaults) if field.name not in self.without
        )
        self._names = {name: f"--{prefix}{name.replace('_', '-')}" for name in self.fields}
        self._names |= names or {}
        self._kinds = dict(kinds or {})
        for name in self.fields:
            if name not in self._kinds:
                self._kinds[name] = kind_of(_annotation(type(defaults), name))
        self._texts = parameters(type(defaults))

    def add(self, group: Group, *fields: str) -> None:
        """Add the flags of these fields, or of all fields if none is named."""
        for name in fields or self.fields:
            _, _, metavar = self._names[name].partition(" ")
            how = self._kinds[name].arguments() | ({"metavar": metavar} if metavar else {})
            group.add_argument(
                self.flag(name),
                dest=self._dest(name),
                default=argparse.SUPPRESS,
                help=self.help(name).replace("%", "%%"),
                **how,
            )

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
        choices = tuple(f'"{choice}" ' for choice in kind.choices or ())
        about = [each for each in others if each.startswith(choices)]
        text = kind.help or ". ".join([f"{first[:1].lower()}{first[1:]}", *about])
        shown = _told_default(others) if default is None else kind.show(default)
        return f"{text} (default: {shown})" if shown else text

    def told(self, field: str) -> list[str]:
        """Return what the docstring says of a field, sentence by sentence."""
        return sentences(self._texts.get(field, "").replace("`", "'"))

    def given(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """Return the values of the fields whose flags were given."""
        return {
            name: self._kinds[name].convert(getattr(arguments, self._dest(name)))
            for name in self.fields
            if hasattr(arguments, self._dest(name))
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

    def _dest(self, field: str) -> str:
        return self.flag(field).removeprefix("--").replace("-", "_")


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


def _annotation(settings: type[DataclassInstance], field: str) -> object:
    """Return the type of one field; others may be known to type checkers only."""
    written = {each.name: each.type for each in dataclasses.fields(settings)}[field]
    holder = types.SimpleNamespace(__annotations__={field: written})
    return typing.get_type_hints(holder, vars(sys.modules[settings.__module__]), _NAMES)[field]


def kind_of(annotation: Any) -> Kind:
    """Return how values of a type are written.

    Raises
    ------
    TypeError
        If nobody has said how.
    """
    if get_origin(annotation) is Literal:
        return Kind(choices=get_args(annotation))
    if get_origin(annotation) in (tuple, collections.abc.Sequence):
        return _several(get_args(annotation))
    if get_origin(annotation) in (types.UnionType, typing.Union):
        return _one_of(get_args(annotation))
    if annotation not in _KINDS:
        raise _unknown(annotation)
    return _KINDS[annotation]


def number(text: str) -> float | int:
    """Return `text` as a number: a whole one if it is written as one."""
    try:
        return int(text)
    except ValueError:
        return real_number(text)


def whole_number(text: str) -> int:
    """Return `text` as a whole number."""
    try:
        return int(text)
    except ValueError:
        raise _must_be("a whole number", text) from None


def real_number(text: str) -> float:
    """Return `text` as a number."""
    try:
        return float(text)
    except ValueError:
        raise _must_be("a number", text) from None


def _unknown(annotation: object) -> TypeError:
    return TypeError(f"A flag must be given a Kind for the type {annotation}.")


def _must_be(what: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"must be {what}. Received: {text!r}.")


def _shown_number(value: float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


SWITCH = Kind(show=_yes_or_no, action=argparse.BooleanOptionalAction)
WHOLE = Kind(metavar="N", parse=whole_number)
REAL = Kind(metavar="X", parse=real_number, show=_shown_number)
NUMBER = Kind(metavar="X", parse=number, show=_shown_number)
TEXT = Kind(metavar="NAME")
PATH = Kind(metavar="PATH", parse=pathlib.Path)

_KINDS: dict[Any, Kind] = {
    bool: SWITCH, int: WHOLE, float: REAL, str: TEXT, pathlib.Path: PATH,
}  # fmt: skip


def _one_of(types_: Sequence[Any]) -> Kind:
    some = [each for each in types_ if each is not types.NoneType]
    # The text decides what it names: a Path would always mean a folder.
    if str in some:
        return TEXT
    if set(some) == {int, float}:
        kind = NUMBER
    elif len(some) == 1:
        kind = kind_of(some[0])
    else:
        raise _unknown(some)
    if kind.parse in (whole_number, real_number, number) and len(some) < len(types_):
        return dataclasses.replace(kind, parse=_or_none(kind.parse))
    return kind


def _or_none(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: None if text == "none" else parse(text)


def _several(types_: Sequence[Any]) -> Kind:
    """Return how a tuple is written: as many words as it has items, any number if it is open."""
    kind = kind_of(types_[0])
    is_open = len(types_) == 1 or types_[1] is ...
    return Kind(
        metavar=kind.metavar,
        parse=kind.parse,
        convert=tuple,
        show=lambda items: " ".join(map(kind.show, items)) or "none",
        nargs="*" if is_open else len(types_),
    )
