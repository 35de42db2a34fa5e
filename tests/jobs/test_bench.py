"""How long backbones take for an image on this machine."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.spec import NetworkSpec
from headstart.display.text import percent
from headstart.errors import ImageNotFound, UnknownBackbone, UsageError
from headstart.features.settings import FeatureSettings
from headstart.foreign.added import AddedBackbone, Figures
from headstart.foreign.facts import Facts
from headstart.jobs.bench import bench, photos, timing
from headstart.networks.network import load_network


def test_a_backbone_of_the_catalogue_stands_beside_what_is_published(tmp_path):
    row, found = get_backbone("mini"), bench(["mini", "mini"])
    (timing,) = found.timings
    assert (timing.backbone, timing.size, timing.n_features) == (row.name, row.size, row.n_features)
    assert (timing.top1, timing.license, timing.parameters, timing.macs) == (
        row.top1,
        row.license,
        row.parameters,
        row.macs,
    )
    assert timing.milliseconds > 0
    assert timing.pipeline_milliseconds > 0
    assert (found.n, found.images) == (64, "the photo of the demo")
    assert percent(row.top1) in str(found)
    assert json.loads(json.dumps(found.to_dict()))["timings"][0]["backbone"] == "mini"
    # Nothing was kept.
    assert not list(tmp_path.rglob("features"))


def test_of_a_variant_no_accuracy_is_published():
    (timing,) = bench(["mini"], mirror=True).timings
    row = get_backbone("mini")
    assert (timing.top1, timing.parameters, timing.macs) == (None, row.parameters, 2 * row.macs)


@pytest.mark.parametrize("own", [False, True])
def test_published_accuracy_is_that_of_published_weights(tiny_network, own):
    # Wherever the file lies: for many rows, no hash of it is known.
    row = replace(get_backbone("mobilenet_v2"), size=tiny_network.size)
    how = FeatureSettings(precision="f32", cache=False)
    found = timing(tiny_network, row, how, photos()[:2], own_weights=own)
    expected = (None, None) if own else (row.top1, row.trained_on)
    assert (found.top1, found.trained_on) == expected


def test_a_network_and_a_variant_of_it_are_timed_beside_each_other(tiny_network):
    found = bench([tiny_network, NetworkSpec(tiny_network, mirror=True), tiny_network])
    once, twice = sorted(found.timings, key=lambda each: each.macs)
    assert (once.macs, twice.macs) == (tiny_network.macs, 2 * tiny_network.macs)
    assert once.top1 is None


def test_a_network_in_a_folder_is_timed_on_ones_own_images(network_folder, tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 30)).save(tmp_path / name)
    found = bench([network_folder], images=tmp_path)
    assert found.timings[0].backbone == "tiny"
    assert (found.timings[0].top1, found.timings[0].parameters) == (None, None)
    assert str(tmp_path) in str(found)


def test_a_network_of_8_bits_is_measured_in_these(tiny_network):
    eight_bits = replace(tiny_network, quantised=True)
    found = timing(eight_bits, None, FeatureSettings(precision="f32", cache=False), photos()[:2])
    assert found.precision == "int8"


def test_without_names_those_that_were_added_are_measured_too(network_folder, monkeypatch):
    monkeypatch.setattr("headstart.jobs.bench.backbones_at_hand", tuple)
    figures = Figures(size=(32, 32), n_features=16, n_classes=5, parameters=77, macs=1)
    added = AddedBackbone(
        name="mine",
        folder=network_folder,
        place="net.onnx",
        file_format="onnx",
        facts=Facts(),
        figures=figures,
    )
    monkeypatch.setattr("headstart.jobs.bench.added_backbones", lambda: [added, OSError()])
    monkeypatch.setattr("headstart.jobs.bench.resolve", lambda _: added)
    network = load_network(network_folder)
    monkeypatch.setattr("headstart.jobs.bench.find_network", lambda _: network)
    (timing,) = bench().timings
    assert (timing.backbone, timing.parameters, timing.top1) == ("tiny", 77, None)


def test_without_names_those_at_hand_are_measured(monkeypatch):
    monkeypatch.setattr("headstart.jobs.bench.backbones_at_hand", tuple)
    with pytest.raises(UsageError, match=r"at least one\. Received: none"):
        bench()


def test_what_can_not_be_measured_is_refused(tmp_path):
    with pytest.raises(UnknownBackbone):
        bench(["resnet51"])
    with pytest.raises(ImageNotFound, match="no image in the folder"):
        bench(["resnet50"], images=tmp_path)
