"""The JSON files that describe a folder: ``network.json``, ``backbone.json`` and ``model.json``.

Each is a JSON object with a number ``format``. A file that a newer headstart wrote is refused, and
so is everything else that can't be read. Nothing in the folder is trusted.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.errors import NewerFormat, NotASavedModel

# 64 MiB: more class names than any classifier has.
_MAX_BYTES = 2**26

_UNSUITABLE = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    RecursionError,  # JSON that is nested a hundred thousand times
)


@dataclass(frozen=True, slots=True)
class DescriptionFile:
    """One kind of description.

    Parameters
    ----------
    name : str
        Name of the file, such as ``network.json``.
    what : str
        What the folder is, for messages: "network".
    newest : int
        The newest format that can be read, and the one that is written. Raise it whenever an older
        headstart could not read the folder, or would read it wrongly.
    kind : str, optional
        Value of the entry ``kind``, for files that have one.
    """

    name: str
    what: str
    newest: int
    kind: str | None = None

    def is_in(self, folder: str | Path) -> bool:
        """Tell whether the folder has this file."""
        return (Path(folder) / self.name).is_file()

    def read(self, folder: Path) -> dict[str, Any]:
        """Return the entries of the file.

        Raises
        ------
        NotASavedModel
            If the file is missing, or is not what headstart writes.
        NewerFormat
            If a newer headstart wrote the file.
        """
        text = self._read_bytes(folder)
        with self.reading(folder):
            entries = json.loads(text, parse_constant=_refuse_constant)
            version = entries["format"]
            if type(version) is not int or version < 1:
                raise ValueError(f"format is {version!r}")
            if self.kind is not None and entries["kind"] != self.kind:
                raise ValueError(f"kind is {entries['kind']!r}")
        if version > self.newest:
            raise NewerFormat(
                f"{folder} was written by a newer headstart ({self.what} format {version}; this "
                f"one knows up to {self.newest}). Update headstart."
            )
        return dict(entries)

    @contextlib.contextmanager
    def reading(self, folder: Path) -> Iterator[None]:
        """Turn errors about missing or unsuitable entries into `NotASavedModel`."""
        try:
            yield
        except _UNSUITABLE as error:
            raise self._not_ours(folder, error) from error

    def text(self, entries: dict[str, Any]) -> str:
        """Return the text of the file, with the format and the kind added to `entries`.

        Raises
        ------
        TypeError, ValueError
            If an entry is not of JSON's types.
        """
        kind = {} if self.kind is None else {"kind": self.kind}
        content = {**kind, "format": self.newest, **entries}
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def write(self, folder: Path, entries: dict[str, Any]) -> None:
        """Write the file into the folder; see `text`."""
        (folder / self.name).write_text(self.text(entries), "utf-8", newline="\n")

    def _read_bytes(self, folder: Path) -> bytes:
        path = folder / self.name
        # Reading a pipe or a device could block or never end.
        if path.exists() and not path.is_file():
            raise self._not_ours(folder, "not a regular file")
        try:
            with path.open("rb") as file:
                text = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise NotASavedModel(self._absence(folder, error)) from error
        if len(text) > _MAX_BYTES:
            raise self._not_ours(folder, f"more than {_MAX_BYTES:,} bytes")
        return text

    def _absence(self, folder: Path, error: OSError) -> str:
        if not isinstance(error, FileNotFoundError):
            found = f"{folder}: {error.strerror}"
        elif folder.exists():
            found = f"{folder}, which has no such file"
        else:
            found = f"{folder}, which does not exist. Check the spelling and the folder you are in"
        return f"A {self.what}'s folder must hold {self.name}. Received: {found}."

    def _not_ours(self, folder: Path, received: object) -> NotASavedModel:
        found = repr(received) if isinstance(received, Exception) else received
        return NotASavedModel(
            f"{folder / self.name} must be what headstart writes. Received: {found}"
        )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
