import io

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

from headstart.data.resizing import Resize
from headstart.data.sources import ArraySource, BytesSource
from headstart.errors import DatasetError, ImageError
from headstart.training.prepared import decode_all, teach, useful_side, usual_side


def arrays(n=6, height=20, width=30):
    random = np.random.default_rng(0)
    return [
        ArraySource(str(i), random.integers(0, 256, (height, width, 3), np.uint8)) for i in range(n)
    ]


def squashed(side):
    return Resize("squash", side, side)


def test_the_usual_side_is_that_of_the_longer_sides():
    assert usual_side([*arrays(3, 20, 30), *arrays(1, 500, 400)]) == 30
    assert usual_side([BytesSource("x", b"no picture")]) == 1


def test_small_pictures_are_not_enlarged_beyond_need_and_large_ones_keep_some_detail():
    assert useful_side(arrays(height=20, width=30), 16) == 20
    assert useful_side(arrays(height=20, width=30), 32) == 32
    assert useful_side(arrays(height=200, width=300), 32) == 64
    assert useful_side([BytesSource("x", b"no picture")], 32) == 32


def test_pictures_are_squashed_as_a_whole_in_their_order(tmp_path):
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:, :20] = 200
    pixels = decode_all([ArraySource("a", picture), *arrays(3)], squashed(20), tmp_path / "pixels")
    assert pixels.values.shape == (4, 20, 20, 3)
    assert (pixels.values[0][:, :9] == 200).all()
    assert (pixels.values[0][:, 11:] == 0).all()
    assert pixels.places.tolist() == [0, 1, 2, 3]
    assert (tmp_path / "pixels").stat().st_size == 4 * 20 * 20 * 3


def test_broken_pictures_are_set_aside_and_told(tmp_path):
    broken = BytesSource("broken.png", b"no picture")
    pixels = decode_all([*arrays(2), broken, *arrays(1)], squashed(16), tmp_path / "pixels")
    assert pixels.places.tolist() == [0, 1, 3]
    assert len(pixels.values) == 3
    assert [item.source.name for item in pixels.broken] == ["broken.png"]


def test_nothing_but_broken_pictures_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(DatasetError, match=r"No picture can be read\. The first: .*broken\.png"):
        decode_all([BytesSource("broken.png", b"no picture")], squashed(16), tmp_path / "pixels")
    assert list(tmp_path.iterdir()) == []


def test_lessons_are_directions_around_the_mean(tiny_network, tmp_path):
    teacher_targets = teach(arrays(40), tiny_network, tmp_path / "teacher_targets")
    assert teacher_targets.shape == (40, 16)
    assert teacher_targets.dtype == np.float16
    np.testing.assert_allclose(np.linalg.norm(teacher_targets.astype(float), axis=1), 1, atol=2e-3)
    alone = teach(arrays(40)[:1] * 2, tiny_network, tmp_path / "same")
    assert np.isfinite(alone).all()


def test_lessons_tell_pictures_apart_as_the_teacher_does(tiny_network, tmp_path):
    sources = arrays(40)
    teacher_targets = teach(
        [*sources, sources[0]], tiny_network, tmp_path / "teacher_targets"
    ).astype(float)
    alike = teacher_targets @ teacher_targets[0]
    assert alike[40] == pytest.approx(1, abs=1e-2)
    assert alike[1:40].max() < 0.99


def test_a_picture_the_teacher_can_not_read_is_named(tiny_network, tmp_path):
    with pytest.raises(ImageError, match=r"broken\.png"):
        teach(
            [*arrays(2), BytesSource("broken.png", b"no")],
            tiny_network,
            tmp_path / "teacher_targets",
        )
    assert not (tmp_path / "teacher_targets").exists()


def test_progress_sees_every_picture(tiny_network, tmp_path):
    progress = Recorder()
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    sources = [BytesSource("a", buffer.getvalue()), *arrays(2)]
    decode_all(sources, squashed(8), tmp_path / "pixels", progress=progress)
    teach(sources, tiny_network, tmp_path / "teacher_targets", progress=progress)
    assert progress.bars == [["decoding", 3, "image", 3], ["asking the teacher", 3, "image", 3]]
