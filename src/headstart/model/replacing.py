"""Put a model into a new folder, or replace another model, in one step."""

import contextlib
import ctypes
import os
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from headstart.errors import DamagedModel, SavedModelError, StorageError, UsageError
from headstart.model import parts
from headstart.model.description import DESCRIPTION
from headstart.storage.disk import sync_folder, writing
from headstart.storage.whole_folders import folder_beside, whole_folder

# On Windows, a folder keeps its name while another process reads a file in it, as `load` does.
_TRIES, _PAUSE = 40 if os.name == "nt" else 0, 0.05

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
# Most file systems take 255 bytes, and what is written beside the folder has longer names.
_LONGEST_NAME = 200


@contextlib.contextmanager
def place_for_model(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path` once the block ends well.

    A model that is there already is replaced in one step, once the new one is whole. The user's own
    files in its folder are kept.

    Raises
    ------
    UsageError
        If `path` is a file, or a folder that holds anything but a saved model, or a saved model
        although `overwrite` is False.
    StorageError
        If the folder can't be written, or another process filled it meanwhile.
    """
    check_place(path, overwrite=overwrite)
    with writing(str(path)):  # the folder that one is in may be gone
        path = own_place(path, "model").absolute()
    if not _is_taken(path):
        with whole_folder(path) as new:
            yield new
            written = (new / parts.CHECKSUMS).read_bytes()
        if (path / parts.CHECKSUMS).read_bytes() != written:
            raise StorageError(f"{path} was filled by another process. Save under another name.")
        return
    with folder_beside(path) as new:
        yield new
        sync_folder(new)
        _keep_users_files(path, new)
        exchange(path, new)


def check_place(path: Path, *, overwrite: bool) -> None:
    """Raise what `place_for_model` would raise, so that nobody trains for an hour before that.

    Raises
    ------
    UsageError
    """
    path = own_place(path, "model")
    if not _is_taken(path):
        return
    if not (path.is_dir() and DESCRIPTION.is_in(path) and (path / parts.CHECKSUMS).is_file()):
        raise UsageError(
            f"A model is saved into a new or empty folder. {path} is something else: "
            "choose another name."
        )
    if not overwrite:
        raise UsageError(
            f"There is a saved model in {path} already. Choose another name, or replace it with "
            "--overwrite (in Python: overwrite=True)."
        )


def own_place(path: Path, what: str) -> Path:
    """Return the folder that will be written: a link stays, and what it points to is written.

    Raises
    ------
    UsageError
        If it has no name, or too long a name, or one is in it now, or its link leads nowhere.
    """
    _check_length(path, what)
    real = Path(os.path.realpath(path)) if path.is_symlink() else path
    # The folder is replaced as a whole: whoever is in it would be in a deleted one.
    if path.name in ("", "..") or _is_around_us(real):
        raise UsageError(
            f"The {what} must have a folder of its own, with a name. Received: {str(path)!r}, "
            "which is or holds the folder you are in. Name a new folder."
        )
    if real.is_symlink():
        raise UsageError(
            f"The {what} must have a folder of its own. Received: {path}, a link to itself. "
            "Choose another name."
        )
    _check_length(real, what)
    return real


def _check_length(path: Path, what: str) -> None:
    n_bytes = len(os.fsencode(path.name))
    if n_bytes > _LONGEST_NAME:
        raise UsageError(
            f"The name of the folder for the {what} must have at most {_LONGEST_NAME} bytes. "
            f"Received: {n_bytes}. Choose a shorter name."
        )


def _is_around_us(folder: Path) -> bool:
    with contextlib.suppress(OSError):  # where we are may be deleted
        here = Path.cwd()
        return any(_same(folder, above) for above in (here, *here.parents))
    return False


def _same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False


def _is_taken(path: Path) -> bool:
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))


def _keep_users_files(old: Path, new: Path) -> None:
    """Have the user's files in both folders, so that a kill at any moment loses none."""
    written = _written_files(old)
    for entry in old.iterdir():
        kept = new / entry.name
        if entry.name in written or kept.exists():
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, kept, symlinks=True, copy_function=link_or_copy)
        else:
            link_or_copy(entry, kept)


def link_or_copy(file: str | Path, to: str | Path) -> None:
    """Give a file a second name, or copy it where the system can't do that."""
    try:
        os.link(file, to, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(file, to, follow_symlinks=False)


def _written_files(folder: Path) -> set[str]:
    """Return the names of the files that headstart wrote with the model in `folder`."""
    names = {*parts.REQUIRED, parts.CARD, parts.CHECKSUMS}
    # Of a damaged model, other files are not known. They are kept, since they may be the user's.
    with contextlib.suppress(DamagedModel):
        names |= set(parts.read_checksums(folder))
    with contextlib.suppress(SavedModelError, TypeError):
        names |= set(DESCRIPTION.read(folder).get("extras", ()))
    return names


def exchange(one: Path, other: Path) -> None:
    """Exchange two folders, in one step where the system can do that (Linux)."""
    if _exchange_at_once(one, other):
        return
    # Beside the first, and not where a killed process's folders are deleted.
    aside = one.with_name(f".{one.name}-old-{uuid.uuid4().hex[:8]}")
    _rename(one, aside)
    try:
        _rename(other, one)
    except OSError:
        _rename(aside, one)
        raise
    _rename(aside, other)


def _rename(path: Path, to: Path) -> None:
    for _ in range(_TRIES):
        with contextlib.suppress(PermissionError):
            path.rename(to)
            return
        time.sleep(_PAUSE)
    path.rename(to)


def _exchange_at_once(one: Path, other: Path) -> bool:
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", lambda *_: -1)
    paths = os.fsencode(one), os.fsencode(other)
    return rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0
