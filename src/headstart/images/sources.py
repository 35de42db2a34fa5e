"""Read the bytes of an image, wherever they are."""

import contextlib
import errno
import hashlib
import io
import os
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.errors import ImageError, ImageNotFound, ImageTooLarge, ImageUnreadable, UsageError
from headstart.images.decoding_errors import image_errors, too_large
from headstart.images.in_flight import take_file
from headstart.untrusted.regular_files import open_at_once

_MIB = 1024**2
#: The largest image file that is read.
MAX_BYTES = 256 * _MIB

_OTHER_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
_AT_ONCE = _MIB
_ABSENT = (errno.ENOENT, errno.ENOTDIR)
_REASONS = {
    errno.EACCES: "it, or a folder that it is in, may not be read",
    errno.EAGAIN: "it has nothing to read yet",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "its name is longer than the system allows",
}
_MODES_PNG_KEEPS = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
# Not YCbCr: Pillow before 13 does not read the TIFF that it writes.
_MODES_TIFF_KEEPS = ("CMYK", "F", "I", "LAB")


class ImageSource(ABC):
    """An image that has not been read yet."""

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """The name for messages: a path, ``file.parquet#17`` or ``image 3``; always printable."""

    @abstractmethod
    def read(self) -> bytes:
        """Return the bytes of an image file.

        Raises
        ------
        ImageError
            `ImageNotFound`, `ImageUnreadable`, `ImageDamaged` or `ImageTooLarge`. The limit on
            bytes is checked before they are read.
        """


@dataclass(frozen=True, slots=True)
class FileSource(ImageSource):
    """An image file.

    Parameters
    ----------
    path : str or Path
        The file. Reading a folder, a pipe or a device raises `ImageUnreadable`.
    """

    path: str | Path

    @property
    def name(self) -> str:
        """The path; bytes that are not valid Unicode are escaped."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    def read(self) -> bytes:
        """Return the content of the file."""
        try:
            with open(self.path, "rb", buffering=0, opener=open_at_once) as file:
                return self._read_regular(file)
        except ImageError:
            raise
        except MemoryError as error:
            raise too_large(self.name, error) from error
        except ValueError as error:
            raise ImageNotFound(_absence(self.name, None)) from error
        except OSError as error:
            if error.errno in _ABSENT:
                raise ImageNotFound(_absence(self.name, Path(self.path))) from error
            reason = self._reason(error)
            raise ImageUnreadable(
                f"{self.name} could not be opened: {reason}. Check that it is a file you may read."
            ) from error

    def _reason(self, error: OSError) -> str | None:
        with contextlib.suppress(OSError):
            if Path(self.path).is_dir():  # Windows says the same of what may not be read
                return "it is a folder"
        return _REASONS.get(error.errno or 0, error.strerror)

    def _read_regular(self, file: io.FileIO) -> bytes:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            kind = _OTHER_KINDS.get(stat.S_IFMT(status.st_mode), "device")
            raise ImageUnreadable(
                f"{self.name} must be a file, but is a {kind}. Name an image file."
            )
        check_bytes(status.st_size, self.name)
        pieces, have = [], 0
        # A file may grow while it is read. Those of /proc say that they are empty, and may not end.
        while piece := file.read(max(status.st_size + 1 - have, 1 if not have else _AT_ONCE)):
            pieces.append(piece)
            have += len(piece)
            check_bytes(have, self.name)
        if piece is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@dataclass(frozen=True, slots=True)
class BytesSource(ImageSource):
    """An image file in memory."""

    name: str = field()
    data: bytes = field(repr=False)

    def read(self) -> bytes:
        """Return the bytes."""
        check_bytes(len(self.data), self.name)
        return self.data


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource(ImageSource):
    """An image as an array.

    Parameters
    ----------
    name : str
        The name for messages.
    array : ndarray of uint8, shape (height, width), (height, width, 3) or (height, width, 4)
        Grey, RGB or RGBA, 0 to 255.

    Raises
    ------
    UsageError
        The array has another shape or dtype.
    """

    name: str = field()
    array: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        """Check the shape and the dtype."""
        shape = self.array.shape
        fits = len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4})
        if self.array.dtype != np.uint8 or not fits or 0 in shape:
            raise UsageError(
                f"{self.name} must be a uint8 array of shape (height, width), (height, width, 3) "
                f"RGB or (height, width, 4) RGBA. Received: {self.array.dtype}, shape {shape}."
                f"{_remedies(self.array)}"
            )

    def read(self) -> bytes:
        """Return the pixels as the bytes of a lossless image file."""
        check_bytes(self.array.nbytes, self.name)
        with image_errors(self.name, "array"):
            return _as_file(Image.fromarray(self.array), self.name)


@dataclass(frozen=True, slots=True, eq=False)
class PillowSource(ImageSource):
    """An image as a `PIL.Image.Image`, which may not have read its file yet."""

    name: str = field()
    image: Image.Image = field(repr=False)

    def read(self) -> bytes:
        """Return the image as the bytes of a lossless image file."""
        with image_errors(self.name, self.image.format or "Pillow image"):
            return _as_file(self.image, self.name)


@dataclass(frozen=True, slots=True)
class UnreadableSource(ImageSource):
    """A source that is known to be unreadable: reading it raises the error."""

    name: str = field()
    error: ImageError

    def read(self) -> bytes:
        """Raise the error."""
        raise self.error


@dataclass(frozen=True, slots=True)
class UnreadableImage:
    """An image that could not be read, and the reason.

    Attributes
    ----------
    source : ImageSource
        The image.
    error : ImageError
        The reason.
    """

    source: ImageSource
    error: ImageError

    def to_dict(self) -> dict[str, str]:
        """Return the name of the image, the name of the error's class and its message."""
        return {
            "path": self.source.name,
            "type": type(self.error).__name__,
            "message": str(self.error),
        }


