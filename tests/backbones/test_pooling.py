"""Networks whose features are made from the feature map in another way."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from headstart.backbones import networks, pooling
from headstart.backbones.networks import is_catalogued, load_network
from headstart.backbones.pooling import pooled
from headstart.errors import DamagedModel, UsageError
from headstart.features.engine import compile_network
from headstart.storage import cache_dir

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)

BY_NUMPY = {
    "avg": lambda maps: maps.mean((1, 2)),
    "max": lambda maps: maps.max((1, 2)),
    "flatten": lambda maps: maps.reshape(len(maps), -1),
}


def run(network, *outputs):
    return compile_network(network, outputs=outputs, device="openvino").infer(IMAGES)


@pytest.mark.parametrize("how", BY_NUMPY)
def test_features_are_what_numpy_makes_of_the_map(tiny_network, how):
    network = pooled(tiny_network, how)
    maps = run(tiny_network, "feature_map")["feature_map"]
    found = run(network, "features", "feature_map")
    np.testing.assert_allclose(found["features"], BY_NUMPY[how](maps), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["feature_map"], maps)
    assert network.outputs == {
        "features": found["features"].shape[1:],
        "feature_map": maps.shape[1:],
    }


def test_flattened_it_takes_any_number_of_images_at_once(tiny_network):
    from headstart.backbones.runtime import load_openvino

    network = pooled(tiny_network, "flatten")
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    run_all = load_openvino().Core().compile_model(network.graph, "CPU", f32)
    np.testing.assert_allclose(
        run_all(IMAGES)["features"], run(network, "features")["features"], rtol=1e-5, atol=1e-6
    )


def test_auto_leaves_the_network_as_it_is(tiny_network):
    assert pooled(tiny_network, "auto") is tiny_network


def test_it_is_the_same_network_without_a_classifier(tiny_network):
    network = pooled(tiny_network, "max")
    assert network.classes is None
    assert network.pooling == "max"
    assert network.macs < 200_000  # as counted; the fixture's own figure is made up
    for name in ("name", "size", "resize", "crop_fraction", "weights_sha256"):
        assert getattr(network, name) == getattr(tiny_network, name)


def test_it_is_kept_and_made_once(tiny_network, monkeypatch):
    network = pooled(tiny_network, "flatten")
    assert network.folder == cache_dir() / "networks" / network.key
    assert load_network(network.folder) == network
    monkeypatch.setattr(pooling, "_make", None)
    assert pooled(tiny_network, "flatten") == network


def test_a_damaged_one_is_made_again(tiny_network):
    network = pooled(tiny_network, "flatten")
    network.graph.write_text("<net>")
    with pytest.raises(DamagedModel):
        load_network(network.folder)
    assert pooled(tiny_network, "flatten") == network
    assert load_network(network.folder) == network


def test_a_failure_leaves_nothing(tiny_network, monkeypatch):
    monkeypatch.setattr(pooling, "count_macs", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pooled(tiny_network, "flatten")
    assert [path.suffix for path in (cache_dir() / "networks").iterdir()] == [".lock"]


def test_every_pooling_of_every_network_is_kept_apart(make_network):
    some = [make_network(seed=seed) for seed in (1, 2)]
    keys = {pooled(network, how).key for network in some for how in pooling.POOLINGS}
    assert len(keys) == 8


def test_it_can_be_pooled_again(tiny_network):
    twice = pooled(pooled(tiny_network, "max"), "flatten")
    once = pooled(tiny_network, "flatten")
    np.testing.assert_array_equal(
        run(twice, "features")["features"], run(once, "features")["features"]
    )


def test_networks_kept_before_there_was_pooling_are_read(tiny_network, tmp_path):
    folder = shutil.copytree(tiny_network.folder, tmp_path / "network")
    described = networks._to_json(tiny_network, folder)
    assert '"pooling": "auto",' in described
    (folder / networks.DESCRIPTION).write_text(described.replace('"pooling": "auto",', ""))
    assert load_network(folder) == replace(tiny_network, folder=folder)


def test_keras_does_not_run_it_with_other_features(tiny_network):
    network = pooled(replace(tiny_network, name="mobilenet_v2"), "flatten")
    assert not is_catalogued(network)
    with pytest.raises(UsageError, match=r"own features only.*Use device='openvino'"):
        compile_network(network, device="keras")


def test_what_can_not_be_pooled_is_refused(tiny_network):
    with pytest.raises(UsageError, match=r"auto, avg, max, flatten.*Received: 'mean'"):
        pooled(tiny_network, "mean")
    without = replace(tiny_network, outputs={"features": (16,)})
    with pytest.raises(UsageError, match="needs a network with a feature map"):
        pooled(without, "avg")
