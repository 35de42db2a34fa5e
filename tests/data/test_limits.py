import pytest

from headstart.data.limits import DEFAULT_LIMITS, Limits, check_bytes, check_pixels
from headstart.errors import ImageTooLarge


def test_the_limit_on_bytes_includes_the_limit():
    limits = Limits(max_bytes=3 * 1024**2)
    check_bytes(3 * 1024**2, "x", limits)
    with pytest.raises(ImageTooLarge, match=r"x must hold at most 3 MiB. Received: 4 MiB"):
        check_bytes(4 * 1024**2, "x", limits)


def test_the_limit_on_pixels_includes_the_limit():
    limits = Limits(max_pixels=2_000_000)
    check_pixels((2000, 1000), "x", limits)
    with pytest.raises(ImageTooLarge, match=r"at most 2 million pixels. Received: 1001 x 2000"):
        check_pixels((1001, 2000), "x", limits)


def test_the_default_limit_on_pixels_is_that_of_pillow():
    from PIL import Image

    # Pillow raises an error beyond twice the number that it warns about.
    assert DEFAULT_LIMITS.max_pixels == 2 * Image.MAX_IMAGE_PIXELS
