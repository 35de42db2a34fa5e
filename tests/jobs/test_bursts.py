import datetime as dt

from headstart.images.exif import Exif
from headstart.jobs.bursts import bursts, bursts_in_words


def at(second, camera="A"):
    return Exif(dt.datetime(2026, 1, 2, 3, 4) + dt.timedelta(seconds=second), camera)


def test_a_burst_goes_on_as_long_as_the_next_image_comes_in_time():
    taken = [at(0), at(9), at(4), at(2), at(2, "B"), at(10, "B")]
    assert bursts(taken, 2).tolist() == [0, 1, 0, 0, 4, 5]
    assert bursts(taken, 5).tolist() == [0, 0, 0, 0, 4, 5]
    assert bursts(taken, 1) is None


def test_without_a_time_or_a_camera_there_is_no_burst():
    assert bursts([at(0, ""), at(0, ""), Exif(None, "A"), Exif(None, "A")], 9) is None
    assert bursts([], 9) is None


def test_what_is_said_of_bursts():
    taken = [at(0), at(1), at(60)]
    groups = bursts(taken, 2)
    assert bursts_in_words(groups, taken, 3).endswith("they stay on the same side of every split.")
    assert "--bursts 2 keeps these" in bursts_in_words(groups, taken, None)
    assert bursts_in_words(None, taken, 2) == ""
    assert "No image says when" in bursts_in_words(None, [Exif(), Exif(None, "A")], 2)
    assert bursts_in_words(None, [Exif()], None) == ""
