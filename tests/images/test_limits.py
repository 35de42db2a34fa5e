import pytest

from headstart.errors import ImageTooLarge
from headstart.images.limits import MAX_PIXELS, MAX_SIDE, check_pixels


def test_the_limits_are_told():
    check_pixels((MAX_PIXELS // MAX_SIDE, MAX_SIDE), "x")
    with pytest.raises(ImageTooLarge, match=r"^x must have at most 179 million.*: \d+ x 10000\."):
        check_pixels((MAX_PIXELS // 10_000 + 1, 10_000), "x")


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)])
def test_a_side_has_a_limit_because_resizing_it_takes_memory(size):
    with pytest.raises(ImageTooLarge, match=r"^x must have sides of at most 100,000 pixels"):
        check_pixels(size, "x")
