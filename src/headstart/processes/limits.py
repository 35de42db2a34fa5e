"""Limits of a process of ours that reads files of strangers: how much memory, and no core dump."""

from __future__ import annotations

import os
import sys
import threading
import time

#: Exit status of a process that took more memory than it may.
TOO_MUCH_MEMORY = 77

_SECONDS_BETWEEN_LOOKS = 0.1


def limit_memory(n_bytes: int) -> None:
    """Let this process take no more memory than this from now on.

    On Linux, memory that is asked for beyond it is refused. On macOS, where the system knows no
    such limit, the process ends itself with the status `TOO_MUCH_MEMORY` a moment after it took
    more. On Windows there is no limit but that of the system.

    Parameters
    ----------
    n_bytes : int
        Bytes of its own data, in use before this call included. Files that are mapped and the code
        of libraries do not count on Linux.
    """
    if os.name == "nt":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = n_bytes if most == resource.RLIM_INFINITY else min(n_bytes, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    else:
        threading.Thread(target=_watch, args=[n_bytes], daemon=True).start()


def _watch(n_bytes: int) -> None:
    import resource

    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < n_bytes:  # in bytes on macOS
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(TOO_MUCH_MEMORY)
