"""Small images that are embedded in a report, within limits."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from headstart.errors import ImageError
from headstart.images.cores import usable_cores
from headstart.images.decoding import decoded_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from PIL import Image

    from headstart.images.sources import ImageSource

#: The longest side of a small image, in pixels.
SIDE = 112
#: Bytes of all images in a report, as text.
MOST_BYTES = 6_000_000
_QUALITY = 80
# Between looks at whether there is room.
_AT_ONCE = 64


class Thumbnails:
    """The small images of a report as ``data:`` addresses.

    Parameters
    ----------
    sources : Mapping of str to ImageSource
        The images by their names.
    most_bytes : int
        What all of them may take. Later images are left out.
    """

    def __init__(self, sources: Mapping[str, ImageSource], most_bytes: int = MOST_BYTES) -> None:
        self._sources = sources
        self._left = most_bytes
        self._made: dict[str, str] = {}
        #: How many images were left out for want of room.
        self.n_left_out = 0

    def prepare(self, names: Iterable[str], shown: int = 1) -> None:
        """Make the small images with these names, as far as they can be read and there is room.

        Parameters
        ----------
        names : iterable of str
            Those that were made already are not made again.
        shown : int
            At how many places each of them stands in the report.
        """
        wanted = [name for name in dict.fromkeys(names) if name in self._sources]
        wanted = [name for name in wanted if name not in self._made]
        with ThreadPoolExecutor(usable_cores()) as threads:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                if self.n_left_out:
                    # There is no room: they need not be decoded.
                    self.n_left_out += len(some)
                    continue
                found = threads.map(lambda name: _thumbnail(self._sources[name]), some)
                for name, address in zip(some, found, strict=True):
                    if address is not None:
                        self._keep(name, address, shown)

    def of(self, name: str) -> str | None:
        """Return the address of an image that was prepared; None if it is not shown."""
        return self._made.get(name)

    def embed(self, image: Image.Image) -> str | None:
        """Return the address of another image; None for want of room."""
        address = as_address(image)
        if len(address) > self._left:
            self.n_left_out += 1
            return None
        self._left -= len(address)
        return address

    def _keep(self, name: str, address: str, shown: int) -> None:
        if shown * len(address) > self._left:
            self.n_left_out += 1
            return
        self._left -= shown * len(address)
        self._made[name] = address


def as_address(image: Image.Image) -> str:
    """Return an image as a ``data:`` address."""
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _thumbnail(source: ImageSource) -> str | None:
    """Return the small image of a source; None if it can't be read: the report lists it already."""
    try:
        # What an evaluation has accepted is shown; what it has not stands among the unreadable.
        with decoded_image(source, at_least=(SIDE, SIDE), accept_truncated=True) as decoded:
            small = decoded.image.copy()
    except ImageError:
        return None
    small.thumbnail((SIDE, SIDE))
    return as_address(small)
