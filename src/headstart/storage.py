"""Folders for cached files, and writing files and folders so that they are whole or absent."""

import contextlib
import glob
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from headstart.errors import StorageError, UsageError

if TYPE_CHECKING:
    import filelock


def cache_dir() -> Path:
    """Return the folder for everything that can be downloaded or computed again.

    This is ``$HEADSTART_CACHE`` if set, else the usual folder of the platform
    (``~/.cache/headstart`` on Linux). It has the subfolders ``weights``, ``networks`` and
    ``features``. This function does not create it.
    """
    return Path(
        os.environ.get("HEADSTART_CACHE") or platformdirs.user_cache_dir("headstart", False)
    )


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def folder_size(folder: Path) -> int:
    """Return the size in bytes of all files below `folder`; 0 if it does not exist."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def clear_cache(kind: str) -> None:
    """Delete one subfolder of the cache: ``features``, ``networks`` or ``weights``.

    Raises
    ------
    StorageError
        Something can't be deleted.
    """
    folder = cache_dir() / kind
    if folder.is_dir():
        with writing(str(folder)):
            shutil.rmtree(folder)


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
    if str(cache_dir()) in what:
        elsewhere = "; set HEADSTART_CACHE to keep headstart's own files elsewhere"
    return StorageError(
        f"Could not write {what}: {why}. Free some space or make the folder writable{elsewhere}."
    )


@contextlib.contextmanager
def whole_file(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """Yield a temporary path, which replaces `path` when the block ends without an exception.

    After an exception, a kill or a full disk, `path` is as it was before. A device or a pipe, such
    as ``/dev/stdout``, is not replaced: it is written to at the end.

    Parameters
    ----------
    path : Path
        The file.
    sync : bool
        Whether it must also survive a loss of power right afterwards; that takes time.

    Raises
    ------
    StorageError
        The file can't be written.
    """
    with writing(str(path)):
        if path.exists() and not path.is_file() and not path.is_dir():
            with _for_device(path) as temporary:
                yield temporary
            return
        # A link stays a link: what it points to is replaced.
        path = Path(os.path.realpath(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}{path.suffix}")
        # Not by tempfile: this file shall be as readable as any new file, not private.
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            if sync:
                _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _for_device(path: Path) -> Iterator[Path]:
    """Yield a temporary path; at the end write it into a device or a pipe, which must stay."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, path.name)
        temporary.touch()
        yield temporary
        with temporary.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder, which replaces `path` when the block ends without an exception.

    `path` must not exist or must be an empty folder. If another process has written it meanwhile,
    that folder stays and the new one is deleted.

    Raises
    ------
    StorageError
        The folder can't be written.
    """
    with folder_beside(path) as temporary:
        yield temporary
        sync_folder(temporary)
        try:
            temporary.replace(path)
        except OSError:
            if not (path.is_dir() and any(path.iterdir())):
                raise


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield an empty folder on the disk of `path`; it is deleted, with all in it, at the end.

    What a killed process left of such folders for the same `path` is deleted first.

    Raises
    ------
    StorageError
        It can't be written.
    """
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_remains(path)
        with (
            tempfile.TemporaryDirectory(
                prefix=f".{path.name}-", dir=path.parent, ignore_cleanup_errors=True
            ) as name,
            _locked(Path(name) / _IN_USE),
        ):
            temporary = Path(name) / path.name
            temporary.mkdir()
            yield temporary


def sync_folder(folder: Path) -> None:
    """Wait until every file below `folder` is on the disk."""
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            _sync(file)


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


# Held by the process that works in a temporary folder.
_IN_USE = ".in-use"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    import filelock

    lock = filelock.FileLock(path)
    # Some network drives have no locks. What is killed there leaves its folder.
    with contextlib.suppress(NotImplementedError):
        lock.acquire(timeout=0)
    try:
        yield
    finally:
        lock.release()


def remove_remains(path: Path) -> None:
    """Delete the temporary folders for `path` that no process works in any more."""
    import filelock

    for used in path.parent.glob(f".{glob.escape(path.name)}-*/{_IN_USE}"):
        with contextlib.suppress(OSError, NotImplementedError):  # a lock that is held is one
            with filelock.FileLock(used, timeout=0):
                pass
            shutil.rmtree(used.parent)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def reserved(path: Path) -> Iterator[None]:
    """Keep other processes from working for the same file or folder while the context is open.

    Raises
    ------
    UsageError
        If another one does.
    StorageError
        If nothing can be written beside it.
    """
    # A folder that `remove_remains` deletes if this process is killed.
    folder = path.with_name(f".{path.name}-reserved")
    new_parents = [each for each in path.parents if not each.exists()]
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _reserved(path, folder)
    try:
        yield
    finally:
        if os.name == "nt":  # what is open can't be deleted there
            lock.release()
        # On all others before the lock is released: then it may be another process's folder.
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        for parent in new_parents:
            with contextlib.suppress(OSError):  # something was written there
                parent.rmdir()


def _reserved(path: Path, folder: Path) -> "filelock.BaseFileLock":
    import filelock

    lock = filelock.FileLock(folder / _IN_USE)
    for _ in range(_ATTEMPTS):
        folder.mkdir(exist_ok=True)
        # Whoever had it may delete it in between.
        with contextlib.suppress(FileNotFoundError, NotImplementedError):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout as error:
                raise UsageError(
                    f"Only one process at a time may work for {path}, and another one does. Wait "
                    "for it, or choose another name for the result."
                ) from error
            if (folder / _IN_USE).exists():
                break
            lock.release()
    return lock


# Of taking a lock that others take and delete.
_ATTEMPTS = 10
