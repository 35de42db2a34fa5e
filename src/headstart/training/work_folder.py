"""The folder that a training works in. It is deleted when the result is saved."""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import filelock

from headstart.display.text import shorten
from headstart.errors import TrainingDiverged, UsageError
from headstart.progress import Bars
from headstart.storage.disk import writing
from headstart.storage.whole_files import whole_file
from headstart.storage.whole_folders import folder_beside, remove_remains
from headstart.untrusted.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from headstart.progress import Progress

_SETTINGS, _LOCK = "settings.json", ".lock"
# Instead of settings: all else in the folder is about to be deleted.
_EMPTIED = {"emptied": True}
# Hashes and lists are longer; letters.
_SHOWN = 40


@contextlib.contextmanager
def work_folder(
    folder: Path,
    settings: Mapping[str, Any],
    *,
    restart: bool,
    progress: Progress | None = None,
) -> Iterator[None]:
    """Lock a folder for a training with these settings, while the context is open.

    The folder is deleted when the context ends without an error: save the result inside. After an
    error, a kill or Ctrl-C it stays, so that the training can continue from it, unless it holds
    nothing to continue from.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    settings : mapping
        Everything that the result depends on, in JSON's types.
    restart : bool
        Whether to delete the files of an unfinished training.
    progress : Progress, optional
        Gets the message that the folder stays.

    Raises
    ------
    UsageError
        If another process works in the folder, or it holds an unfinished training with other
        settings, or files that are not known to belong to a training.
    StorageError
        If it can't be written.
    """
    with writing(str(folder)):
        remove_remains(folder)
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with _locked(folder):
            if restart or _settings_in(folder) == _EMPTIED:
                _empty(folder)
            _remove_unfinished_files(folder)
            _compare_settings(folder, json.loads(json.dumps(settings)))
            yield
    except BaseException as error:
        if _is_useless(folder, error, is_new=is_new):
            _delete(folder)
        elif not isinstance(error, UsageError):
            (progress or Bars()).say(
                f"What is trained so far is kept in {folder}. The same command continues it."
            )
        raise
    _delete(folder)


def is_work_folder(folder: Path) -> bool:
    """Tell whether a training has worked in a folder, and not come to its end."""
    return (folder / _SETTINGS).is_file()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = filelock.FileLock(folder / _LOCK)
    with writing(str(folder)):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise _InUse(
                f"Only one process at a time may train in {folder}, and another one does. Wait for "
                "it, or choose another folder for the result."
            ) from error
    with lock:
        yield


class _InUse(UsageError):
    """Another process works in the folder."""


def _is_useless(folder: Path, error: BaseException, *, is_new: bool) -> bool:
    """Tell whether there is nothing in the folder that a training could continue from."""
    if isinstance(error, _InUse):
        return False
    if isinstance(error, TrainingDiverged):
        return True  # it would again
    if is_new and isinstance(error, UsageError):
        return True
    return all(entry.name in (_SETTINGS, _LOCK) for entry in folder.iterdir())


def _delete(folder: Path) -> None:
    """Delete the folder under another name, so that no half of it is taken for a training."""
    # The result is saved already, so a folder that can't be deleted is no reason to fail.
    with contextlib.suppress(OSError), folder_beside(folder) as aside:
        folder.rename(aside / folder.name)
    shutil.rmtree(folder, ignore_errors=True)


def _empty(folder: Path) -> None:
    with writing(str(folder)):
        # First: if this process is killed here, the next one knows what becomes of the rest.
        _write_settings(folder, _EMPTIED)
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name not in (_LOCK, _SETTINGS):
                entry.unlink()
        (folder / _SETTINGS).unlink()


def _remove_unfinished_files(folder: Path) -> None:
    """Delete what a killed process was writing; see `headstart.storage.whole_files.whole_file`."""
    with writing(str(folder)):
        for file in folder.rglob(".*"):
            if file.is_file() and file.name != _LOCK:
                file.unlink()


def _compare_settings(folder: Path, settings: dict[str, Any]) -> None:
    before = _settings_in(folder)
    if before is None:
        if any(entry.name != _LOCK for entry in folder.iterdir()):
            raise UsageError(
                f"A training works in a folder of its own. Received: {folder}, which holds files "
                "of an unknown training, or of something else. Start anew, which deletes them "
                "(--restart), or choose another folder for the result."
            )
        _write_settings(folder, settings)
        return
    if before != settings:
        raise UsageError(
            f"{folder} holds an unfinished training with other settings: "
            f"{', '.join(_differences(before, settings))}. "
            "Use the same settings to continue it, start anew (--restart), or choose another "
            "folder for the result."
        )


def _settings_in(folder: Path) -> Any:
    """Return the settings in a folder; None without any, and none of them if they are damaged."""
    try:
        found = read_json(folder / _SETTINGS)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    with whole_file(folder / _SETTINGS) as new:
        new.write_text(json.dumps(settings, indent=1), "utf-8")


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield each setting that differs, such as "epochs: 10 before, 12 now"."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from (f"{_shown(name)}.{inner}" for inner in _differences(old, new))
        elif old != new:
            yield f"{_shown(name)}: {_shown(old)} before, {_shown(new)} now"


def _shown(value: object) -> str:
    return "none" if value is None else shorten(str(value), _SHOWN)
