"""How large an image may be."""

from headstart.errors import ImageTooLarge

#: The largest image that is decoded, in pixels: Pillow's own limit.
MAX_PIXELS = 178_956_970
#: The longest side, in pixels. Resizing a longer one takes memory that the pixels don't tell.
MAX_SIDE = 100_000


def check_pixels(size: tuple[int, int], name: str) -> None:
    """Check the (width, height) of an image before memory is taken for its pixels.

    Raises
    ------
    ImageTooLarge
        There are more than `MAX_PIXELS`, or a side is longer than `MAX_SIDE`.
    """
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"{name} must have at most {MAX_PIXELS / 1e6:.3g} million pixels. "
            f"Received: {width} x {height}. Save it smaller."
        )
    if max(size) > MAX_SIDE:
        raise ImageTooLarge(
            f"{name} must have sides of at most {MAX_SIDE:,} pixels. "
            f"Received: {width} x {height}. Cut it into pieces."
        )
