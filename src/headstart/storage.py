"""Where files are kept, and how they are written so that they are whole or absent."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from headstart.errors import StorageError


def cache_dir() -> Path:
    """Return the folder for everything that can be made again.

    ``$HEADSTART_CACHE`` if set, else the platform's own place (``~/.cache/headstart`` on Linux).
    It holds ``weights/``, ``networks/`` and ``features/``. It is not created here.
    """
    return Path(
        os.environ.get("HEADSTART_CACHE") or platformdirs.user_cache_dir("headstart", False)
    )


def folder_size(folder: Path) -> int:
    """Return how many bytes the files below `folder` take; 0 if it is not there."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def clear_cache(kind: str) -> None:
    """Delete one kind of what is kept: ``features``, ``networks`` or ``weights``.

    Raises
    ------
    StorageError
        If something can't be deleted.
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
        With what could not be written, where, why, and what to do.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise storage_error(what, error) from error


def storage_error(what: str, why: object) -> StorageError:
    """Return the error that says `what` could not be written, and what to do."""
    return StorageError(
        f"Could not write {what}: {why}. Free some space or make the folder writable; "
        "set HEADSTART_CACHE to keep headstart's own files elsewhere."
    )


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place once the block ends well.

    An exception, a kill or a full disk leaves whatever stood at `path` before untouched.
    """
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _sync(temporary)
            # mkstemp makes the file private; what we leave is as readable as any new file.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place once the block ends well.

    `path` must not exist, or be an empty folder, or (when another process was quicker) hold the
    same thing; in that last case the new folder is dropped.
    """
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}-", dir=path.parent, ignore_cleanup_errors=True
        ) as name:
            temporary = Path(name) / path.name
            temporary.mkdir()
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _sync(file)
            try:
                temporary.replace(path)
            except OSError:
                if not (path.is_dir() and any(path.iterdir())):
                    raise


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
