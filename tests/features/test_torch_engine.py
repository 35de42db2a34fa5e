"""Everything of the engine but the GPU itself, on torch's processor device or with stand-ins."""

import itertools

import numpy as np
import pytest
from tests.features.graphs import difference

from headstart.errors import ForkError, UsageError
from headstart.features import devices, forking, torch_engine
from headstart.features.openvino_engine import OpenVinoEngine

BATCH = 8


@pytest.fixture
def make_engine(torch, monkeypatch):
    """Return a maker of engines on torch's processor device, with small batches."""
    assert torch.get_num_threads()
    monkeypatch.setattr(devices, "torch_device", lambda: "cpu")
    monkeypatch.setattr(torch_engine, "LARGEST_BATCH", BATCH)

    def make(network, precision="f32", outputs=("features",)):
        engine = torch_engine.TorchEngine(network, precision, outputs)
        assert engine._batch == BATCH
        return engine

    return make


@pytest.fixture
def engine(make_engine, tiny_network):
    return make_engine(tiny_network)


class Lanes:
    """Stand-ins for lanes: what happens to each, in order; features are the first pixels."""

    def __init__(self):
        self.events = []
        self.made = 0

    def __call__(self, _module, _device, shape, _outputs):
        self.made += 1
        return self.Lane(self, self.made, shape)

    class Lane:
        def __init__(self, lanes, number, shape):
            self.lanes, self.number, self.n = lanes, number, None
            self.pixels = np.zeros(shape, np.uint8)

        def start(self, n):
            assert self.n is None
            self.n = n
            self.lanes.events.append(("start", self.number, n))

        def finish(self):
            self.lanes.events.append(("finish", self.number))
            n, self.n = self.n or 0, None
            return [self.pixels[:n, 0, 0].astype(np.float32)]


@pytest.fixture
def lanes(engine, monkeypatch):
    from headstart.features import torch_lanes

    assert engine._idle == []
    monkeypatch.setattr(torch_lanes, "PlainLane", made := Lanes())
    return made


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), np.uint8)


def features(engine, batch):
    return engine.infer(batch)["features"]


def test_all_outputs_are_those_of_openvino(make_engine, tiny_network):
    outputs = ("probabilities", "feature_map", "features")
    batch = images(2 * BATCH + 3)
    expected = OpenVinoEngine(tiny_network, "f32", outputs).infer(batch)
    found = make_engine(tiny_network, outputs=outputs).infer(batch)
    assert list(found) == list(outputs)
    for name in outputs:
        assert found[name].dtype == np.float32
        assert difference(expected[name], found[name]) < 1e-5


def test_bfloat16_is_near_and_its_outputs_are_float32(make_engine, engine, tiny_network):
    batch = images(BATCH)
    near = features(make_engine(tiny_network, "bf16"), batch)
    assert near.dtype == np.float32
    assert 1e-5 < difference(features(engine, batch), near) < 2e-2


