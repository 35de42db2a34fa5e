"""Variants of a converted network: other features of its feature map, and mirror images."""

from dataclasses import replace

import numpy as np
import pytest

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.errors import DamagedModel, UsageError
from headstart.features.compiling import compile_network
from headstart.networks import variants
from headstart.networks.network import DESCRIPTION, load_network, write_description
from headstart.networks.pooling import POOLINGS
from headstart.networks.preprocessing import USUAL
from headstart.networks.runtime import load_processor
from headstart.networks.variants import mirrored, pooled, with_preprocessing
from headstart.storage.cache_folder import cache_dir

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}

BY_NUMPY = {
    "avg": lambda maps: maps.mean((1, 2)),
    "max": lambda maps: maps.max((1, 2)),
    "flatten": lambda maps: maps.reshape(len(maps), -1),
}


def run(network, *outputs, images=IMAGES):
    return compile_network(network, outputs=outputs).infer(images)


def run_as_one_batch(network):
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = load_processor().compile_model(network.graph, "CPU", f32)
    return compiled(IMAGES)["features"]


def of_images_and_mirror_images(network, output):
    return run(network, output)[output], run(network, output, images=IMAGES[:, :, ::-1])[output]


class TestPreprocessing:
    @pytest.mark.parametrize("name", USUAL)
    def test_the_network_gets_other_pixels(self, tiny_network, tmp_path, name):
        how = USUAL[name]
        found = with_preprocessing(tiny_network, how, tmp_path)
        assert (found.preprocessing, found.outputs) == (how, tiny_network.outputs)
        same = name == "inside"
        outputs = (run(network, "features")["features"] for network in (found, tiny_network))
        assert np.allclose(*outputs, **CLOSE) == same


