import base64
import io

import numpy as np
from PIL import Image

from headstart.images.sources import ArraySource, BytesSource
from headstart.reports import thumbnails
from headstart.reports.thumbnails import SIDE, Thumbnails


def noise(name, height=300, width=200):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return ArraySource(name, pixels)


def opened(address):
    return Image.open(io.BytesIO(base64.b64decode(address.partition("base64,")[2])))


def test_images_are_made_small_and_keep_their_shape():
    images = Thumbnails({"a": noise("a")})
    images.prepare(["a", "a", "unknown"])
    assert opened(images.of("a")).size == (SIDE * 2 // 3 + 1, SIDE)
    assert images.of("unknown") is None


def test_what_does_not_fit_is_counted():
    whole = Thumbnails({"a": noise("a")})
    whole.prepare("a")
    images = Thumbnails({name: noise(name) for name in "abc"}, 2 * len(whole.of("a")))
    images.prepare("abc")
    assert [images.of(name) is not None for name in "abc"] == [True, True, False]
    assert images.n_left_out == 1
    assert images.embed(Image.new("RGB", (9, 9))) is None
    assert images.n_left_out == 2


def test_what_comes_long_after_the_limit_is_not_decoded(monkeypatch):
    names = [str(n) for n in range(200)]
    decoded = []
    monkeypatch.setattr(thumbnails, "_thumbnail", lambda each: decoded.append(each) or "data:")
    images = Thumbnails({name: noise(name, 9, 9) for name in names}, 1)
    images.prepare(names)
    images.prepare(["other"])
    assert len(decoded) < 100
    assert images.n_left_out == 200


def test_what_can_not_be_read_is_not_shown():
    images = Thumbnails({"a": BytesSource("a", b"broken")})
    images.prepare(["a"])
    assert images.of("a") is None
    assert images.n_left_out == 0
