import dataclasses

import numpy as np
import pytest

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.networks import network_key
from headstart.errors import UsageError
from headstart.features import accelerator, keras_engine
from headstart.features.engine import choose_runtime, compile_network


@pytest.fixture
def engine(tiny_network):
    return compile_network(tiny_network, device="openvino")


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), np.uint8)


def test_a_batch_has_the_shape_and_type_that_is_promised(engine):
    values = engine.infer(images(3))
    assert values["features"].shape == (3, 16)
    assert values["features"].dtype == np.float32


def test_an_empty_batch_is_empty(tiny_network):
    engine = compile_network(tiny_network, outputs=("feature_map",))
    assert engine.infer(images(0))["feature_map"].shape == (0, 8, 8, 16)


def test_a_batch_is_its_images_one_by_one(engine):
    batch = images(5)
    together = engine.infer(batch)["features"]
    alone = [engine.infer(image[None])["features"][0] for image in batch]
    np.testing.assert_array_equal(together, alone)


def test_several_outputs_of_one_run_belong_together(tiny_network):
    engine = compile_network(tiny_network, outputs=("probabilities", "feature_map", "features"))
    values = engine.infer(images(4))
    assert list(values) == ["probabilities", "feature_map", "features"]
    np.testing.assert_allclose(values["feature_map"].mean((1, 2)), values["features"], rtol=1e-5)
    np.testing.assert_allclose(values["probabilities"].sum(1), 1, rtol=1e-5)


def test_what_is_not_asked_for_is_not_computed(tiny_network):
    lean = compile_network(tiny_network, outputs=("feature_map",))
    full = compile_network(tiny_network, outputs=("feature_map", "probabilities"))

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


@pytest.mark.parametrize(
    "image", [np.zeros((32, 31, 3), np.uint8), np.zeros((32, 32, 3), np.float32)]
)
def test_an_image_that_does_not_fit_is_refused(engine, image):
    with pytest.raises(UsageError, match=r"tiny takes uint8 RGB images of shape \(32, 32, 3\)"):
        engine.infer(image[None])


def test_a_compiled_network_is_kept(tiny_network, make_network):
    first = compile_network(tiny_network)
    assert compile_network(tiny_network) is first
    assert compile_network(dataclasses.replace(tiny_network, key="other")) is not first
    for seed in range(4):
        compile_network(make_network(seed=seed))
    assert compile_network(tiny_network) is not first


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"precision": "f16"}, "precision must be one of f32, bf16. Received: 'f16'"),
        ({"device": "GPU"}, "device must be one of auto, openvino, keras. Received: 'GPU'"),
        ({"outputs": ("logits",)}, "output of tiny must be one of features, .* Received: 'logits'"),
        ({"outputs": ()}, "at least one output"),
    ],
)
def test_wrong_arguments_are_refused(tiny_network, wrong, message):
    with pytest.raises(UsageError, match=message):
        compile_network(tiny_network, **wrong)


def test_bfloat16_is_refused_where_there_is_none(make_network, monkeypatch):
    monkeypatch.setattr("headstart.features.openvino_engine.has_bf16", lambda: False)
    with pytest.raises(UsageError, match="bfloat16 instructions"):
        compile_network(make_network(seed=77), precision="bf16", device="openvino")


@pytest.fixture
def catalogued(tiny_network):
    """Called as the catalogue's mini would be that has these weights."""
    row = get_backbone("mini")
    key = network_key(row, tiny_network.weights_sha256, tiny_network.size)
    return dataclasses.replace(tiny_network, name="mini", key=key)


@pytest.mark.parametrize(("seen", "runtime"), [(True, "keras"), (False, "openvino")])
def test_auto_takes_keras_where_there_is_an_accelerator(catalogued, monkeypatch, seen, runtime):
    monkeypatch.setattr(accelerator, "sees_accelerator", lambda: seen)
    monkeypatch.setattr(keras_engine, "has_weights", lambda _: True)
    assert choose_runtime("auto", catalogued) == runtime
    assert choose_runtime("openvino", catalogued) == "openvino"


def test_auto_runs_weights_that_are_not_at_hand_on_openvino(catalogued, monkeypatch):
    """As those of a fine-tuned network are: mini's own are another file."""
    monkeypatch.setattr(accelerator, "sees_accelerator", lambda: True)
    assert choose_runtime("auto", catalogued) == "openvino"
    own = get_backbone("mini").weights_sha256
    key = network_key(get_backbone("mini"), own, catalogued.size)
    same = dataclasses.replace(catalogued, weights_sha256=own, key=key)
    assert choose_runtime("auto", same) == "keras"


@pytest.mark.parametrize("changed", [{"pooling": "max"}, {"layer": "block_1"}])
def test_keras_computes_a_networks_own_features_only(catalogued, changed):
    with pytest.raises(UsageError, match="own features only"):
        choose_runtime("keras", dataclasses.replace(catalogued, **changed))


@pytest.mark.parametrize("name", ["tiny", "mini", "resnet50"])
def test_what_the_catalogue_can_not_build_runs_on_openvino(catalogued, monkeypatch, name):
    monkeypatch.setattr(accelerator, "sees_accelerator", lambda: True)
    own = dataclasses.replace(catalogued, name=name, key=f"{name}-of-my-own")
    assert choose_runtime("auto", own) == "openvino"
    assert choose_runtime("keras", own) == "keras"
