"""Where the bytes of one picture come from."""

import hashlib
import io
import os
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from headstart.data.decoding_errors import refusals
from headstart.data.limits import check_bytes
from headstart.errors import (
    ImageError,
    ImageNotFound,
    ImageUnreadable,
    UsageError,
)

# Opening a FIFO for reading waits for a writer unless told not to; Windows has neither flag's twin.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_MODES_PNG_KEEPS = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_MODES_TIFF_KEEPS = ("CMYK", "F", "I", "LAB", "YCbCr")


class ImageSource(ABC):
    """One picture that has not been read yet."""

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """What a user sees: a path, ``file.parquet#17`` or ``image 3``. Always printable."""

    @abstractmethod
    def read(self) -> bytes:
        """Return the bytes of an image file.

        Raises
        ------
        ImageError
            `ImageNotFound`, `ImageUnreadable`, `ImageDamaged` or `ImageTooLarge`; the byte limit
            is checked before the bytes are read.
        """


@dataclass(frozen=True, slots=True)
class FileSource(ImageSource):
    """A picture in a file of its own.

    Parameters
    ----------
    path : str or Path
        The file. Folders, pipes and devices are refused when it is read.
    """

    path: str | Path

    @property
    def name(self) -> str:
        """The path; what is no valid Unicode in it is escaped."""
        # A name that is no valid Unicode on this system must not break whoever prints it.
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    def read(self) -> bytes:
        """Return what the file holds."""
        try:
            with open(self.path, "rb", buffering=0, opener=_open_at_once) as file:
                return self._read_regular(file)
        except ImageError:
            raise
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise ImageNotFound(_absence(self.name, Path(self.path))) from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _read_regular(self, file: io.FileIO) -> bytes:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ImageUnreadable(
                f"{self.name} must be a file, but is a {_kind(status.st_mode)}. Name an image file."
            )
        check_bytes(status.st_size, self.name)
        return file.readall()

    def _unreadable(self, error: OSError) -> ImageUnreadable:
        reason = "it is a folder" if Path(self.path).is_dir() else error.strerror
        return ImageUnreadable(
            f"{self.name} could not be opened: {reason}. Check that it is a file you may read."
        )


@dataclass(frozen=True, slots=True)
class BytesSource(ImageSource):
    """A picture whose file is in memory already."""

    name: str = field()
    data: bytes = field(repr=False)

    def read(self) -> bytes:
        """Return the bytes as they were given."""
        check_bytes(len(self.data), self.name)
        return self.data


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource(ImageSource):
    """A picture given as an array.

    Parameters
    ----------
    name : str
        What to call it.
    array : ndarray of uint8, shape (height, width), (height, width, 3) or (height, width, 4)
        Grey, RGB or RGBA, 0 to 255.

    Raises
    ------
    UsageError
        For any other shape or dtype.
    """

    name: str = field()
    array: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not an image."""
        shape = self.array.shape
        fits = len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4})
        if self.array.dtype != np.uint8 or not fits or 0 in shape:
            raise UsageError(
                f"{self.name} must be a uint8 array of shape (height, width), (height, width, 3) "
                f"RGB or (height, width, 4) RGBA. Received: {self.array.dtype}, shape {shape}. "
                "Scale values to 0..255 and call .astype('uint8')."
            )

    def read(self) -> bytes:
        """Return the pixels as the bytes of a lossless image file."""
        return _as_file(Image.fromarray(self.array))


@dataclass(frozen=True, slots=True, eq=False)
class PillowSource(ImageSource):
    """A picture given as a `PIL.Image.Image`; it is read when its turn comes."""

    name: str = field()
    image: Image.Image = field(repr=False)

    def read(self) -> bytes:
        """Return the picture as the bytes of a lossless image file."""
        with refusals(self.name, self.image.format or "Pillow image"):
            return _as_file(self.image)


@dataclass(frozen=True, slots=True)
class RefusedSource(ImageSource):
    """Something that was asked for and is known to hold no picture: reading it says why."""

    name: str = field()
    error: ImageError

    def read(self) -> bytes:
        """Raise the error."""
        raise self.error


def as_source(
    image: "str | Path | bytes | np.ndarray | Image.Image | ImageSource", index: int = 0
) -> ImageSource:
    """Return `image` as a source.

    Parameters
    ----------
    image : str, Path, bytes, ndarray, PIL.Image.Image or ImageSource
        A path, the bytes of an image file, or pixels as `ArraySource` takes them.
    index : int
        Its place in the caller's list, for the name of what has no path.

    Raises
    ------
    UsageError
        For anything else.
    """
    name = f"image {index}"
    match image:
        case ImageSource():
            return image
        case str() | Path():
            return FileSource(image)
        case bytes():
            return BytesSource(name, image)
        case np.ndarray():
            return ArraySource(name, image)
        case Image.Image():
            return PillowSource(name, image)
    raise UsageError(
        f"{name} must be a path, the bytes of an image file, a uint8 array or a PIL image. "
        f"Received: {type(image).__name__}."
    )


def content_hash(data: bytes) -> str:
    """Return the BLAKE2b hash of `data`, 128 bits as 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _open_at_once(path: str, _flags: int) -> int:
    return os.open(path, _OPEN_FLAGS)


def _as_file(image: Image.Image) -> bytes:
    # Lossless and hardly compressed: it is decoded again at once, on another thread.
    image = _savable(image)
    file = io.BytesIO()
    if image.mode in _MODES_PNG_KEEPS:
        image.save(file, "PNG", compress_level=0, exif=image.getexif(), icc_profile=None)
    else:
        image.save(file, "TIFF")
    data = file.getvalue()
    check_bytes(len(data), "the image")
    return data


def _savable(image: Image.Image) -> Image.Image:
    if image.mode in (*_MODES_PNG_KEEPS, *_MODES_TIFF_KEEPS):
        return image
    return image.convert("RGBA")


def _absence(name: str, path: Path) -> str:
    if name.startswith(("http:/", "https:/")):
        return f"{name} is a web address, and only files are read. Download it, then name the file."
    if "\0" not in name and path.is_symlink():
        return f"{name} is a link to {path.readlink()}, which does not exist. Mend or remove it."
    return f"There is no file {name}. Check the spelling and the folder you are in."


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")


@dataclass(frozen=True, slots=True)
class UnreadableImage:
    """A picture that was set aside because it can't be read.

    Attributes
    ----------
    source : ImageSource
    error : ImageError
        Why.
    """

    source: ImageSource
    error: ImageError
