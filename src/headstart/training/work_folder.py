"""The folder that a training works in: beside its result, there until the result is."""

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
    """Hold `folder` for a training with these settings; it may have been begun in it before.

    The folder is gone once the block ends well. After an error, a kill or Ctrl-C it stays, to go on
    from.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    settings : mapping
        Everything that the result depends on, as JSON can hold it.
    restart : bool
        Whether what was begun before is thrown away.

    Raises
    ------
    UsageError
        If another process works in it, or a training with other settings was begun in it.
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
            f"One process at a time may train in {folder}, and one does. Wait for it, or choose "
            "another place for the result."
        ) from error
    with lock:
        if restart:
            _empty(folder)
        _agree(folder, json.loads(json.dumps(settings)))
        yield
    # The result is kept already: what can't be deleted is no reason to fail.
    shutil.rmtree(folder, ignore_errors=True)


def _empty(folder: Path) -> None:
    with writing(str(folder)):
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()


def _agree(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / _SETTINGS
    try:
        begun = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        with whole_file(path) as new:
            new.write_text(json.dumps(settings, indent=1), "utf-8")
        return
    except ValueError:
        begun = {}
    if begun != settings:
        different = sorted(
            name for name in {*begun, *settings} if begun.get(name) != settings.get(name)
        )
        raise UsageError(
            f"A training was begun in {folder} with other settings: {', '.join(different)}. "
            "Give the same ones to go on with it, or say that it is to begin anew (--restart), or "
            "choose another place for the result."
        )
