"""Turn whatever a decoder raises into an `ImageError` that names the cause."""

import contextlib
import re
import traceback
from collections.abc import Iterator

from PIL import Image

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported

# What decoders say of a file that is whole, but of a variant that they don't know.
_VARIANT = re.compile(r"(?i)unsupported|not supported|unknown|cannot handle|not implemented")
_CUT = re.compile(
    r"(?i)truncat|incomplete|end of|unexpected eof|not enough (?:image )?data|failed to read"
)
_HINT = (
    " If it lacks at most a tenth, it is read with --accept-truncated (in Python: "
    "accept_truncated=True)."
)
# Pillow's words for it, which say no more.
_ONLY_CUT = re.compile(r"image file is truncated.*")
# The address of an object says nothing, and differs each time.
_ADDRESS = re.compile(r"\s*<[^<>]* at 0x[0-9a-fA-F]+>")


@contextlib.contextmanager
def image_errors(name: str, kind: str) -> Iterator[None]:
    """Turn any exception raised inside into an `ImageError`.

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
    ImageUnsupported
        The decoder does not know this variant of the format.
    ImageDamaged
        Anything else went wrong.
    """
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise too_large(name, error) from error
    except Exception as error:  # decoders raise exceptions of any type
        raise _diagnosed(name, kind, error) from error


@contextlib.contextmanager
def one_image(name: str) -> Iterator[None]:
    """Guard all that is done with one image: it must not end a run over many.

    Raises
    ------
    ImageError
        Instead of any other exception that is raised inside.
    """
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise too_large(name, error) from error
    except Exception as error:
        raise ImageUnsupported(
            f"{name} must be an image that can be converted and resized. "
            f"Received: {type(error).__name__}: {error}. Save it as an ordinary JPEG or PNG."
        ) from error


def release_locals(error: BaseException) -> None:
    """Let go of the images that an error keeps in memory, because its traceback leads to them."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        traceback.clear_frames(cause.__traceback__)
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__


def too_large(name: str, error: Exception) -> ImageTooLarge:
    """Return what is raised instead of an error that is about memory."""
    reason = f": {error}".rstrip(": .")
    return ImageTooLarge(f"{name} needs too much memory{reason}. Save it smaller.")


def _diagnosed(name: str, kind: str, error: Exception) -> ImageError:
    said = _ADDRESS.sub("", str(error)).strip().rstrip(".") or type(error).__name__
    if _VARIANT.search(said):
        return ImageUnsupported(
            f"{name} must be {kind} of a variant that can be read. Received: {said}. "
            "Save it as an ordinary JPEG or PNG."
        )
    cut = _CUT.search(said) or isinstance(error, EOFError)
    what = "truncated" if cut else "truncated or corrupt"
    said = "" if _ONLY_CUT.fullmatch(said) else f": {said}"
    hint = _HINT if cut and kind == "JPEG" else ""
    return ImageDamaged(
        f"{name} must be a whole {kind} file, but is {what}{said}. Fetch or export it again.{hint}"
    )
