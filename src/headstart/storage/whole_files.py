"""Write files so that they are whole or absent."""

import contextlib
import itertools
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from headstart.storage.disk import sync_file, writing
from headstart.storage.locks import is_at, lock

# A pipe is not waited for, and a link not followed.
_AS_IT_IS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


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
        with contextlib.ExitStack() as held:
            temporary = next(name for name in _names_beside(path) if _take(name, held))
            try:
                yield temporary
                if sync:
                    sync_file(temporary)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise


def _names_beside(path: Path) -> Iterator[Path]:
    """Yield names of temporary files for `path`.

    They are always the same ones, so that the next process takes, and deletes, what a killed one
    left.
    """
    return (
        path.with_name(f".{path.stem[:40]}-headstart-{n}{path.suffix}") for n in itertools.count(1)
    )


def _take(path: Path, held: contextlib.ExitStack) -> bool:
    """Make a new file, and lock it until `held` is closed; return False if the name is taken."""
    while True:
        try:
            # Not by tempfile: this file shall be as readable as any new file, not private.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            if not _remove_if_left(path):
                return False
            continue
        locked = lock(handle)
        if locked and is_at(handle, path):
            held.callback(os.close, handle)
            return True
        os.close(handle)
        if locked is None:
            # On Windows, an open file can't be renamed. What is killed there leaves its file.
            return True


def _remove_if_left(path: Path) -> bool:
    """Delete a file that a killed process left; tell whether the name is free."""
    try:
        handle = os.open(path, os.O_RDWR | _AS_IT_IS)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode) or not lock(handle):
            return False
        if is_at(handle, path):
            path.unlink()
        return True
    finally:
        os.close(handle)


@contextlib.contextmanager
def _for_device(path: Path) -> Iterator[Path]:
    """Yield a temporary path; at the end write it into a device or a pipe, which must stay."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, path.name)
        temporary.touch()
        yield temporary
        with temporary.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
