import numpy as np
import pytest

from headstart.features import write_buffer
from headstart.features.cache import FeatureCache
from headstart.features.space import Space
from headstart.features.write_buffer import WriteBuffer

SPACE = Space("net", "crop", "f32", "openvino", "features", (4,))
FIRST, SECOND = "1" * 32, "2" * 32
VALUES = np.arange(4, dtype=np.float32)


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")


def entries(cache):
    return sum(usage.entries for usage in cache.usage())


def test_without_a_cache_nothing_is_found_and_nothing_kept():
    with WriteBuffer(None, SPACE) as buffer:
        assert not buffer.is_open
        buffer.put(FIRST, VALUES)
        assert not buffer.fetch(FIRST)
        assert buffer.take(FIRST) is None


def test_what_was_put_is_written_at_the_end(cache):
    with WriteBuffer(cache, SPACE) as buffer:
        assert buffer.is_open
        buffer.put(FIRST, VALUES)
        assert entries(cache) == 0
    with WriteBuffer(cache, SPACE) as buffer:
        assert buffer.fetch(FIRST)
        assert not buffer.fetch(SECOND)
        assert buffer.take(FIRST).tolist() == [0, 1, 2, 3]


def test_it_is_written_when_the_block_fails(cache):
    with pytest.raises(KeyboardInterrupt), WriteBuffer(cache, SPACE) as buffer:
        buffer.put(FIRST, VALUES)
        raise KeyboardInterrupt
    assert entries(cache) == 1


def test_a_full_buffer_is_written_at_once(cache, monkeypatch):
    monkeypatch.setattr(write_buffer, "BULK", 2 * SPACE.length)
    with WriteBuffer(cache, SPACE) as buffer:
        buffer.put(FIRST, VALUES)
        assert entries(cache) == 0
        buffer.put(SECOND, VALUES)
        assert entries(cache) == 2


def test_an_image_that_comes_twice_is_found_twice(cache):
    with WriteBuffer(cache, SPACE) as buffer:
        buffer.put(FIRST, VALUES)
    with WriteBuffer(cache, SPACE) as buffer:
        assert buffer.fetch(FIRST)
        assert buffer.fetch(FIRST)
        np.testing.assert_array_equal(buffer.take(FIRST), VALUES)
        np.testing.assert_array_equal(buffer.take(FIRST), VALUES)
        assert buffer.take(None) is None
