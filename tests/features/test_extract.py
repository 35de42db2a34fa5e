import itertools
import threading
import tracemalloc

import numpy as np
import pytest

from headstart.data.resizing import Resize
from headstart.data.sources import ArraySource, BytesSource, FileSource, content_hash
from headstart.errors import ImageDamaged, ImageNotFound, UsageError
from headstart.features import engine as engines
from headstart.features import write_buffer as shelves
from headstart.features.cache import CachedFeatures, FeatureCache
from headstart.features.engine import compile_network
from headstart.features.extract import extract, network_resize


@pytest.fixture
def sources(photos):
    return [FileSource(path) for path in photos]


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")


@pytest.fixture
def no_engine(monkeypatch):
    """Fail if anything is compiled."""

    def refuse(*_, **__):
        pytest.fail("a network was compiled")

    monkeypatch.setattr("headstart.features.extract.compile_network", refuse)


def features(items):
    return np.array([item.values["features"] for item in items])


def entries(cache):
    return sum(usage.entries for usage in cache.usage())


def test_every_picture_gets_what_the_network_makes_of_it(sources, tiny_network):
    items = list(extract(sources, tiny_network))
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


@pytest.mark.usefixtures("no_engine")
def test_nothing_in_nothing_out(tiny_network, cache):
    assert list(extract([], tiny_network, cache=cache)) == []


def test_the_second_run_comes_from_the_cache(sources, tiny_network, cache, monkeypatch):
    first = list(extract(sources, tiny_network, cache=cache))
    monkeypatch.setattr("headstart.features.extract.compile_network", lambda *_, **__: 1 / 0)
    second = list(extract(sources, tiny_network, cache=cache))
    np.testing.assert_array_equal(features(first), features(second))
    assert all(item.cached for item in second)
    assert [item.source for item in second] == sources


def test_kept_and_new_ones_come_in_order(sources, tiny_network, cache):
    expected = features(extract(sources, tiny_network))
    list(extract(sources[::3] + sources[4:6], tiny_network, cache=cache))
    items = list(extract(sources, tiny_network, cache=cache))
    np.testing.assert_array_equal(features(items), expected)
    assert [item.cached for item in items] == [i % 3 == 0 or i in {4, 5} for i in range(12)]
    assert entries(cache) == 12


def test_the_cache_goes_by_content_not_by_name(sources, photos, tiny_network, cache):
    list(extract(sources, tiny_network, cache=cache))
    renamed = [BytesSource("another name", path.read_bytes()) for path in reversed(photos)]
    items = list(extract(renamed, tiny_network, cache=cache))
    assert all(item.cached for item in items)
    np.testing.assert_array_equal(features(items), features(extract(sources, tiny_network))[::-1])


@pytest.mark.parametrize("hash_content", [False, True])
def test_content_is_hashed_for_a_cache_or_on_request(sources, tiny_network, tmp_path, hash_content):
    expected = [content_hash(source.read()) for source in sources]
    without = extract(sources, tiny_network, hash_content=hash_content)
    assert [item.content for item in without] == (expected if hash_content else [None] * 12)
    for _run in range(2):
        items = extract(sources, tiny_network, cache=FeatureCache(tmp_path))
        assert [item.content for item in items] == expected


@pytest.mark.parametrize("kept", [False, True])
def test_the_same_picture_many_times(sources, tiny_network, cache, kept):
    if kept:
        list(extract(sources[:1], tiny_network, cache=cache))
    items = list(extract(sources[:1] * 50, tiny_network, cache=cache))
    assert len({item.values["features"].tobytes() for item in items}) == 1
    assert entries(cache) == 1


def test_other_settings_are_other_entries(sources, tiny_network, make_network, cache):
    list(extract(sources, tiny_network, cache=cache))
    squash = network_resize(tiny_network, "squash")
    for network, settings in (
        (tiny_network, {"resize": squash}),
        (tiny_network, {"outputs": ("probabilities",)}),
        (make_network(seed=5), {}),
    ):
        assert not any(item.cached for item in extract(sources, network, cache=cache, **settings))
    assert len(cache.usage()) == 4


def test_several_outputs_are_kept_together(sources, tiny_network, cache):
    both = ("features", "feature_map")
    list(extract(sources, tiny_network, cache=cache))
    first = list(extract(sources, tiny_network, outputs=both, cache=cache))
    assert not any(item.cached for item in first)
    second = list(extract(sources, tiny_network, outputs=both, cache=cache))
    assert all(item.cached for item in second)
    assert second[3].values["feature_map"].shape == (8, 8, 16)
    for name in both:
        np.testing.assert_array_equal(first[3].values[name], second[3].values[name])


