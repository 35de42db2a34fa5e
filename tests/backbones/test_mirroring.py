"""Networks that look at a picture and at its mirror image."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from headstart.backbones import mirroring, networks
from headstart.backbones.mirroring import mirrored
from headstart.backbones.networks import is_catalogued, load_network
from headstart.backbones.pooling import pooled
from headstart.errors import UsageError
from headstart.features.engine import compile_network
from headstart.storage import cache_dir

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def run(network, *outputs, images=IMAGES):
    return compile_network(network, outputs=outputs, device="openvino").infer(images)


def both(network, output):
    """Return what a network says of the images, and of their mirror images."""
    return run(network, output)[output], run(network, output, images=IMAGES[:, :, ::-1])[output]


def test_it_answers_with_the_mean_over_a_picture_and_its_mirror_image(tiny_network):
    seen, in_mirror = both(tiny_network, "features")
    assert abs(seen - in_mirror).max() > 1e-3
    found = run(mirrored(tiny_network), "features")["features"]
    np.testing.assert_allclose(found, (seen + in_mirror) / 2, **CLOSE)


def test_the_mirror_image_of_a_map_is_mirrored_back(tiny_network):
    seen, in_mirror = both(tiny_network, "feature_map")
    found = run(mirrored(tiny_network), "feature_map")["feature_map"]
    np.testing.assert_allclose(found, (seen + in_mirror[:, :, ::-1]) / 2, **CLOSE)


def test_it_says_the_same_of_a_picture_and_its_mirror_image(tiny_network):
    for output in mirrored(tiny_network).outputs:
        seen, in_mirror = both(mirrored(tiny_network), output)
        if output == "feature_map":
            in_mirror = in_mirror[:, :, ::-1]
        np.testing.assert_allclose(seen, in_mirror, **CLOSE)


def test_it_is_the_same_network_at_twice_the_work(tiny_network):
    network = mirrored(tiny_network)
    assert network.mirrored
    assert network.macs == 2 * tiny_network.macs
    for name in ("name", "size", "outputs", "classes", "resize", "crop_fraction", "weights_sha256"):
        assert getattr(network, name) == getattr(tiny_network, name)


def test_one_that_does_so_already_is_left_as_it_is(tiny_network):
    network = mirrored(tiny_network)
    assert mirrored(network) is network


def test_where_it_is_not_wanted_the_network_is_left_as_it_is(tiny_network):
    assert mirrored(tiny_network, wanted=False) is tiny_network


def test_it_can_be_pooled_before(tiny_network):
    network = pooled(tiny_network, "max")
    seen, in_mirror = both(network, "features")
    found = run(mirrored(network), "features")["features"]
    np.testing.assert_allclose(found, (seen + in_mirror) / 2, **CLOSE)
    assert mirrored(network).key != mirrored(tiny_network).key


def test_pooled_afterwards_it_costs_the_same(tiny_network):
    before, after = mirrored(pooled(tiny_network, "avg")), pooled(mirrored(tiny_network), "avg")
    np.testing.assert_allclose(
        run(after, "features")["features"], run(before, "features")["features"], **CLOSE
    )
    assert after.mirrored
    assert after.macs == before.macs


def test_it_takes_any_number_of_images_at_once(tiny_network):
    from headstart.backbones.runtime import load_openvino

    network = mirrored(tiny_network)
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    run_all = load_openvino().Core().compile_model(network.graph, "CPU", f32)
    found = run(network, "features")["features"]
    np.testing.assert_allclose(run_all(IMAGES)["features"], found, **CLOSE)


def test_it_is_kept_and_made_once(tiny_network, monkeypatch):
    network = mirrored(tiny_network)
    assert network.folder == cache_dir() / "networks" / network.key
    assert load_network(network.folder) == network
    monkeypatch.setattr(mirroring, "_make", None)
    assert mirrored(tiny_network) == network


def test_networks_kept_before_there_were_mirrors_are_read(tiny_network, tmp_path):
    folder = shutil.copytree(tiny_network.folder, tmp_path / "network")
    described = networks._to_json(tiny_network, folder)
    assert '"mirrored": false,' in described
    (folder / networks.DESCRIPTION).write_text(described.replace('"mirrored": false,', ""))
    assert load_network(folder) == replace(tiny_network, folder=folder)


def test_keras_does_not_run_it(tiny_network):
    network = mirrored(replace(tiny_network, name="mobilenet_v2"))
    assert not is_catalogued(network)
    with pytest.raises(UsageError, match=r"mirror=True.*Use device='openvino'"):
        compile_network(network, device="keras")
