"""End a process of ours with the process that started it."""

from __future__ import annotations

import os
import sys
import threading
import time

_SECONDS_BETWEEN_LOOKS = 0.2


def end_with_parent() -> None:
    """End this process when its parent is gone: nobody waits for the answer, or for its files.

    The first argument of the program is the parent's number.
    """
    # It may be gone before this line, and then the parent is another process. On Windows a parent
    # keeps its number, but may be what started Python for it.
    parent = os.getppid() if os.name == "nt" else int(sys.argv[1])
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
