import pytest

from headstart.errors import ImageTooLarge
from headstart.images.limits import MAX_PIXELS, check_pixels


def test_the_limit_is_told():
    check_pixels((MAX_PIXELS, 1), "x")
    with pytest.raises(
        ImageTooLarge, match=r"^x must have at most 179 million.*Received: \d+ x 1\."
    ):
        check_pixels((MAX_PIXELS + 1, 1), "x")
