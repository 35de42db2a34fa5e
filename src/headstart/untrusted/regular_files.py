"""Open regular files only: a pipe could block, and a device never end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

# Neither is known on Windows, where no pipe or terminal has a place among the files.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file for reading.

    It is looked at once it is open, so that nothing can take its place in between.

    Raises
    ------
    OSError
        If it can't be opened, or is a folder, a pipe, a socket or a device.
    """
    file = open(path, "rb", opener=open_at_once)  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def read_bytes(path: str | Path, most: int) -> bytes:
    """Return the content of a regular file.

    Parameters
    ----------
    path : str or Path
    most : int
        How many bytes it may have.

    Raises
    ------
    OSError
        See `open_regular`.
    ValueError
        If it has more bytes.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"more than {most:,} bytes")
    return content


def open_at_once(path: str, flags: int) -> int:
    """Open a file as `open` asks its `opener` to, without waiting for the writer of a pipe."""
    return os.open(path, flags | _WITHOUT_WAITING)
