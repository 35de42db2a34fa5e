"""Whatever Pillow raises or warns about, turned into one of our refusals."""

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any, cast

from PIL import Image

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge


@contextlib.contextmanager
def refusals(name: str, kind: str) -> Iterator[None]:
    """Turn any exception raised inside into an `ImageError` about `name`, and warn of nothing.

    Parameters
    ----------
    name : str
        The picture, as the user knows it.
    kind : str
        Its format, for the message.
    """
    try:
        with _quiet():
            yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        reason = str(error).rstrip(".") or "none is left"
        raise ImageTooLarge(
            f"{name} needs more memory than a picture may: {reason}. Save it smaller."
        ) from error
    except Exception as error:  # decoders raise whatever their parsing stumbles over
        raise ImageDamaged(
            f"{name} must be a whole {kind} file, but is truncated or corrupt: {error}. "
            "Fetch or export it again."
        ) from error


class _WhileDecoding:
    """A pattern for the warnings filter that matches any text, in threads that are decoding.

    `warnings.catch_warnings` swaps the filters of the whole process, which threads undo for each
    other; a filter that asks which thread it is in hides Pillow's warnings from nobody else.
    """

    # scikit-learn hands the filters to its workers as text; there this one matches nothing.
    pattern = r"(?!)"

    def __init__(self) -> None:
        self.thread = threading.local()

    def match(self, _text: str) -> bool:
        return getattr(self.thread, "depth", 0) > 0


_decoding = _WhileDecoding()
_FILTER = ("ignore", _decoding, Warning, None, 0)

# The one plugin that logs what it then raises; without handlers, logging prints it.
logging.getLogger("PIL.TiffImagePlugin").addFilter(lambda record: not _decoding.match(record.msg))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    filters = cast("list[Any]", warnings.filters)
    if _FILTER not in filters[:1]:
        filters.insert(0, _FILTER)
    _decoding.thread.depth = getattr(_decoding.thread, "depth", 0) + 1
    try:
        yield
    finally:
        _decoding.thread.depth -= 1
