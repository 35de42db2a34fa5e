"""``SHA256SUMS``: which files belong to a model, and the hash of each.

The format is that of ``sha256sum``, so that anyone can check a model with
``sha256sum -c SHA256SUMS``.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from headstart.errors import DamagedModel

NAME = "SHA256SUMS"

# Plain names only: no folders, nothing hidden, so that no line can point out of the folder.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({PLAIN_NAME.pattern})")
_MAX_BYTES = 2**20


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """List the named files of `folder`."""
    (folder / NAME).write_bytes(_text({name: _sha256(folder / name) for name in names}))


def check_files(folder: Path, listed: Mapping[str, str], names: Iterable[str]) -> None:
    """Check that each named file is listed, is there, and has the hash that is listed.

    Raises
    ------
    DamagedModel
    """
    for name in names:
        if name not in listed:
            raise _damaged(folder, f"{NAME} does not list {name}")
        if not (folder / name).is_file():
            raise _damaged(folder, f"{name} is missing")
        if _sha256(folder / name) != listed[name]:
            raise _damaged(folder, f"{name} was altered")


def read_checksums(folder: Path) -> dict[str, str]:
    """Return name and hash of each file that is listed.

    Raises
    ------
    DamagedModel
        If the list is missing, or not as `write_checksums` writes it.
    """
    path = folder / NAME
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        raise _damaged(folder, f"{NAME} is missing or far too long")
    content = path.read_bytes()
    found = [_LINE.fullmatch(line) for line in content.decode("ascii", "replace").splitlines()]
    listed = {match[2]: match[1] for match in found if match}
    if _text(listed) != content:
        raise _damaged(folder, f"{NAME} was altered")
    return listed


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(listed: Mapping[str, str]) -> bytes:
    return "".join(f"{listed[name]}  {name}\n" for name in sorted(listed)).encode()


def _damaged(folder: Path, why: str) -> DamagedModel:
    return DamagedModel(
        f"The saved model in {folder} is damaged: {why}. Copy it again, or train it again."
    )
