import dataclasses
import itertools
import threading
import tracemalloc

import numpy as np
import pytest
from tests.features.conftest import make_photo
from tests.features.kept import kept, n_kept
from tests.images.odd_images import encoded, photo
from tests.recorder import Recorder

from headstart.errors import ImageDamaged, ImageNotFound, UsageError
from headstart.features import cache as caches
from headstart.features import compiling, extractor, openvino_engine
from headstart.features.cache import CachedFeatures, FeatureCache
from headstart.features.compiling import compile_network
from headstart.features.extractor import FeatureExtractor, network_resize, open_cache
from headstart.features.precision import PrecisionChoice
from headstart.features.settings import FeatureSettings
from headstart.features.store import FeatureStore
from headstart.images.resizing import Resize
from headstart.images.sources import ArraySource, BytesSource, FileSource, content_hash

MANY = [ArraySource(f"image {seed}", np.asarray(make_photo(seed))) for seed in range(64)]


def compile_in_float32(network, *, outputs, **_):
    """Stand in for compiling on a device, and in a precision, that this machine may not have."""
    return compile_network(network, outputs=outputs)


@pytest.fixture
def sources(photos):
    return [FileSource(path) for path in photos]


@pytest.fixture
def open_(tiny_network):
    def open_(images=(), *, output="features", network=tiny_network, **settings):
        settings = FeatureSettings(**({"cache": False} | settings))
        return FeatureExtractor.open(network, settings, images, output=output)

    return open_


class TestOpening:
    def test_the_settings_are_decided(self, open_, tiny_network, tmp_path):
        opened = open_(resize="pad", precision="bf16", cache=tmp_path, workers=3)
        assert opened.network is tiny_network
        assert opened.resize == Resize("pad", 32, 32, 0.875)
        assert opened.precision == PrecisionChoice("bf16", "as asked for")
        assert opened.cache.folder == tmp_path
        assert (opened.workers, opened.device, opened.output) == (3, "auto", "features")

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"resize": "stretch"}, "resize must be one of"),
            ({"precision": "f16"}, r"one of auto, f32, bf16, int8\. Received: 'f16'"),
            ({"device": "GPU"}, r"one of auto, cpu, gpu\. Received: 'GPU'"),
            ({"output": "logits"}, "output of tiny must be one of features"),
        ],
    )
    def test_wrong_settings_are_refused(self, open_, wrong, message):
        with pytest.raises(UsageError, match=message):
            open_(**wrong)

    def test_the_rule_of_the_network_unless_another_is_asked_for(self, tiny_network):
        assert network_resize(tiny_network) == Resize("crop", 32, 32, 0.875)
        assert network_resize(tiny_network, "pad").rule == "pad"

    def test_the_cache_is_the_users_own_or_a_folder_or_none(self, tmp_path):
        assert open_cache(False) is None
        assert open_cache(True).folder == FeatureCache().folder
        assert open_cache(tmp_path).folder == tmp_path

    def test_the_runtime_is_chosen_by_the_number_of_images(
        self, open_, sources, tmp_path, monkeypatch
    ):
        asked = []

        def choose(device, _network, n_images, outputs):
            asked.append((device, n_images, outputs))
            return "torch"

        monkeypatch.setattr(extractor, "choose_runtime", choose)
        monkeypatch.setitem(compiling._ENGINES, "torch", openvino_engine.OpenVinoEngine)
        opened = open_(cache=tmp_path, device="cpu")
        list(opened.stream(sources))
        list(opened.stream(iter(sources)))
        list(opened.stream(iter(sources), n_images=5))
        assert asked == [("cpu", n, ("features",)) for n in (12, None, 5)]
        assert kept(tmp_path)[0][0]["runtime"] == "torch"

    def test_a_gpu_that_is_not_there_is_refused_at_once(self, open_, monkeypatch):
        def refuse(_):
            raise UsageError("there is no GPU")

        monkeypatch.setattr(extractor, "check_device", refuse)
        with pytest.raises(UsageError, match="there is no GPU"):
            open_(device="gpu")

    @pytest.mark.parametrize("runtime", ["openvino", "torch"])
    def test_precision_is_measured_where_all_images_will_be_computed(
        self, open_, monkeypatch, runtime
    ):
        asked = []

        def choose(device, _network, n_images, _outputs):
            asked.append((device, n_images))
            return runtime

        monkeypatch.setattr(extractor, "choose_runtime", choose)
        monkeypatch.setattr(extractor, "has_bf16", lambda asked: asked == runtime)
        monkeypatch.setattr(extractor, "compile_network", compile_in_float32)
        opened = open_(MANY)
        assert opened.precision.n_measured == 32
        assert opened.device == "auto"
        there = "gpu" if runtime == "torch" else "cpu"
        assert asked == [("auto", len(MANY)), (there, 32), (there, 32)]


