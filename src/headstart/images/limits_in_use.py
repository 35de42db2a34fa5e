"""The limits on images as they are set now, for a process that must hold to the same ones."""

import sys
from collections.abc import Iterator

from headstart.images.bounded_file import BoundedFile

_ROOM = "headstart.images."
_STEPS = "most_reads"

#: Names of constants and their values, for each module or class that has some.
Limits = dict[str, dict[str, int]]


def limits_in_use() -> Limits:
    """Return every limit of this room, the ones that a program has changed as well."""
    return {
        name: {key: value for key, value in list(vars(owner).items()) if _is_limit(key, value)}
        for name, owner in _owners()
    }


def set_limits(limits: Limits) -> None:
    """Set the limits of the modules that this process has loaded."""
    for name, owner in _owners():
        for key, value in limits.get(name, {}).items():
            setattr(owner, key, value)


def _owners() -> Iterator[tuple[str, object]]:
    for name, module in list(sys.modules.items()):
        if name.startswith(_ROOM):
            yield name, module
    kinds: list[type[BoundedFile]] = [BoundedFile, *BoundedFile.__subclasses__()]
    for kind in kinds:
        yield f"{kind.__module__}.{kind.__name__}", kind


def _is_limit(key: str, value: object) -> bool:
    public = key.isupper() and not key.startswith("_")
    return (public or key == _STEPS) and isinstance(value, int)