class TestPooled:
    @pytest.mark.parametrize("pooling", BY_NUMPY)
    def test_features_are_what_numpy_makes_of_the_map(self, tiny_network, pooling):
        network = pooled(tiny_network, pooling)
        maps = run(tiny_network, "feature_map")["feature_map"]
        found = run(network, "features", "feature_map")
        np.testing.assert_allclose(found["features"], BY_NUMPY[pooling](maps), **CLOSE)
        np.testing.assert_array_equal(found["feature_map"], maps)
        assert network.outputs == {
            "features": found["features"].shape[1:],
            "feature_map": maps.shape[1:],
        }

    def test_flattened_takes_any_number_of_images_at_once(self, tiny_network):
        network = pooled(tiny_network, "flatten")
        np.testing.assert_allclose(
            run_as_one_batch(network), run(network, "features")["features"], **CLOSE
        )

    def test_auto_returns_the_network_as_it_is(self, tiny_network):
        assert pooled(tiny_network, "auto") is tiny_network

    def test_result_is_the_same_network_without_a_classifier(self, tiny_network):
        network = pooled(tiny_network, "max")
        assert network.classes is None
        assert network.pooling == "max"
        assert network.macs < 200_000  # as counted; the fixture's own figure is made up
        for name in ("name", "size", "resize", "crop_fraction", "weights_sha256"):
            assert getattr(network, name) == getattr(tiny_network, name)

    def test_result_is_kept_and_made_once(self, tiny_network, monkeypatch):
        network = pooled(tiny_network, "flatten")
        assert network.folder == cache_dir() / "networks" / network.key
        assert load_network(network.folder) == network
        monkeypatch.setattr(variants, "_make_pooled", None)
        assert pooled(tiny_network, "flatten") == network

    def test_damaged_network_is_made_again(self, tiny_network):
        network = pooled(tiny_network, "flatten")
        network.graph.write_text("<net>")
        with pytest.raises(DamagedModel):
            load_network(network.folder)
        assert pooled(tiny_network, "flatten") == network
        assert load_network(network.folder) == network

    def test_failure_leaves_nothing(self, tiny_network, monkeypatch):
        monkeypatch.setattr(variants, "count_macs", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pooled(tiny_network, "flatten")
        assert [path.suffix for path in (cache_dir() / "networks").iterdir()] == [".lock"]

    def test_every_pooling_of_every_network_has_its_own_key(self, make_network):
        some = [make_network(seed=seed) for seed in (1, 2)]
        keys = {pooled(network, pooling).key for network in some for pooling in POOLINGS}
        assert len(keys) == 8

    def test_pooled_network_can_be_pooled_again(self, tiny_network):
        twice = pooled(pooled(tiny_network, "max"), "flatten")
        once = pooled(tiny_network, "flatten")
        np.testing.assert_array_equal(
            run(twice, "features")["features"], run(once, "features")["features"]
        )

    def test_unknown_pooling_and_missing_map_are_refused(self, tiny_network):
        with pytest.raises(UsageError, match=r"auto, avg, max, flatten.*Received: 'mean'"):
            pooled(tiny_network, "mean")
        without = replace(tiny_network, outputs={"features": (16,)})
        with pytest.raises(UsageError, match="needs a network with a feature map"):
            pooled(without, "avg")


class TestMirrored:
    def test_features_are_the_mean_over_image_and_mirror_image(self, tiny_network):
        one, other = of_images_and_mirror_images(tiny_network, "features")
        assert abs(one - other).max() > 1e-3
        found = run(mirrored(tiny_network), "features")["features"]
        np.testing.assert_allclose(found, (one + other) / 2, **CLOSE)

    def test_map_of_the_mirror_image_is_mirrored_back(self, tiny_network):
        one, other = of_images_and_mirror_images(tiny_network, "feature_map")
        found = run(mirrored(tiny_network), "feature_map")["feature_map"]
        np.testing.assert_allclose(found, (one + other[:, :, ::-1]) / 2, **CLOSE)

    def test_image_and_mirror_image_have_the_same_outputs(self, tiny_network):
        network = mirrored(tiny_network)
        for output in network.outputs:
            one, other = of_images_and_mirror_images(network, output)
            if output == "feature_map":
                other = other[:, :, ::-1]
            np.testing.assert_allclose(one, other, **CLOSE)

    def test_result_is_the_same_network_at_twice_the_work(self, tiny_network):
        network = mirrored(tiny_network)
        assert network.mirror
        assert network.macs == 2 * tiny_network.macs
        for name in ("name", "size", "outputs", "classes", "resize", "weights_sha256"):
            assert getattr(network, name) == getattr(tiny_network, name)

    def test_mirrored_network_is_returned_as_it_is(self, tiny_network):
        network = mirrored(tiny_network)
        assert mirrored(network) is network

    def test_it_can_be_pooled_before(self, tiny_network):
        network = pooled(tiny_network, "max")
        one, other = of_images_and_mirror_images(network, "features")
        found = run(mirrored(network), "features")["features"]
        np.testing.assert_allclose(found, (one + other) / 2, **CLOSE)
        assert mirrored(network).key != mirrored(tiny_network).key

    def test_pooled_afterwards_it_costs_the_same(self, tiny_network):
        before, after = mirrored(pooled(tiny_network, "avg")), pooled(mirrored(tiny_network), "avg")
        np.testing.assert_allclose(
            run(after, "features")["features"], run(before, "features")["features"], **CLOSE
        )
        assert after.mirror
        assert after.macs == before.macs

    def test_it_takes_any_number_of_images_at_once(self, tiny_network):
        network = mirrored(tiny_network)
        np.testing.assert_allclose(
            run_as_one_batch(network), run(network, "features")["features"], **CLOSE
        )

    def test_result_is_kept_and_made_once(self, tiny_network, monkeypatch):
        network = mirrored(tiny_network)
        assert network.folder == cache_dir() / "networks" / network.key
        assert load_network(network.folder) == network
        monkeypatch.setattr(variants, "_make_mirrored", None)
        assert mirrored(tiny_network) == network


def test_spec_asks_for_both(tiny_network):
    network = find_network(NetworkSpec(tiny_network, pooling="max", mirror=True))
    assert network == mirrored(pooled(tiny_network, "max"))


@pytest.mark.parametrize("missing", ["pooling", "mirror"])
def test_networks_from_before_there_were_variants_are_read(tiny_network, tmp_path, missing):
    for file in tiny_network.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    write_description(tiny_network, tmp_path)
    described = DESCRIPTION.read(tmp_path)
    del described[missing]
    DESCRIPTION.write(tmp_path, described)
    assert load_network(tmp_path) == replace(tiny_network, folder=tmp_path)
