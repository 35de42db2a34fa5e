"""The folder that a training works in. It is deleted when the result is saved."""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import filelock

from headstart.errors import UsageError
from headstart.storage import whole_file, writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SETTINGS, _LOCK = "settings.json", ".lock"


@contextlib.contextmanager
def work_folder(folder: Path, settings: Mapping[str, Any], *, restart: bool) -> Iterator[None]:
    """Lock a folder for a training with these settings, while the context is open.

    The folder is deleted when the context ends without an error. After an error, a kill or Ctrl-C
    it stays, so that the training can continue from it.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    settings : mapping
        Everything that the result depends on, in JSON's types.
    restart : bool
        Whether to delete the files of an unfinished training.

    Raises
    ------
    UsageError
        If another process works in the folder, or it holds an unfinished training with other
        settings.
    StorageError
        If it can't be written.
    """
    with writing(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise UsageError(
            f"Only one process at a time may train in {folder}, and another one does. Wait for "
            "it, or choose another folder for the result."
        ) from error
    with lock:
        if restart:
            _empty(folder)
        _compare_settings(folder, json.loads(json.dumps(settings)))
        yield
    # The result is saved already, so a file that can't be deleted is no reason to fail.
    shutil.rmtree(folder, ignore_errors=True)


def _empty(folder: Path) -> None:
    with writing(str(folder)):
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()


def _compare_settings(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / _SETTINGS
    try:
        before = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        with whole_file(path) as new:
            new.write_text(json.dumps(settings, indent=1), "utf-8")
        return
    except ValueError:
        before = {}
    if before != settings:
        different = sorted(
            name for name in {*before, *settings} if before.get(name) != settings.get(name)
        )
        raise UsageError(
            f"{folder} holds an unfinished training with other settings: {', '.join(different)}. "
            "Use the same settings to continue it, start anew (--restart), or choose another "
            "folder for the result."
        )
