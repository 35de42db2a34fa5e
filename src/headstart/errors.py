"""Everything headstart refuses, by name.

::

    HeadstartError
    ├── UsageError (ValueError)         an argument is wrong; nothing was done
    │   └── UnknownBackbone             no such name in the catalogue
    ├── MissingExtra (ImportError)      an optional package is missing; says the pip command
    ├── ImageError (ValueError)         one picture is refused
    │   ├── ImageNotFound               there is no such file
    │   ├── ImageUnreadable             the file is there, but can't be opened
    │   ├── ImageDamaged                truncated or corrupt
    │   ├── ImageUnsupported            not an image, or a format that is not on the allow-list
    │   └── ImageTooLarge               more bytes or pixels than the limit
    ├── DatasetError (ValueError)       a labelled data set can't be read or used
    ├── WeightsError
    │   ├── WeightsNotFound             not at hand, and not to be downloaded
    │   ├── WeightsMismatch             a file that does not fit the network, or its published hash
    │   └── DownloadError               the download failed; what came so far is kept
    ├── ConversionError                 a network could not be converted
    ├── TrainingDiverged                a network whose training no longer leads anywhere
    ├── StorageError (OSError)          a folder can't be written: read-only, or the disk is full
    └── SavedModelError
        ├── NotASavedModel              the folder is something else
        ├── DamagedModel                a file is missing or altered, or a test picture differs
        └── NewerFormat                 written by a newer headstart

Messages say what must hold, what was received, and what to do.
"""


class HeadstartError(Exception):
    """The root: catch this to catch everything headstart raises on purpose."""


class UsageError(HeadstartError, ValueError):
    """An argument is wrong; nothing was done."""


class UnknownBackbone(UsageError):
    """No such name in the catalogue."""


class MissingExtra(HeadstartError, ImportError):
    """An optional package is needed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            f'{purpose} needs the extra "{extra}". Install it in a checkout of headstart with: '
            f'pip install ".[{extra}]"; or from a wheel with: pip install "FILE.whl[{extra}]"'
        )


class ImageError(HeadstartError, ValueError):
    """One picture is refused."""


class ImageNotFound(ImageError):
    """There is no such file."""


class ImageUnreadable(ImageError):
    """The file is there, but can't be opened."""


class ImageDamaged(ImageError):
    """The file is truncated or corrupt."""


class ImageUnsupported(ImageError):
    """Not an image, or a format that is not on the allow-list."""


class ImageTooLarge(ImageError):
    """More bytes or pixels than the limit."""


class DatasetError(HeadstartError, ValueError):
    """A labelled data set can't be read or used."""


class WeightsError(HeadstartError):
    """Something about a weights file."""


class WeightsNotFound(WeightsError):
    """The weights are not at hand, and not to be downloaded."""


class WeightsMismatch(WeightsError):
    """A weights file does not fit the network, or its published hash."""


class DownloadError(WeightsError):
    """A download failed; what came so far is kept and the next try goes on from there."""


class ConversionError(HeadstartError):
    """A network could not be converted."""


class StorageError(HeadstartError, OSError):
    """A file or folder can't be written: read-only, or the disk is full."""


class SavedModelError(HeadstartError):
    """Something about a saved model's folder."""


class NotASavedModel(SavedModelError):
    """The folder is something else."""


class DamagedModel(SavedModelError):
    """A file is missing or altered, or golden images come out differently."""


class NewerFormat(SavedModelError):
    """The folder was written by a newer headstart."""


class TrainingDiverged(HeadstartError):
    """A network whose training no longer leads anywhere."""