@pytest.mark.parametrize("cached", [False, True])
def test_broken_pictures_are_named_and_the_rest_goes_on(sources, tiny_network, cache, cached):
    if cached:
        list(extract(sources, tiny_network, cache=cache))
    truncated = BytesSource("cut.png", sources[0].read()[:200])
    mixed = [FileSource("gone.jpg"), *sources[:3], truncated, *sources[3:]]
    items = list(extract(mixed, tiny_network, cache=cache))
    assert [item.index for item in items] == list(range(14))
    refused = {item.index: type(item.error) for item in items if item.error}
    assert refused == {0: ImageNotFound, 4: ImageDamaged}
    assert all((item.values is None) == (item.error is not None) for item in items)
    assert items[5].required() is items[5].values
    with pytest.raises(ImageDamaged, match=r"cut\.png"):
        items[4].required()


@pytest.mark.usefixtures("no_engine")
def test_only_broken_pictures_compile_nothing(tiny_network):
    (item,) = extract([FileSource("gone.jpg")], tiny_network)
    assert isinstance(item.error, ImageNotFound)


def test_notes_say_what_was_done(tiny_network):
    array = np.zeros((20, 20, 4), np.uint8)
    (item,) = extract([ArraySource("clear", array)], tiny_network)
    assert "transparent" in item.notes[0]


def test_what_was_computed_is_kept_when_the_consumer_stops(sources, tiny_network, cache):
    stream = extract(itertools.cycle(sources), tiny_network, cache=cache)
    taken = [next(stream) for _ in range(6)]
    stream.close()
    assert entries(cache) >= 6
    assert all(item.cached for item in extract(sources[:6], tiny_network, cache=cache))
    assert len(taken) == 6
    assert not [thread for thread in threading.enumerate() if "headstart" in thread.name]


def test_what_was_computed_is_kept_when_the_source_breaks(sources, tiny_network, cache):
    def breaking():
        yield from sources
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(extract(breaking(), tiny_network, cache=cache))
    assert entries(cache) > 0


def test_writes_are_in_bulk(sources, tiny_network, cache, monkeypatch):
    monkeypatch.setattr(shelves, "BULK", 4 * 16 * 4)
    sizes = []
    put_many = CachedFeatures.put_many

    def counting(self, values):
        sizes.append(len(values))
        put_many(self, values)

    monkeypatch.setattr(CachedFeatures, "put_many", counting)
    list(extract(sources, tiny_network, cache=cache))
    assert sizes == [4, 4, 4, 0]
    assert entries(cache) == 12


def test_an_entry_that_vanishes_is_computed_again(sources, tiny_network, cache, monkeypatch):
    expected = features(extract(sources, tiny_network, cache=cache))

    def forget(write_buffer, _content):
        write_buffer._fetched.clear()
        cache.clear()

    monkeypatch.setattr(shelves.WriteBuffer, "take", forget)
    items = list(extract(sources, tiny_network, cache=cache))
    np.testing.assert_array_equal(features(items), expected)
    assert not any(item.cached for item in items)


def test_wrong_outputs_are_refused(sources, tiny_network):
    with pytest.raises(UsageError, match="output of tiny"):
        extract(sources, tiny_network, outputs=("logits",))


def test_memory_stays_flat(photos, tiny_network, cache):
    data = photos[0].read_bytes()

    numbers = itertools.count()

    def peak(n):
        new = (next(numbers) for _ in range(n))
        different = (BytesSource(str(i), data + i.to_bytes(4, "big")) for i in new)
        tracemalloc.start()
        for _ in extract(different, tiny_network, cache=cache, outputs=("feature_map",)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few = peak(700)
    assert peak(1400) < 1.3 * few
    assert entries(cache) == 2100


def test_the_rule_of_the_network_unless_told_otherwise(tiny_network):
    assert network_resize(tiny_network) == Resize("crop", 32, 32, 0.875)
    assert network_resize(tiny_network, "pad").rule == "pad"
    with pytest.raises(UsageError, match="resize rule"):
        network_resize(tiny_network, "stretch")


def test_keras_is_asked_where_there_is_an_accelerator(sources, tiny_network, cache, monkeypatch):
    monkeypatch.setattr("headstart.features.extract.choose_runtime", lambda *_: "keras")
    monkeypatch.setitem(engines._RUNTIMES, "keras", engines._RUNTIMES["openvino"])
    list(extract(sources, tiny_network, cache=cache))
    assert cache.usage()[0].description["runtime"] == "keras"
