"""Locks of open files: who is killed holds none any more."""

import contextlib
import os
import sys
from pathlib import Path


def lock(handle: int, *, exclusive: bool = True) -> bool | None:
    """Lock an open file until it is closed, without waiting.

    Parameters
    ----------
    handle : int
        A file descriptor.
    exclusive : bool
        Whether no other process may have a lock of any kind; else none that is exclusive.

    Returns
    -------
    bool or None
        False if another process has a lock that does not allow it. None where there are no locks:
        on Windows, and on some network drives.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_at(handle: int, path: Path) -> bool:
    """Tell whether an open file is the one at `path`, and not a link to it."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), path.lstat())
    return False