@pytest.mark.parametrize("n", [0, 1, BATCH - 1, BATCH, BATCH + 1, 5 * BATCH, 5 * BATCH + 3])
def test_a_stream_keeps_order_and_tags(engine, lanes, n):
    batch = images(n)
    out = list(engine.stream((f"tag {i}", image) for i, image in enumerate(batch)))
    assert [tag for tag, _ in out] == [f"tag {i}" for i in range(n)]
    found = [values["features"] for _, values in out]
    np.testing.assert_array_equal(found, batch[:, 0, 0] if n else [])
    starts = [event[2] for event in lanes.events if event[0] == "start"]
    assert starts == [BATCH] * (n // BATCH) + [n % BATCH] * (n % BATCH > 0)


def test_none_passes_through_in_its_place(engine, lanes):
    batch = images(100)
    out = list(engine.stream((i, batch[i] if i % 7 == 0 else None) for i in range(100)))
    assert [tag for tag, _ in out] == list(range(100))
    assert [bool(values) for _, values in out] == [i % 7 == 0 for i in range(100)]
    np.testing.assert_array_equal(out[14][1]["features"], batch[14, 0, 0])
    assert sum(event[0] == "start" for event in lanes.events) == 2


def test_nothing_but_none_runs_nothing_and_waits_for_nothing(engine, lanes):
    stream = engine.stream((i, None) for i in itertools.count())
    assert [next(stream) for _ in range(1000)] == [(i, {}) for i in range(1000)]
    stream.close()
    assert lanes.events == []


def test_one_image_among_many_none_does_not_wait_for_a_whole_batch(engine, lanes):
    taken = []

    def endless():
        yield 0, images(1)[0]
        for i in itertools.count(1):
            taken.append(i)
            yield i, None

    stream = engine.stream(endless())
    assert list(next(stream)[1]) == ["features"]
    assert len(taken) < 4 * torch_engine._PLACES * BATCH
    stream.close()
    assert lanes.made == 1


def test_batches_are_filled_while_others_are_computed(engine, lanes):
    """The device has the next batches before Python waits for the first."""
    taken = []

    def source():
        for i, image in enumerate(images(6 * BATCH)):
            taken.append(i)
            yield i, image

    stream = engine.stream(source())
    next(stream)
    assert lanes.events == [
        ("start", 1, BATCH),
        ("start", 2, BATCH),
        ("start", 3, BATCH),
        ("finish", 1),
    ]
    assert len(taken) == 3 * BATCH
    rest = list(stream)
    assert [tag for tag, _ in rest] == list(range(1, 6 * BATCH))
    # One more for the batch that is filled last, while three wait.
    order = [event[0] for event in lanes.events]
    waiting = list(itertools.accumulate(1 if kind == "start" else -1 for kind in order))
    assert max(waiting) == torch_engine.AHEAD + 1
    assert min(waiting[2:-3]) >= torch_engine.AHEAD


def test_a_bounded_number_of_batches_is_in_memory(engine, lanes):
    taken = []

    def endless():
        image = images(1)[0]
        for i in itertools.count():
            taken.append(i)
            yield i, image

    stream = engine.stream(endless())
    for _ in range(10 * BATCH):
        next(stream)
    stream.close()
    assert len(taken) <= (10 + torch_engine.AHEAD + 1) * BATCH
    assert lanes.made == torch_engine.AHEAD + 1


@pytest.mark.parametrize("n_taken", [1, BATCH, 2 * BATCH + 1])
def test_a_stopped_stream_gives_all_its_lanes_back(engine, lanes, n_taken):
    stream = engine.stream(enumerate(images(6 * BATCH)))
    for _ in range(n_taken):
        next(stream)
    stream.close()
    assert len(set(map(id, engine._idle))) == len(engine._idle) == lanes.made
    assert all(lane.n is None for lane in engine._idle)
    np.testing.assert_array_equal(features(engine, images(9)), images(9)[:, 0, 0])


def test_an_error_of_the_source_ends_the_stream_and_gives_its_lanes_back(engine, lanes):
    def source():
        yield from enumerate(images(2 * BATCH + 3))
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        list(engine.stream(source()))
    assert len(engine._idle) == lanes.made == 3


def test_an_error_of_the_device_ends_the_stream_and_gives_its_lanes_back(
    engine, lanes, monkeypatch
):
    def fail(*_):
        raise RuntimeError("the device")

    list(engine.stream(enumerate(images(1))))
    monkeypatch.setattr(Lanes.Lane, "start", fail)
    with pytest.raises(RuntimeError, match="the device"):
        list(engine.stream(enumerate(images(3 * BATCH))))
    assert len(engine._idle) == lanes.made == 1


def test_two_streams_at_a_time(engine):
    first, second = images(20, seed=1), images(20, seed=2)
    pairs = zip(engine.stream(enumerate(first)), engine.stream(enumerate(second)), strict=True)
    a, b = zip(*pairs, strict=True)
    for found, batch in ((a, first), (b, second)):
        values = [each["features"] for _, each in found]
        assert difference(features(engine, batch), np.stack(values)) < 1e-6


def test_values_outlive_the_lane_that_made_them(engine):
    batch = images(40)
    kept = [values["features"] for _, values in engine.stream(enumerate(batch))]
    before = np.stack(kept).copy()
    features(engine, images(40, seed=9))
    np.testing.assert_array_equal(np.stack(kept), before)


def test_an_image_that_does_not_fit_is_refused(engine):
    with pytest.raises(UsageError, match="takes uint8 RGB"):
        engine.infer(np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises(UsageError, match="takes uint8 RGB"):
        engine.infer(images(1).astype(np.float32))


def test_the_size_of_a_batch_follows_from_memory(engine, monkeypatch):
    from headstart.features import torch_lanes

    monkeypatch.setattr(torch_engine, "LARGEST_BATCH", 256)
    for_one = engine._module.bytes_an_image * (torch_engine.AHEAD + 1) / torch_engine._SHARE
    for n, expected in ((0, 1), (1.1, 1), (63, 32), (65, 64), (10_000, 256)):
        monkeypatch.setattr(torch_lanes, "free_bytes", lambda _, n=n: int(n * for_one))
        assert engine._batch_size() == expected
    monkeypatch.setattr(torch_lanes, "free_bytes", lambda _: 2**40)
    monkeypatch.setattr(torch_engine, "MOST_BYTES", 10_000)
    assert engine._batch_size() == 2


def test_after_a_fork_the_child_is_told(engine, monkeypatch):
    assert not engine.release()
    stream = engine.stream(enumerate(images(4 * BATCH)))
    next(stream)
    monkeypatch.setattr(forking, "is_lost", lambda runtime: runtime == "torch")
    engine.abandon()
    with pytest.raises(ForkError):
        list(stream)
    with pytest.raises(ForkError):
        features(engine, images(1))
