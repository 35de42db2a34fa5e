"""The folder that a backbone is saved in; a killed pre-training recognises the one it saved."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from headstart.backbones.folders import DESCRIPTION
from headstart.backbones.weights import FOLDER_WEIGHTS
from headstart.errors import StorageError, UsageError
from headstart.model.replacing import exchange
from headstart.pretraining.summary import CARD, CURVES, HISTORY
from headstart.storage.disk import sync_folder, writing
from headstart.storage.whole_files import whole_file
from headstart.storage.whole_folders import folder_beside, remove_remains, whole_folder
from headstart.untrusted.hashed_files import hash_open
from headstart.untrusted.regular_files import open_regular, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILES = {DESCRIPTION.name, FOLDER_WEIGHTS, HISTORY, CARD, CURVES}
# In the work folder: the digest of every backbone that it has saved, each on a line.
_SAVED = "saved.txt"
_MOST = 2**20


def check_place(out: Path, work: Path, *, restart: bool) -> None:
    """Check that a backbone may be saved in a folder.

    Parameters
    ----------
    out : Path
        New, empty, or as the same training has saved it.
    work : Path
        The work folder of the training.
    restart : bool
        Whether the training starts anew: then nothing is its own.

    Raises
    ------
    UsageError
        If there is something else.
    """
    if not _is_taken(out) or (not restart and _is_own(out, work)):
        return
    # A training that was killed at its very end leaves these, and nobody will save here again.
    with contextlib.suppress(OSError):
        remove_remains(out)
        remove_remains(work)
    raise UsageError(
        f"A backbone must be saved in a new or empty folder. Received: {out}, which holds "
        "something else. Choose another folder, or delete it."
    )


@contextlib.contextmanager
def place_for_backbone(out: Path, work: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `out` in one step, once the block ends well.

    What the same training has saved there is replaced.

    Raises
    ------
    StorageError
        If the folder can't be written, or something else was put there meanwhile.
    """
    taken = _is_taken(out)
    with (folder_beside if taken else whole_folder)(out) as new:
        yield new
        sync_folder(new)
        if taken:
            _check_own(out, work)
        _note(new, work)  # before it takes its place: a kill may follow at once
        if taken:
            exchange(out, new)
    _check_own(out, work)


def _is_taken(out: Path) -> bool:
    return out.is_file() or (out.is_dir() and any(out.iterdir()))


def _check_own(out: Path, work: Path) -> None:
    if not _is_own(out, work):
        raise StorageError(f"{out} was filled by another process. Save under another name.")


def _is_own(out: Path, work: Path) -> bool:
    """Tell whether the training in a work folder has saved all that is in a folder."""
    try:
        return _digest(out) in _noted(work)
    except (OSError, ValueError):
        return False


def _note(new: Path, work: Path) -> None:
    with writing(str(work)):
        noted = [*_noted(work), _digest(new)] if (work / _SAVED).exists() else [_digest(new)]
    with whole_file(work / _SAVED) as file:
        file.write_text("\n".join(noted), "utf-8")


def _noted(work: Path) -> list[str]:
    return read_bytes(work / _SAVED, _MOST).decode("utf-8", "replace").split("\n")


def _digest(folder: Path) -> str:
    """Return the hash of the names and contents of the files of a backbone.

    Raises
    ------
    OSError, ValueError
        If a file can't be read, or is not one of a backbone.
    """
    digest = hashlib.sha256()
    for name in sorted(entry.name for entry in folder.iterdir()):
        if name not in _FILES or (folder / name).is_symlink():
            raise ValueError(f"{name} is no file of a backbone")
        with open_regular(folder / name) as file:
            digest.update(f"{hash_open(file)}  {name}\n".encode())
    return digest.hexdigest()
