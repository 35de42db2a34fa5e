"""The errors that headstart raises on purpose.

::

    HeadstartError
    ├── UsageError (ValueError)         an argument is wrong; nothing was done
    │   └── UnknownBackbone             no backbone with this name, no such folder
    ├── MissingExtra (ImportError)      an optional package is missing
    ├── ImageError (ValueError)         an image can't be read
    │   ├── ImageNotFound               the file does not exist
    │   ├── ImageUnreadable             the file exists, but can't be opened
    │   ├── ImageDamaged                the file is cut short or corrupt
    │   ├── ImageUnsupported            not an image, or of a format that is not supported
    │   └── ImageTooLarge               more bytes or pixels than the limit
    ├── DatasetError (ValueError)       a labelled dataset can't be read or used
    ├── WeightsError
    │   ├── WeightsNotFound             no weights file, and no download is allowed
    │   ├── WeightsMismatch             a file of another network, or with another hash
    │   └── DownloadError               the download failed; the bytes received are kept
    ├── ConversionError                 a network could not be converted
    ├── ForkError (RuntimeError)        a forked process can't use what its parent was using
    ├── TrainingDiverged                the loss of a training is not a number or rises
    ├── NotTested                       the model is saved, but testing it failed
    ├── StorageError (OSError)          a file can't be written: read-only, or a full disk
    └── SavedModelError
        ├── NotASavedModel              the folder is something else
        ├── DamagedModel                a file is missing or altered, or results differ
        └── NewerFormat                 written by a newer headstart

A message says what must hold, what was received, and what to do.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar

from headstart.escaping import printable, printable_lines

if TYPE_CHECKING:
    from types import FrameType

# scikit-learn wraps methods of its estimators, and calls them in cross-validations.
_INSIDE = ("headstart", "sklearn", "joblib")


class HeadstartError(Exception):
    """The base of all errors that headstart raises on purpose."""

    # Whether its messages have lines. In others, a line break comes from a name.
    _has_lines: ClassVar[bool] = False

    def __str__(self) -> str:
        """Return the message; names in it, of files for example, can't lead a reader astray."""
        message = super().__str__()
        return printable_lines(message) if self._has_lines else printable(message)


class UsageError(HeadstartError, ValueError):
    """An argument is wrong; nothing was done."""


class UnknownBackbone(UsageError):
    """There is no backbone with this name, and no such folder."""


class MissingExtra(HeadstartError, ImportError):
    """An optional package is missing."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            f'{purpose} needs the extra "{extra}". Install it in a checkout of headstart with: '
            f'pip install ".[{extra}]"; or from a wheel with: pip install "FILE.whl[{extra}]"'
        )


class ImageError(HeadstartError, ValueError):
    """An image can't be read."""


class ImageNotFound(ImageError):
    """The file does not exist."""


class ImageUnreadable(ImageError):
    """The file exists, but can't be opened."""


class ImageDamaged(ImageError):
    """The file is cut short or corrupt."""


class ImageUnsupported(ImageError):
    """The file is not an image, or of a format that is not supported."""


class ImageTooLarge(ImageError):
    """The image has more bytes or pixels than the limit."""


class DatasetError(HeadstartError, ValueError):
    """A labelled dataset can't be read or used."""


class WeightsError(HeadstartError):
    """The base of the errors about weights files."""

    _has_lines = True


class WeightsNotFound(WeightsError):
    """There is no weights file, and no download is allowed."""


class WeightsMismatch(WeightsError):
    """A weights file belongs to another network, or has another hash than published."""


class DownloadError(WeightsError):
    """A download failed. The bytes received are kept, and the next try resumes there.

    Parameters
    ----------
    message : str
    status : int, optional
        What the server answered, such as 404; None if it did not.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConversionError(HeadstartError):
    """A network could not be converted."""

    _has_lines = True


class StorageError(HeadstartError, OSError):
    """A file or folder can't be written: read-only, or the disk is full."""


class SavedModelError(HeadstartError):
    """The base of the errors about folders of models, backbones and networks."""


class NotASavedModel(SavedModelError):
    """The folder is something else."""


class DamagedModel(SavedModelError):
    """A file is missing or altered, or the golden images give other results."""


class NewerFormat(SavedModelError):
    """The folder was written by a newer headstart."""


class ForkError(HeadstartError, RuntimeError):
    """A forked process can't use what its parent was using when it forked."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"This process was forked while {what} in its parent, whose threads do not exist here. "
            "Fork while nothing is predicted or trained; or load the model in each worker "
            "(gunicorn: without --preload; uWSGI: with lazy-apps); or start the workers with "
            'multiprocessing.get_context("spawn") or "forkserver".'
        )


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and point to the line of the user's program that called headstart.

    Parameters
    ----------
    message : str
    category : type
    """
    import inspect  # late: it takes longer to load than help to be shown

    level = 1
    frame = inspect.currentframe()
    while frame is not None and _package(frame) in _INSIDE:
        frame = frame.f_back
        level += 1
    shown = printable_lines if getattr(category, "_has_lines", False) else printable
    warnings.warn(shown(message), category, stacklevel=level)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


class TrainingDiverged(HeadstartError):
    """The loss of a training is no longer a number, or keeps rising."""


class NotTested(HeadstartError):
    """A model is saved and can be used, but testing it or adding its plots failed."""
