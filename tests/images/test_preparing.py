import json

import numpy as np
import pytest
from tests.images.odd_images import encoded, half_transparent, oriented, photo, png, truncated_jpeg

from headstart import records
from headstart.errors import ImageDamaged
from headstart.images.decoding import decode
from headstart.images.preparing import Preparation
from headstart.images.resizing import Resize

RESIZE = Resize("crop", 16, 24)


def test_an_image_is_decoded_and_resized():
    prepared = Preparation(RESIZE)(png(), "x")
    np.testing.assert_array_equal(prepared.pixels, RESIZE(decode(png(), name="x").image))
    assert (prepared.notes, prepared.truncated) == ((), False)


def test_notes_are_kept():
    prepared = Preparation(RESIZE)(encoded(half_transparent(), "PNG"), "x")
    assert prepared.notes == ("transparent: shown on white",)


def test_the_rule_decides_what_is_done_with_the_orientation():
    prepared = Preparation(Resize("keras", 9, 9))(oriented(6), "x")
    assert prepared.notes == ("EXIF orientation 6 ignored",)


def test_what_is_cut_short_is_accepted_on_request():
    data = encoded(photo(320, 320), "JPEG")[:-60]
    with pytest.raises(ImageDamaged, match=r"^x must be a whole JPEG"):
        Preparation(RESIZE)(data, "x")
    assert Preparation(RESIZE, accept_truncated=True)(data, "x").truncated
    with pytest.raises(ImageDamaged):
        Preparation(RESIZE, accept_truncated=True)(truncated_jpeg()[:400], "x")


@pytest.mark.parametrize(
    "preparation",
    [
        Preparation(RESIZE),
        Preparation(Resize("pad", 3, 4, 0.5, "lanczos", antialias=False), accept_truncated=True),
    ],
)
def test_it_can_be_sent_as_json(preparation):
    written = json.loads(json.dumps(records.to_json(preparation)))
    assert records.from_json(Preparation, written) == preparation