class TestExtracting:
    def test_all_features_at_once(self, open_, sources, tiny_network):
        pixels = np.stack([np.asarray(make_photo(seed)) for seed in range(12)])
        found = open_().extract_all([ArraySource("", image) for image in pixels])
        resized = np.stack([network_resize(tiny_network)(make_photo(seed)) for seed in range(12)])
        expected = compile_network(tiny_network).infer(resized)["features"]
        np.testing.assert_array_equal(found.features, expected)
        np.testing.assert_array_equal(found.features, open_().extract_all(sources).features)
        assert found.places.tolist() == list(range(12))
        assert found.contents == ("",) * 12

    def test_probabilities_instead_of_features(self, open_, sources):
        found = open_(output="probabilities").extract_all(sources).features
        assert found.shape == (12, 5)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)

    def test_the_first_unreadable_image_is_an_error(self, open_, sources):
        with pytest.raises(ImageNotFound, match=r"gone\.jpg"):
            open_().extract_all([*sources, FileSource("gone.jpg"), FileSource("gone too.jpg")])

    def test_unreadable_images_can_be_left_out(self, open_, sources):
        mixed = [FileSource("gone.jpg"), *sources[:2], BytesSource("odd", b"odd"), sources[2]]
        found = open_().extract_all(mixed, skip_unreadable=True)
        assert found.places.tolist() == [1, 2, 4]
        assert [image.source.name for image in found.unreadable] == ["gone.jpg", "odd"]
        np.testing.assert_array_equal(found.features, open_().extract_all(sources[:3]).features)

    def test_contents_are_hashed_on_request(self, open_, sources):
        found = open_().extract_all(sources, hash_content=True)
        assert found.contents == tuple(content_hash(source.read()) for source in sources)

    def test_progress_is_shown(self, open_, sources):
        progress = Recorder()
        open_().extract_all(sources, progress=progress)
        assert progress.bars == [["computing features", 12, "image", 12]]

    def test_a_stream_takes_its_own_number_of_workers(self, open_, sources):
        assert len(list(open_(workers=1).stream(sources, 2))) == 12
        with pytest.raises(UsageError, match="workers must be a whole number of at least 1"):
            list(open_().stream(sources, 0))