#: One image: the path of a file, the bytes of an image file, an array as `ArraySource` takes it, a
#: PIL image, or a source.
ImageLike = str | Path | bytes | NDArray[np.uint8] | Image.Image | ImageSource


def as_source(image: ImageLike, index: int = 0) -> ImageSource:
    """Return `image` as a source.

    Parameters
    ----------
    image : ImageLike
        One image.
    index : int
        Its place in the caller's list, which names an image without a path.

    Raises
    ------
    UsageError
        `image` is something else.
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


def check_bytes(size: int, name: str) -> None:
    """Check the size of a file before it is read, and take memory for it.

    In a `headstart.images.in_flight.room` this waits until the memory is free.

    Raises
    ------
    ImageTooLarge
        `size` is more than `MAX_BYTES`.
    """
    if size > MAX_BYTES:
        raise ImageTooLarge(
            f"{name} must hold at most {MAX_BYTES / _MIB:.0f} MiB. "
            f"Received: {size / _MIB:.0f} MiB. Save it smaller."
        )
    take_file(size)


def content_hash(data: bytes) -> str:
    """Return the BLAKE2b hash of `data`, 128 bits as 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _as_file(image: Image.Image, name: str) -> bytes:
    if image.mode.startswith("I;16"):
        # Pillow clips the other orders of bytes when it converts them.
        plain = Image.fromarray(np.asarray(image).astype(np.uint16))
        plain.info = image.info
        image = plain
    if image.mode == "La":
        image = image.convert("LA")
    # Not compressed, because a reader thread decodes it again at once.
    if image.mode not in (*_MODES_PNG_KEEPS, *_MODES_TIFF_KEEPS):
        image = image.convert("RGB" if image.mode == "YCbCr" else "RGBA")
    file = io.BytesIO()
    if image.mode in _MODES_PNG_KEEPS:
        image.save(file, "PNG", compress_level=0, exif=image.getexif(), icc_profile=None)
    else:
        image.save(file, "TIFF")
    data = file.getvalue()
    check_bytes(len(data), name)
    return data


def _remedies(array: np.ndarray) -> str:
    """Return what makes an image of an array, if that can be seen."""
    said = ""
    if array.ndim == 3 and array.shape[0] in {3, 4} and min(array.shape[1:]) > 4:
        said += " Put the channels last: np.moveaxis(image, 0, -1)."
    if array.dtype != np.uint8:
        said += " Scale values to 0..255 and call .astype('uint8')."
    return said


def _absence(name: str, path: Path | None) -> str:
    """Return why there is no file. `path` is None if no file can have this name."""
    if name.startswith(("http:/", "https:/")):
        return f"{name} is a web address, but only files are read. Download it first."
    with contextlib.suppress(OSError):
        if path is not None and path.is_symlink():
            target = path.readlink()
            return f"{name} is a link to {target}, which does not exist. Correct or remove it."
    return f"There is no file or folder {name}. Check the spelling and the folder you are in."
