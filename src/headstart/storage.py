"""Folders for cached files, and writing files and folders so that they are whole or absent."""

import contextlib
import glob
import hashlib
import itertools
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from headstart.errors import StorageError, UsageError

if TYPE_CHECKING:
    import filelock

# A pipe is not waited for.
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)


def cache_dir() -> Path:
    """Return the folder for everything that can be downloaded or computed again.

    This is ``$HEADSTART_CACHE`` if set, else the usual folder of the platform
    (``~/.cache/headstart`` on Linux). It has the subfolders ``weights``, ``networks`` and
    ``features``. This function does not create it.

    Raises
    ------
    UsageError
        If ``$HEADSTART_CACHE`` is not set, and the user has no home directory.
    """
    named = os.environ.get("HEADSTART_CACHE")
    if named:
        return Path(named)
    try:
        usual = platformdirs.user_cache_dir("headstart", False)
    except RuntimeError:
        usual = "~"
    if usual.startswith("~"):  # what older versions of platformdirs return
        raise UsageError(
            "There must be a folder for what headstart keeps on disk. Received: no home directory "
            "(HOME) and no HEADSTART_CACHE. Set HEADSTART_CACHE to a folder that can be written."
        )
    return Path(usual)


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def folder_size(folder: Path) -> int:
    """Return the size in bytes of all files below `folder`; 0 if it does not exist."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # another process deleted it
                size += Path(place, name).stat().st_size
    return size


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
    with contextlib.suppress(UsageError):
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
        with _file_beside(path) as temporary:
            yield temporary
            if sync:
                _sync(temporary)
            temporary.replace(path)


@contextlib.contextmanager
def _file_beside(path: Path) -> Iterator[Path]:
    """Yield a new, empty file on the disk of `path`; it is deleted at the end if it is there.

    The names are always the same ones, so that the next process takes, and deletes, what a killed
    one left. What a process works with is locked.
    """
    # Not by tempfile: this file shall be as readable as any new file, not private.
    names = (f".{path.stem[:40]}-headstart-{n}{path.suffix}" for n in itertools.count(1))
    candidates = ((path.with_name(name), _held(path.with_name(name))) for name in names)
    temporary, handle = next((each, held) for each, held in candidates if held is not None)
    try:
        yield temporary
    finally:
        # The other way round, another process might have the name, and lose its file.
        temporary.unlink(missing_ok=True)
        os.close(handle)


def _held(path: Path) -> int | None:
    """Make a new file and lock it; return its handle, or None if somebody else has this name."""
    handle = None
    while handle is None:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            if not _remove_if_left(path):
                return None
    # Without locks (Windows, some network drives) what is killed leaves its file.
    if _lock(handle) is False or not _is_at(handle, path):
        os.close(handle)
        return _held(path)
    return handle


def _remove_if_left(path: Path) -> bool:
    """Delete a file that a killed process left; tell whether the name is free."""
    try:
        # Neither a link nor a pipe, whoever has put it there.
        handle = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | _NONBLOCK)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode) or not _lock(handle):
            return False
        if _is_at(handle, path):
            path.unlink()
        return True
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), path.lstat())
    return False


def _lock(handle: int) -> bool | None:
    """Lock a file; return False if another process has, and None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


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
        outer = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            with _locked(outer / _IN_USE):
                temporary = outer / path.name
                temporary.mkdir()
                try:
                    yield temporary
                finally:
                    _empty(outer)
        finally:
            shutil.rmtree(outer, ignore_errors=True)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder for files of this moment; it is deleted, with all in it, at the end.

    It lies in the system's folder for temporary files. What killed processes left there is deleted
    first.

    Raises
    ------
    StorageError
        It can't be written.
    """
    with folder_beside(Path(tempfile.gettempdir()) / "headstart") as folder:
        yield folder


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
# What `tempfile` puts behind a prefix.
_RANDOM = re.compile(r"-[a-z0-9_]{8}")


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
    for folder in path.parent.glob(f".{glob.escape(path.name)}-*"):
        if _RANDOM.fullmatch(folder.name[len(path.name) + 1 :]) and _is_own(folder):
            with contextlib.suppress(OSError, NotImplementedError):  # a lock that is held is one
                _remove_unused(folder)


def _remove_unused(folder: Path) -> None:
    import filelock

    if (folder / _IN_USE).exists():
        with filelock.FileLock(folder / _IN_USE, timeout=0):
            _empty(folder)
            if os.name != "nt":  # what is open can't be deleted there
                # While it is locked: then it may be another process's folder.
                shutil.rmtree(folder)
        if os.name == "nt":
            shutil.rmtree(folder)
    else:
        # Killed before it was locked, or when all else was deleted.
        folder.rmdir()


def _empty(folder: Path) -> None:
    """Delete all but the lock: without it, nobody would know whose the rest is."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != _IN_USE:
            entry.unlink(missing_ok=True)


def _is_own(folder: Path) -> bool:
    """Tell whether it is a folder of this user: others may write into the same one."""
    with contextlib.suppress(OSError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == getattr(os, "geteuid", int)()
    return False


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
