"""What is on a disk, and whether more can be written: hashes, sizes, room, errors."""

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from headstart.errors import StorageError, UsageError
from headstart.storage.cache_folder import cache_dir
from headstart.untrusted.regular_files import open_regular

# A disk is full, or a user may write no more there, or no larger file.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# The variable that names the system's folder for temporary files.
_TEMPORARY = "TEMP" if os.name == "nt" else "TMPDIR"


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file of our own, in hexadecimal.

    What is read after it was hashed may be another file by then: there, hash the open file with
    `headstart.untrusted.hashed_files.hash_open`.

    Raises
    ------
    OSError
        It is missing, or no regular file.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()  # type: ignore[arg-type]


def delete(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, if it is there; no link is followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def folder_size(folder: Path) -> int:
    """Return the size in bytes of all files below `folder`; 0 if it does not exist."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # another process deleted it
                size += Path(place, name).stat().st_size
    return size


def is_no_room(error: Exception) -> bool:
    """Tell whether an error is about a full disk, whatever its class: each program has its own."""
    number = error.errno if isinstance(error, OSError) else None
    return number in _NO_ROOM or any(os.strerror(each) in str(error) for each in _NO_ROOM)


@contextlib.contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn an ``OSError`` raised inside into a `StorageError` that names `what`.

    Raises
    ------
    StorageError
        The message says what could not be written, why, and what to do.
    """
    try:
        yield
    except (StorageError, BrokenPipeError):
        # No file breaks a pipe: it is stdout whose reader has left.
        raise
    except OSError as error:
        raise storage_error(what, error) from error


def storage_error(what: str, why: object) -> StorageError:
    """Return an error which says that `what` could not be written, why, and what to do."""
    elsewhere = ""
    with contextlib.suppress(UsageError, OSError):
        if str(cache_dir()) in what:
            elsewhere = "; set HEADSTART_CACHE to keep headstart's own files elsewhere"
        elif tempfile.gettempdir() in what:
            elsewhere = f"; set {_TEMPORARY} to keep temporary files elsewhere"
    return StorageError(
        f"Could not write {what}: {why}. Free some space or make the folder writable{elsewhere}."
    )


def check_room(folder: Path, needed: int, what: str) -> None:
    """Check that files can be written into `folder`, and that there is room for them.

    Parameters
    ----------
    folder : Path
        It need not exist. Nothing is left in it.
    needed : int
        How many bytes will be written, about.
    what : str
        What will be written, for the message.

    Raises
    ------
    StorageError
        The folder can't be written, or there is not so much room on its disk.
    """
    # Not even the root exists where a drive of Windows is missing.
    above = (each for each in (folder, *folder.absolute().parents) if each.exists())
    existing = next(above, folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        raise StorageError(
            f"{what} must be written into {folder}, which is not possible: {error}. Make the "
            "folder writable, or choose another one."
        ) from error
    if free < needed:
        raise StorageError(
            f"There must be room for {what} in {folder}: about {_megabytes(needed)}. Received: "
            f"{_megabytes(free)} free on its disk. Free some space, or choose another folder."
        )


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"


def sync_folder(folder: Path) -> None:
    """Wait until every file below `folder` is on the disk."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            sync_file(file)


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
