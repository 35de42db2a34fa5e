"""The JSON files that describe a folder: ``network.json``, ``backbone.json`` and ``model.json``.

Each is a JSON object with a number ``format`` and a ``digest``: the hash of all its other entries.
A file that was altered is refused, a file that a newer headstart wrote, and everything else that
can't be read. Nothing in the folder is trusted.

Files that headstart 0.1 wrote have no digest, and are read without. It ignores the digest of newer
ones.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.errors import DamagedModel, NewerFormat, NotASavedModel, StorageError
from headstart.escaping import quoted
from headstart.untrusted.json_text import MAX_BYTES, parse_json
from headstart.untrusted.regular_files import read_bytes

_DIGEST = "digest"
# Letters of what is wrong in a message.
_SHOWN = 500

_UNSUITABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


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
        DamagedModel
            If it was altered.
        NewerFormat
            If a newer headstart wrote the file.
        """
        return self.parse(self._read_bytes(folder), folder)

    def parse(self, content: bytes, folder: Path) -> dict[str, Any]:
        """Return the entries of a file in `folder` with this content; see `read`."""
        with self.reading(folder):
            entries = dict(parse_json(content))
            if _DIGEST in entries and entries.pop(_DIGEST) != _digest(entries):
                raise self._altered(folder)
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
        return entries

    @contextlib.contextmanager
    def reading(self, folder: Path) -> Iterator[None]:
        """Turn errors about missing or unsuitable entries into `NotASavedModel`."""
        try:
            yield
        except _UNSUITABLE as error:
            raise self._not_ours(folder, error) from error

    def text(self, entries: dict[str, Any]) -> str:
        """Return the text of the file: kind, format, `entries` and their digest.

        Raises
        ------
        TypeError, ValueError
            If an entry is not of JSON's types.
        StorageError
            If it would be longer than what is read.
        """
        kind = {} if self.kind is None else {"kind": self.kind}
        content = {**kind, "format": self.newest, **entries}
        read = json.loads(json.dumps(content, allow_nan=False))
        content[_DIGEST] = _digest(read)
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if (length := len(text.encode())) > MAX_BYTES:
            raise StorageError(
                f"The {self.name} of a {self.what} must have at most {MAX_BYTES:,} bytes, or it "
                f"could not be read again. Received: {length:,}. Use fewer classes, shorter names "
                "of classes or a smaller evaluation."
            )
        return text

    def write(self, folder: Path, entries: dict[str, Any]) -> None:
        """Write the file into the folder; see `text`."""
        (folder / self.name).write_text(self.text(entries), "utf-8", newline="\n")

    def _read_bytes(self, folder: Path) -> bytes:
        try:
            return read_bytes(folder / self.name, MAX_BYTES)
        except OSError as error:
            raise NotASavedModel(self._absence(folder, error)) from error
        except ValueError as error:
            raise self._not_ours(folder, error) from error

    def _absence(self, folder: Path, error: OSError) -> str:
        if not isinstance(error, FileNotFoundError):
            found = f"{folder}: {error.strerror}"
        elif folder.exists():
            found = f"{folder}, which has no such file"
        else:
            found = f"{folder}, which does not exist. Check the spelling and the folder you are in"
        return f"A {self.what}'s folder must hold {self.name}. Received: {found}."

    def _altered(self, folder: Path) -> DamagedModel:
        return DamagedModel(
            f"{folder / self.name} was altered: its digest is not that of its entries. Get the "
            f"{self.what} again from its source; or, if you altered it yourself, delete the entry "
            f"{_DIGEST!r}."
        )

    def _not_ours(self, folder: Path, error: Exception) -> NotASavedModel:
        # Of other kinds the text says little: that of a KeyError is a name.
        tells = type(error) is ValueError and len(str(error)) <= _SHOWN
        found = error if tells else quoted(error, _SHOWN)
        return NotASavedModel(
            f"{folder / self.name} must be what headstart writes. Received: {found}. Get the "
            f"{self.what} again from its source."
        )


def _digest(entries: dict[str, Any]) -> str:
    """Return the hash of entries as JSON gives them, however the file is indented and sorted."""
    text = json.dumps(entries, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
