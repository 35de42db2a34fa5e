"""Dataclasses as JSON and back, driven by their fields: a new field needs no code of its own."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Collection, Hashable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from headstart.escaping import quoted

Record = TypeVar("Record")

# A network has a thousand classes, each a named tuple of its own.
_types = functools.cache(get_type_hints)


def to_json(record: object, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON's types, without those named in `without`."""
    names = [field.name for field in dataclasses.fields(record)]  # type: ignore[arg-type]
    return {name: _written(getattr(record, name)) for name in names if name not in without}


def from_json(kind: type[Record], written: object, **given: Any) -> Record:
    """Return the dataclass that `to_json` wrote.

    Parameters
    ----------
    kind : type
        A dataclass. Its fields are str, int, float, bool, None, Literal, unions, tuples,
        named tuples, mappings with str keys, and other such dataclasses; whatever is annotated as
        Any or Hashable is taken as it is. The names in the annotations must exist in its module at
        run time.
    written : object
        What JSON gave. Keys that are no field are ignored: a newer headstart may add some.
    **given
        Fields that are not in `written`, or are to have another value.

    Raises
    ------
    ValueError
        If a field is missing and has no default, or is of another type.
    """
    if not isinstance(written, dict):
        raise ValueError(f"{kind.__name__} must be an object. Received: {quoted(written)}")  # noqa: TRY004 - the file is wrong
    hints = get_type_hints(kind)
    values = dict(given)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name in values:
            continue
        if field.name in written:
            values[field.name] = _read(hints[field.name], written[field.name], field.name)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{kind.__name__} must have {field.name}. Received: {quoted(written)}")
    return kind(**values)


def _written(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_json(value)
    if isinstance(value, tuple | list):
        return [_written(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    return value


def _read(hint: Any, value: Any, name: str) -> Any:
    kind, of = get_origin(hint) or hint, get_args(hint)
    if kind in (Any, Hashable):
        return value
    if kind in (Union, UnionType):
        return _read_one_of(of, value, name)
    make = getattr(kind, "_make", kind)  # of a named tuple
    if make is not kind:
        of = tuple(_types(kind).values())
    if (kind is tuple or make is not kind) and isinstance(value, list):
        hints = (of[0],) * len(value) if of[-1] is ... else of
        if len(hints) == len(value):
            return make(_read(*pair, name) for pair in zip(hints, value, strict=True))
    if kind in (dict, Mapping) and isinstance(value, dict):
        return {key: _read(of[1], item, name) for key, item in value.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return from_json(kind, value)
    if (kind is Literal and value in of) or _is_plain(kind, value):
        return value
    raise ValueError(f"{name} must be {hint}. Received: {quoted(value)}")


def _read_one_of(hints: tuple[Any, ...], value: Any, name: str) -> Any:
    # None comes first, so that the error is that of the type which is wanted.
    *others, last = sorted(hints, key=lambda hint: hint is not NoneType)
    for hint in others:
        with contextlib.suppress(ValueError):
            return _read(hint, value, name)
    return _read(last, value, name)


def _is_plain(kind: Any, value: Any) -> bool:
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return kind in (str, int, bool, NoneType) and type(value) is kind
