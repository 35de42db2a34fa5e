"""How many pixels an image may have."""

from headstart.errors import ImageTooLarge

#: The largest image that is decoded, in pixels: Pillow's own limit.
MAX_PIXELS = 178_956_970


def check_pixels(size: tuple[int, int], name: str) -> None:
    """Raise `ImageTooLarge` if an image of (width, height) has more than `MAX_PIXELS`."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"{name} must have at most {MAX_PIXELS / 1e6:.3g} million pixels. "
            f"Received: {width} x {height}. Save it smaller."
        )
