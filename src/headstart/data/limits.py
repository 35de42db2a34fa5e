"""Limits on the size of an image."""

from dataclasses import dataclass

from headstart.errors import ImageTooLarge

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest image that is decoded.

    Parameters
    ----------
    max_bytes : int
        Bytes of the file.
    max_pixels : int
        Width times height. The default is Pillow's own limit.
    """

    max_bytes: int = 256 * _MIB
    max_pixels: int = 178_956_970


DEFAULT_LIMITS = Limits()


def check_bytes(size: int, name: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise `ImageTooLarge` if `size` bytes are more than `limits` allow."""
    if size > limits.max_bytes:
        raise ImageTooLarge(
            f"{name} must hold at most {limits.max_bytes / _MIB:.0f} MiB. "
            f"Received: {size / _MIB:.0f} MiB. Save it smaller."
        )


def check_pixels(size: tuple[int, int], name: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise `ImageTooLarge` if an image of `size` (width, height) has too many pixels."""
    width, height = size
    if width * height > limits.max_pixels:
        raise ImageTooLarge(
            f"{name} must have at most {limits.max_pixels / 1e6:.3g} million pixels. "
            f"Received: {width} x {height}. Save it smaller."
        )
