import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.errors import DatasetError
from headstart.images.resizing import Resize
from headstart.images.sources import ArraySource, BytesSource
from headstart.training.pixels import decode_images, side_for_views


def arrays(n=6, height=20, width=30):
    random = np.random.default_rng(0)
    return [
        ArraySource(str(i), random.integers(0, 256, (height, width, 3), np.uint8)) for i in range(n)
    ]


def squashed(side):
    return Resize("squash", side, side)


def test_views_come_from_images_of_up_to_twice_their_size():
    assert side_for_views(arrays(height=20, width=30), 16) == 20
    assert side_for_views(arrays(height=20, width=30), 32) == 32
    assert side_for_views(arrays(height=200, width=300), 32) == 64
    assert side_for_views([BytesSource("x", b"no image")], 32) == 32


def test_images_are_resized_and_written_in_order(tmp_path):
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 200
    pixels = decode_images([ArraySource("a", image), *arrays(3)], squashed(20), tmp_path / "raw")
    assert pixels.values.shape == (4, 20, 20, 3)
    assert (pixels.values[0][:, :9] == 200).all()
    assert (pixels.values[0][:, 11:] == 0).all()
    assert pixels.places.tolist() == [0, 1, 2, 3]
    assert (tmp_path / "raw").stat().st_size == 4 * 20 * 20 * 3


def test_images_are_not_enlarged_if_that_is_asked_for(tmp_path):
    sources = [*arrays(3, 20, 30), *arrays(1, 500, 400)]
    small = decode_images(sources, squashed(64), tmp_path / "raw", enlarge=False)
    assert small.values.shape == (4, 30, 30, 3)
    large = decode_images(arrays(2, 500, 400), squashed(64), tmp_path / "raw", enlarge=False)
    assert large.values.shape == (2, 64, 64, 3)


def test_unreadable_images_are_listed(tmp_path):
    broken = BytesSource("broken.png", b"no image")
    pixels = decode_images([*arrays(2), broken, *arrays(1)], squashed(16), tmp_path / "raw")
    assert pixels.places.tolist() == [0, 1, 3]
    assert len(pixels.values) == 3
    assert [item.source.name for item in pixels.unreadable] == ["broken.png"]


def test_notes_are_counted(tmp_path):
    clear = [ArraySource(f"{i}.png", np.zeros((20, 20, 4), np.uint8)) for i in range(4)]
    pixels = decode_images([*arrays(2), *clear], squashed(16), tmp_path / "raw")
    (count,) = pixels.notes
    assert (count.note, count.n) == ("transparent: shown on white", 4)
    assert count.examples == ("0.png", "1.png", "2.png")


@pytest.mark.parametrize("enlarge", [True, False])
def test_only_unreadable_images_are_refused_and_leave_no_file(tmp_path, enlarge):
    broken = BytesSource("broken.png", b"no image")
    with pytest.raises(DatasetError, match=r"must be readable\. The first error: .*broken\.png"):
        decode_images([broken], squashed(16), tmp_path / "raw", enlarge=enlarge)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_every_image(tmp_path):
    progress = Recorder()
    decode_images(arrays(3), squashed(8), tmp_path / "raw", progress=progress)
    assert progress.bars == [["decoding", 3, "image", 3]]