class TestPrecision:
    @pytest.fixture
    def bf16(self, monkeypatch):
        """Compute bfloat16 in float32, and move features by as much as the test sets."""
        real, moved = FeatureExtractor.stream, {"by": 0.0}

        def stream(self, sources, *args, **options):
            by = np.float32(moved["by"] * (self.precision.precision == "bf16"))
            exact = dataclasses.replace(self, precision=PrecisionChoice("f32", ""))
            for item in real(exact, sources, *args, **options):
                values = None if item.values is None else item.values + by
                yield dataclasses.replace(item, values=values)

        monkeypatch.setattr(FeatureExtractor, "stream", stream)
        monkeypatch.setattr(openvino_engine, "has_bf16", lambda: True)
        return moved

    @pytest.mark.parametrize("rule", ["f32", "bf16"])
    def test_what_is_asked_for_is_used(self, open_, rule):
        assert open_(precision=rule).precision == PrecisionChoice(rule, "as asked for")
        assert open_().computed_in(rule).precision.precision == rule

    @pytest.mark.usefixtures("bf16")
    def test_few_images_are_not_worth_a_measurement(self, open_):
        choice = open_(MANY[:63]).precision
        assert choice.precision == "f32"
        assert "fewer than 64" in choice.reason
        assert choice.change is None

    def test_a_processor_without_bfloat16(self, open_, monkeypatch):
        monkeypatch.setattr(openvino_engine, "has_bf16", lambda: False)
        choice = open_(MANY).precision
        assert (choice.precision, choice.n_measured) == ("f32", 0)
        assert "no bfloat16" in choice.reason

    @pytest.mark.parametrize(("moved", "precision"), [(0.001, "bf16"), (0.1, "f32")])
    def test_bfloat16_only_if_the_features_hardly_move(self, open_, bf16, moved, precision):
        bf16["by"] = moved
        choice = open_(MANY).precision
        assert choice.precision == precision
        assert (choice.change <= 0.15) == (precision == "bf16")
        assert choice.n_measured == 32

    def test_twice_the_movement_is_twice_the_change(self, open_, bf16):
        bf16["by"] = 0.01
        once = open_(MANY).precision.change
        bf16["by"] = 0.02
        assert open_(MANY).precision.change == pytest.approx(2 * once, rel=1e-3)

    @pytest.mark.usefixtures("bf16")
    def test_it_is_measured_on_features_whatever_the_output(self, open_):
        assert open_(MANY, output="probabilities").precision == open_(MANY).precision

    @pytest.mark.usefixtures("bf16")
    def test_unreadable_images_are_left_out_of_the_sample(self, open_):
        some = [*MANY[:40], *[FileSource("gone.jpg")] * 40]
        assert open_(some).precision.n_measured == 16
        none = open_([FileSource("gone.jpg")] * 80).precision
        assert (none.precision, none.n_measured) == ("f32", 0)

    @pytest.mark.usefixtures("bf16")
    def test_what_was_measured_is_kept(self, open_, tmp_path):
        assert open_(MANY, cache=tmp_path).precision == open_(MANY, cache=tmp_path).precision
        assert n_kept(tmp_path) == 32

    def test_on_this_processor_it_is_one_of_the_two_with_a_reason(self, open_):
        choice = open_(MANY).precision
        assert choice.precision in {"f32", "bf16"}
        assert choice.reason


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")


@pytest.fixture
def no_engine(monkeypatch):
    """Call it, and no network can be compiled from then on."""

    def no_engine():
        monkeypatch.setattr(extractor, "compile_network", lambda *_, **__: pytest.fail("compiled"))

    return no_engine


@pytest.fixture
def run(tiny_network):
    """Put images through a network: ``run(sources, cache=..., network=..., rule=...)``."""

    def run(sources, cache=None, network=tiny_network, rule="auto", output="features", **options):
        resize = network_resize(network, rule)
        opened = FeatureExtractor(network, resize, cache=cache, output=output)
        return opened.stream(sources, **options)

    return run


def features(items):
    return np.array([item.values for item in items])


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


def test_without_images_nothing_is_yielded(run, cache, no_engine):
    no_engine()
    assert list(run([], cache=cache)) == []


def test_the_second_run_comes_from_the_cache(sources, cache, run, no_engine):
    first = list(run(sources, cache=cache))
    no_engine()
    second = list(run(sources, cache=cache))
    np.testing.assert_array_equal(features(first), features(second))
    assert all(item.cached for item in second)
    assert [item.source for item in second] == sources


def test_cached_and_new_features_come_in_order(sources, cache, run):
    expected = features(run(sources))
    list(run(sources[::3] + sources[4:6], cache=cache))
    items = list(run(sources, cache=cache))
    np.testing.assert_array_equal(features(items), expected)
    assert [item.cached for item in items] == [i % 3 == 0 or i in {4, 5} for i in range(12)]
    assert n_kept(cache.folder) == 12


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


@pytest.mark.parametrize("cached", [False, True])
def test_the_same_image_many_times(sources, cache, cached, run):
    if cached:
        list(run(sources[:1], cache=cache))
    items = list(run(sources[:1] * 50, cache=cache))
    assert len({item.values.tobytes() for item in items}) == 1
    assert n_kept(cache.folder) == 1


