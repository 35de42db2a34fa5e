"""Keep two processes from working for the same file or folder at once."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.errors import UsageError
from headstart.storage.disk import writing
from headstart.storage.whole_folders import IN_USE

if TYPE_CHECKING:
    import filelock

# Of taking a lock that others take and delete.
_ATTEMPTS = 10


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

    lock = filelock.FileLock(folder / IN_USE)
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
            if (folder / IN_USE).exists():
                break
            lock.release()
    return lock
