import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.features.openvino_engine import OpenVinoEngine


@pytest.fixture
def engine(tiny_network):
    return OpenVinoEngine(tiny_network, "f32", ("features",))


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), np.uint8)


def test_several_outputs_of_one_run_belong_together(tiny_network):
    engine = OpenVinoEngine(tiny_network, "f32", ("probabilities", "feature_map", "features"))
    values = engine.infer(images(4))
    assert list(values) == ["probabilities", "feature_map", "features"]
    np.testing.assert_allclose(values["feature_map"].mean((1, 2)), values["features"], rtol=1e-5)
    np.testing.assert_allclose(values["probabilities"].sum(1), 1, rtol=1e-5)


def test_what_is_not_asked_for_is_not_computed(tiny_network):
    lean = OpenVinoEngine(tiny_network, "f32", ("feature_map",))
    full = OpenVinoEngine(tiny_network, "f32", ("feature_map", "probabilities"))

    def kinds(engine):
        nodes = engine._compiled.get_runtime_model().get_ops()
        return {node.get_rt_info()["layerType"].astype(str) for node in nodes}

    assert "Softmax" in kinds(full)
    assert "Softmax" not in kinds(lean)


def test_a_stream_keeps_order_and_tags(engine):
    batch = images(50)
    out = list(engine.stream((f"tag {i}", image) for i, image in enumerate(batch)))
    assert [tag for tag, _ in out] == [f"tag {i}" for i in range(50)]
    np.testing.assert_array_equal(
        [values["features"] for _, values in out], engine.infer(batch)["features"]
    )


def test_none_passes_through_in_its_place(engine):
    batch = images(30)
    out = list(engine.stream((i, batch[i] if i % 3 == 0 else None) for i in range(30)))
    assert [tag for tag, _ in out] == list(range(30))
    assert [bool(values) for _, values in out] == [i % 3 == 0 for i in range(30)]


def test_a_stream_takes_no_more_than_it_needs(engine):
    taken = []

    def endless():
        image = images(1)[0]
        while True:
            taken.append(1)
            yield len(taken), image

    stream = engine.stream(endless())
    for _ in range(20):
        next(stream)
    stream.close()
    assert len(taken) < 20 + 2 * engine._streams + 5


def test_a_stopped_stream_gives_its_requests_back(engine):
    list(engine.stream((i, image) for i, image in enumerate(images(30))))
    made = len(engine._idle)
    stream = engine.stream((i, image) for i, image in enumerate(images(30)))
    next(stream)
    stream.close()
    assert len(engine._idle) == made


def test_two_streams_at_a_time(engine):
    first, second = images(20, seed=1), images(20, seed=2)
    pairs = zip(engine.stream(enumerate(first)), engine.stream(enumerate(second)), strict=True)
    a, b = zip(*pairs, strict=True)
    np.testing.assert_array_equal(
        [values["features"] for _, values in a], engine.infer(first)["features"]
    )
    np.testing.assert_array_equal(
        [values["features"] for _, values in b], engine.infer(second)["features"]
    )


def test_values_outlive_the_request_that_made_them(engine):
    batch = images(40)
    kept = [values["features"] for _, values in engine.stream(enumerate(batch))]
    engine.infer(images(40, seed=9))
    np.testing.assert_array_equal(kept, engine.infer(batch)["features"])


def test_an_image_need_not_be_contiguous(engine):
    wide = images(1)[0]
    mirrored = wide[:, ::-1]
    np.testing.assert_array_equal(
        engine.infer(mirrored[None])["features"], engine.infer(mirrored[None].copy())["features"]
    )


def test_what_is_released_is_compiled_again_for_the_next_image(engine):
    batch = images(6)
    before = engine.infer(batch)["features"]
    assert engine.release()
    assert engine._compiled is None
    np.testing.assert_array_equal(engine.infer(batch)["features"], before)


def test_nothing_is_released_while_a_stream_is_open(engine):
    stream = engine.stream(enumerate(images(6)))
    next(stream)
    assert not engine.release()
    assert len(list(stream)) == 5
    assert engine.release()


def test_it_runs_on_so_many_threads_at_most(tiny_network, engine):
    one = OpenVinoEngine(tiny_network, "f32", ("features",), threads=1)
    assert one._compiled.get_property("INFERENCE_NUM_THREADS") == 1
    np.testing.assert_array_equal(
        one.infer(images(9))["features"], engine.infer(images(9))["features"]
    )


def test_bfloat16_is_refused_where_there_is_none(make_network, monkeypatch):
    monkeypatch.setattr("headstart.features.openvino_engine.has_bf16", lambda: False)
    with pytest.raises(UsageError, match="bfloat16 instructions"):
        OpenVinoEngine(make_network(seed=77), "bf16", ("features",))
