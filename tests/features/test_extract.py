import itertools
import threading
import tracemalloc

import numpy as np
import pytest

from headstart.data.sources import ArraySource, BytesSource, FileSource, content_hash
from headstart.errors import ImageDamaged, ImageNotFound
from headstart.features import write_buffer as buffers
from headstart.features.cache import CachedFeatures, FeatureCache
from headstart.features.compiling import compile_network
from headstart.features.extract import extract
from headstart.features.extractor import network_resize
from headstart.features.space import Space


@pytest.fixture
def sources(photos):
    return [FileSource(path) for path in photos]


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")


def no_engine():
    pytest.fail("a network was compiled")


@pytest.fixture
def run(tiny_network):
    """Put images through a network: ``run(sources, cache=..., network=..., rule=...)``."""

    def run(sources, cache=None, network=tiny_network, rule="auto", output="features", **options):
        resize = network_resize(network, rule)
        space = Space.of(network, resize, "f32", "openvino", output)
        options = {"start": lambda: compile_network(network, outputs=(output,))} | options
        return extract(sources, resize, buffers.WriteBuffer(cache, space), **options)

    return run


def features(items):
    return np.array([item.values for item in items])


def entries(cache):
    return sum(usage.entries for usage in cache.usage())


def test_every_image_gets_its_features(sources, tiny_network, run):
    items = list(run(sources))
    resize = network_resize(tiny_network)
    pixels = np.stack([resize(_open(source)) for source in sources])
    np.testing.assert_array_equal(
        features(items), compile_network(tiny_network).infer(pixels)["features"]
    )
    assert [item.source for item in items] == sources
    assert [item.index for item in items] == list(range(12))
    assert not any(item.cached or item.error for item in items)


def _open(source):
    from PIL import Image

    return Image.open(source.name).convert("RGB")


def test_without_images_nothing_is_yielded(run, cache):
    assert list(run([], cache=cache, start=no_engine)) == []


def test_the_second_run_comes_from_the_cache(sources, cache, run):
    first = list(run(sources, cache=cache))
    second = list(run(sources, cache=cache, start=no_engine))
    np.testing.assert_array_equal(features(first), features(second))
    assert all(item.cached for item in second)
    assert [item.source for item in second] == sources


def test_cached_and_new_features_come_in_order(sources, cache, run):
    expected = features(run(sources))
    list(run(sources[::3] + sources[4:6], cache=cache))
    items = list(run(sources, cache=cache))
    np.testing.assert_array_equal(features(items), expected)
    assert [item.cached for item in items] == [i % 3 == 0 or i in {4, 5} for i in range(12)]
    assert entries(cache) == 12


def test_the_cache_goes_by_content_not_by_name(sources, photos, cache, run):
    list(run(sources, cache=cache))
    renamed = [BytesSource("another name", path.read_bytes()) for path in reversed(photos)]
    items = list(run(renamed, cache=cache))
    assert all(item.cached for item in items)
    np.testing.assert_array_equal(features(items), features(run(sources))[::-1])


@pytest.mark.parametrize("hash_content", [False, True])
def test_content_is_hashed_for_a_cache_or_on_request(sources, tmp_path, hash_content, run):
    expected = [content_hash(source.read()) for source in sources]
    without = run(sources, hash_content=hash_content)
    assert [item.content for item in without] == (expected if hash_content else [None] * 12)
    for _run in range(2):
        items = run(sources, cache=FeatureCache(tmp_path))
        assert [item.content for item in items] == expected


@pytest.mark.parametrize("kept", [False, True])
def test_the_same_image_many_times(sources, cache, kept, run):
    if kept:
        list(run(sources[:1], cache=cache))
    items = list(run(sources[:1] * 50, cache=cache))
    assert len({item.values.tobytes() for item in items}) == 1
    assert entries(cache) == 1


def test_other_settings_are_other_entries(sources, run, make_network, cache):
    list(run(sources, cache=cache))
    for change in (
        {"rule": "squash"},
        {"output": "probabilities"},
        {"network": make_network(seed=5)},
    ):
        assert not any(item.cached for item in run(sources, cache=cache, **change))
    assert len(cache.usage()) == 4


@pytest.mark.parametrize("cached", [False, True])
def test_unreadable_images_have_an_error_and_the_rest_goes_on(sources, cache, cached, run):
    if cached:
        list(run(sources, cache=cache))
    truncated = BytesSource("cut.png", sources[0].read()[:200])
    mixed = [FileSource("gone.jpg"), *sources[:3], truncated, *sources[3:]]
    items = list(run(mixed, cache=cache))
    assert [item.index for item in items] == list(range(14))
    refused = {item.index: type(item.error) for item in items if item.error}
    assert refused == {0: ImageNotFound, 4: ImageDamaged}
    assert all((item.values is None) == (item.error is not None) for item in items)
    assert items[5].required() is items[5].values
    with pytest.raises(ImageDamaged, match=r"cut\.png"):
        items[4].required()


def test_only_unreadable_images_compile_nothing(run):
    (item,) = run([FileSource("gone.jpg")], start=no_engine)
    assert isinstance(item.error, ImageNotFound)


def test_notes_say_what_was_done(run):
    array = np.zeros((20, 20, 4), np.uint8)
    (item,) = run([ArraySource("clear", array)])
    assert "transparent" in item.notes[0]


def test_what_was_computed_is_kept_when_the_consumer_stops(sources, cache, run):
    stream = run(itertools.cycle(sources), cache=cache)
    taken = [next(stream) for _ in range(6)]
    stream.close()
    assert entries(cache) >= 6
    assert all(item.cached for item in run(sources[:6], cache=cache))
    assert len(taken) == 6
    assert not [thread for thread in threading.enumerate() if "headstart" in thread.name]


def test_what_was_computed_is_kept_when_the_source_breaks(sources, cache, run):
    def breaking():
        yield from sources
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run(breaking(), cache=cache))
    assert entries(cache) > 0


def test_writes_are_in_bulk(sources, cache, monkeypatch, run):
    monkeypatch.setattr(buffers, "BULK", 4 * 16 * 4)
    sizes = []
    put_many = CachedFeatures.put_many

    def counting(self, values):
        sizes.append(len(values))
        put_many(self, values)

    monkeypatch.setattr(CachedFeatures, "put_many", counting)
    list(run(sources, cache=cache))
    assert sizes == [4, 4, 4, 0]
    assert entries(cache) == 12


def test_an_entry_that_vanishes_is_computed_again(sources, cache, monkeypatch, run):
    expected = features(run(sources, cache=cache))

    def forget(write_buffer, _content):
        write_buffer._fetched.clear()
        cache.clear()

    monkeypatch.setattr(buffers.WriteBuffer, "take", forget)
    items = list(run(sources, cache=cache))
    np.testing.assert_array_equal(features(items), expected)
    assert not any(item.cached for item in items)


def test_memory_stays_flat(photos, cache, run):
    data = photos[0].read_bytes()

    numbers = itertools.count()

    def peak(n):
        new = (next(numbers) for _ in range(n))
        different = (BytesSource(str(i), data + i.to_bytes(4, "big")) for i in new)
        tracemalloc.start()
        for _ in run(different, cache=cache, output="feature_map"):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few = peak(700)
    assert peak(1400) < 1.3 * few
    assert entries(cache) == 2100
