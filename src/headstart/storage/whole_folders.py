"""Make folders so that they are whole or absent, and remove what killed processes left of them."""

import contextlib
import glob
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from headstart.storage.disk import sync_folder, writing

#: Locked by the process that works in a temporary folder.
IN_USE = ".in-use"
# What `tempfile` puts behind a prefix.
_RANDOM = re.compile(r"-[a-z0-9_]{8}")


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
            with _locked(outer / IN_USE):
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
    with writing("temporary files"):  # no folder for them takes any
        place = Path(tempfile.gettempdir(), "headstart")
    with folder_beside(place) as folder:
        yield folder


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

    if (folder / IN_USE).exists():
        with filelock.FileLock(folder / IN_USE, timeout=0):
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
        elif entry.name != IN_USE:
            entry.unlink(missing_ok=True)


def _is_own(folder: Path) -> bool:
    """Tell whether it is a folder of this user: others may write into the same one."""
    with contextlib.suppress(OSError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == getattr(os, "geteuid", int)()
    return False