def test_other_settings_are_other_entries(sources, run, make_network, cache):
    list(run(sources, cache=cache))
    for change in (
        {"rule": "squash"},
        {"output": "probabilities"},
        {"network": make_network(seed=5)},
    ):
        assert not any(item.cached for item in run(sources, cache=cache, **change))
    assert len(kept(cache.folder)) == 4


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


def test_only_unreadable_images_compile_nothing(run, no_engine):
    no_engine()
    (item,) = run([FileSource("gone.jpg")])
    assert isinstance(item.error, ImageNotFound)


def test_notes_say_what_was_done(run):
    array = np.zeros((20, 20, 4), np.uint8)
    (item,) = run([ArraySource("clear", array)])
    assert "transparent" in item.notes[0]


def test_a_cut_image_that_was_accepted_is_no_answer_for_those_who_do_not(open_, tmp_path):
    cut = [BytesSource("cut.jpg", encoded(photo(320, 320), "JPEG")[:-60])]
    tolerant = open_(cache=tmp_path, accept_truncated=True)
    for _ in range(2):
        found = tolerant.extract_all(cut)
        assert found.notes[0].note == "truncated"
    with pytest.raises(ImageDamaged):
        open_(cache=tmp_path).extract_all(cut)


def test_notes_come_from_the_cache_too(open_, tmp_path):
    clear = [ArraySource(f"{i}.png", np.full((20, 20, 4), i, np.uint8)) for i in range(5)]
    for _ in range(2):
        found = open_(cache=tmp_path).extract_all(clear)
        assert [(count.note, count.n) for count in found.notes] == [
            ("transparent: shown on white", 5)
        ]
        assert found.notes[0].examples == ("0.png", "1.png", "2.png")


def test_what_was_computed_is_kept_when_the_consumer_stops(sources, cache, run):
    before = set(threading.enumerate())
    stream = run(itertools.cycle(sources), cache=cache)
    taken = [next(stream) for _ in range(6)]
    stream.close()
    assert n_kept(cache.folder) >= 6
    assert all(item.cached for item in run(sources[:6], cache=cache))
    assert len(taken) == 6
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if "headstart" in thread.name]


def test_what_was_computed_is_kept_when_the_source_breaks(sources, cache, run):
    def breaking():
        yield from sources
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run(breaking(), cache=cache))
    assert n_kept(cache.folder) > 0


def test_writes_are_in_bulk(sources, cache, monkeypatch, run):
    monkeypatch.setattr(caches, "BULK", 4 * 16 * 4)
    monkeypatch.setattr(caches, "WRITING_SHARE", float("inf"))
    sizes = []
    put_many = FeatureStore.put_many

    def counting(self, values):
        sizes.append(len(values))
        put_many(self, values)

    monkeypatch.setattr(FeatureStore, "put_many", counting)
    list(run(sources, cache=cache))
    assert sizes == [4, 4, 4]
    assert n_kept(cache.folder) == 12


def test_an_entry_that_vanishes_is_computed_again(sources, cache, monkeypatch, run):
    expected = features(run(sources, cache=cache))

    def forget(cached, _content):
        cached._fetched.clear()
        cache.clear()

    monkeypatch.setattr(CachedFeatures, "take", forget)
    items = list(run(sources, cache=cache))
    np.testing.assert_array_equal(features(items), expected)
    assert not any(item.cached for item in items)


def test_memory_stays_flat(photos, cache, run, monkeypatch):
    # How much waits to be written below its limit depends on how long writing takes.
    monkeypatch.setattr(caches, "MOST_WAITING", caches.BULK)
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
    assert n_kept(cache.folder) == 2100


def test_the_log_says_how_many_features_came_from_the_cache(sources, cache, run, caplog):
    caplog.set_level("DEBUG", logger="headstart")
    for _ in range(2):
        list(run(sources, cache=cache))
    counts = [text for text in caplog.messages if text.endswith("from the cache")]
    n = len(sources)
    assert counts == [
        f"tiny: {n} images computed, 0 from the cache",
        f"tiny: 0 images computed, {n} from the cache",
    ]
