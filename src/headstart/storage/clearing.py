"""Clear networks and weights from the cache, but not under a process that uses them.

Whoever makes or downloads something holds the lock beside it. Whoever uses it holds one of its
files open, and locked where the system has such locks; Windows deletes no open file.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import filelock

from headstart.storage.cache_folder import cache_dir
from headstart.storage.disk import delete, writing
from headstart.storage.locks import lock
from headstart.storage.whole_folders import remove_remains
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Files that a process holds at most; the longest ago that it asked for is given up first.
_MOST_HELD = 100

_held: dict[Path, int] = {}


def hold(file: Path) -> bool:
    """Keep a file of the cache from being cleared until this process ends.

    Returns
    -------
    bool
        Whether the file is there, and is not being cleared.
    """
    try:
        handle = _opened(file)
    except OSError:
        return False
    if lock(handle, exclusive=False) is False or not _is_at(handle, file):
        os.close(handle)
        return False
    release(file)
    _held[file] = handle
    while len(_held) > _MOST_HELD:
        release(next(iter(_held)))
    return True


def release(file: Path) -> None:
    """Hold a file no more."""
    handle = _held.pop(file, None)
    if handle is not None:
        os.close(handle)


def clear(kind: str) -> list[str]:
    """Delete one subfolder of the cache, such as ``networks``, except for what is in use.

    Returns
    -------
    list of str
        The names of what other processes use, or are making or downloading.

    Raises
    ------
    StorageError
        Something can't be deleted.
    """
    folder = cache_dir() / kind
    if not folder.is_dir():
        return []
    with writing(str(folder)):
        in_use = [name for name in sorted(_names(folder)) if not _clear(folder / name)]
        with contextlib.suppress(OSError):  # it is not empty
            folder.rmdir()
    return in_use


def _names(folder: Path) -> set[str]:
    """Return the names of what is in a folder of the cache; several files may belong to one."""
    names = set()
    for entry in folder.iterdir():
        # What is being made is in a folder such as ".NAME-a1b2c3d4".
        made = entry.name[1:].rpartition("-")[0] if entry.name.startswith(".") else ""
        names.add(made or entry.name.removesuffix(".lock").removesuffix(".part"))
    return names


def _clear(path: Path) -> bool:
    """Delete what has this name; return False if it is in use."""
    making = filelock.FileLock(f"{path}.lock")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(making.acquire(timeout=0))
        except filelock.Timeout:
            return False
        except (OSError, NotImplementedError):
            pass  # Nobody holds it: not even a lock fits on a full disk, or the drive has none.
        return _clear_locked(path)


def _clear_locked(path: Path) -> bool:
    with _unused(path) as is_unused:
        if is_unused:
            remove_remains(path)
            for each in (path, path.with_name(f"{path.name}.part")):
                delete(each)
            # On Windows, where it is open, it stays.
            with contextlib.suppress(PermissionError):
                delete(path.with_name(f"{path.name}.lock"))
    return is_unused


@contextlib.contextmanager
def _unused(path: Path) -> Iterator[bool]:
    """Tell whether no process holds a file of it, and let none hold one while this is open."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    with contextlib.ExitStack() as stack:
        yield all(_is_free(file, stack) for file in files)


def _is_free(file: Path, stack: contextlib.ExitStack) -> bool:
    try:
        if sys.platform == "win32":
            file.rename(file)
            return True
        handle = _opened(file)
    except PermissionError:
        return sys.platform != "win32"
    except OSError:
        return True
    stack.callback(os.close, handle)
    return lock(handle) is not False


def _opened(file: Path) -> int:
    """Return a handle of a regular file: to open a pipe would wait for its writer."""
    with open_regular(file) as opened:
        return os.dup(opened.fileno())


def _is_at(handle: int, path: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False
