"""Turn whatever Pillow raises into an `ImageError`, and silence its warnings."""

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from PIL import Image

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge


class _WhileDecoding:
    """A pattern for the warnings filter that matches any text, but only in threads that decode.

    `warnings.catch_warnings` replaces the filters of the whole process, so threads that use it undo
    each other's filters. This filter asks which thread it is in and hides no other warnings.
    """

    # scikit-learn sends the filters to its workers as text. There this one matches nothing.
    pattern = r"(?!)"

    def __init__(self) -> None:
        self.thread = threading.local()

    def match(self, _text: str) -> bool:
        return getattr(self.thread, "depth", 0) > 0


_decoding = _WhileDecoding()
_FILTER = ("ignore", _decoding, Warning, None, 0)

# This plugin logs an error before it raises it. Without handlers, logging would print it.
logging.getLogger("PIL.TiffImagePlugin").addFilter(lambda record: not _decoding.match(record.msg))


@contextlib.contextmanager
def image_errors(name: str, kind: str) -> Iterator[None]:
    """Turn any exception raised inside into an `ImageError`, and hide Pillow's warnings.

    Parameters
    ----------
    name : str
        The image, as the user knows it.
    kind : str
        Its format, for the message.

    Raises
    ------
    ImageTooLarge
        There is not enough memory, or Pillow takes the image for a decompression bomb.
    ImageDamaged
        Anything else went wrong.
    """
    filters: Any = warnings.filters
    if _FILTER not in filters[:1]:
        filters.insert(0, _FILTER)
    _decoding.thread.depth = getattr(_decoding.thread, "depth", 0) + 1
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        reason = f": {error}".rstrip(": .")
        raise ImageTooLarge(f"{name} needs too much memory{reason}. Save it smaller.") from error
    except Exception as error:  # decoders raise exceptions of any type
        raise ImageDamaged(
            f"{name} must be a whole {kind} file, but is truncated or corrupt: {error}. "
            "Fetch or export it again."
        ) from error
    finally:
        _decoding.thread.depth -= 1
