"""The profiles of many images."""

import numpy as np
from tests.recorder import Recorder

from headstart.duplicates.profiling import profiles
from headstart.images.sources import BytesSource, UnreadableImage, as_source


def test_profiles_are_in_order_and_unreadable_images_have_a_reason():
    sources = [as_source(np.full((20, 20 + n, 3), 9, np.uint8), n) for n in range(5)]
    sources.insert(2, BytesSource("broken", b"no image"))
    progress = Recorder()
    found = profiles(sources, workers=2, progress=progress)
    assert isinstance(found[2], UnreadableImage)
    assert [found[n].width for n in (0, 1, 3, 4, 5)] == [20, 21, 22, 23, 24]
    assert progress.bars == [["measuring", 6, "image", 6]]


def test_no_images_have_no_profiles():
    assert profiles([]) == []
