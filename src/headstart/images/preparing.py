"""What becomes of the bytes of an image file: pixels of the size that a network takes."""

from dataclasses import dataclass

import numpy as np

from headstart.images.decoding import decode
from headstart.images.notes import Notes
from headstart.images.resizing import Resize


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """An image that is decoded and resized.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB.
    notes : tuple of str
        See `Decoded`.
    truncated : bool
        See `Decoded`.
    """

    pixels: np.ndarray
    notes: Notes = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Preparation:
    """How images are decoded and resized. As JSON it can be sent to another process.

    Parameters
    ----------
    resize : Resize
        The size and the rule.
    accept_truncated : bool
        See `decode`.
    """

    resize: Resize
    accept_truncated: bool = False

    def __call__(self, data: bytes, name: str) -> Prepared:
        """Decode and resize the bytes of an image file; `name` is for messages.

        Raises
        ------
        ImageError
            See `decode`.
        Exception
            Resizing failed; see `one_image`.
        """
        decoded = decode(
            data,
            name=name,
            at_least=self.resize.source_size,
            as_stored=self.resize.as_stored,
            accept_truncated=self.accept_truncated,
        )
        return Prepared(self.resize(decoded.image), decoded.notes, decoded.truncated)
