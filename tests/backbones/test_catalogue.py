"""The catalogue, and finding a name in it."""

import importlib

import pytest

import headstart
from headstart.backbones.catalogue import backbones, get_backbone, look_up
from headstart.backbones.folders import read_backbone
from headstart.errors import UnknownBackbone


def test_package_lists_the_catalogue_at_any_time():
    """Also after a module of the room was imported, which gives the name to the room."""
    assert headstart.backbones() == backbones()
    assert importlib.import_module("headstart.backbones")() == backbones()
    assert headstart.backbones() == backbones()


def test_names_are_sorted_and_unique():
    names = [row.name for row in backbones()]
    assert names == sorted(set(names))


def test_mini_is_part_of_the_package():
    mini = get_backbone("mini")
    assert read_backbone(mini.folder) == mini
    assert (mini.size, mini.min_size, mini.max_size) == ((80, 80), 32, 256)
    assert mini.top1 > 0.56
    assert mini.license == "Apache-2.0"
    assert len(set(mini.classes)) == mini.n_classes == 200
    assert mini.weights is None
    assert mini.weights_without_top is None


@pytest.mark.parametrize("spelling", ["mobilenet_v2", "MobileNetV2", "mobilenet-v2"])
def test_name_is_found_in_other_spellings(spelling):
    assert get_backbone(spelling).builder == "MobileNetV2"
    assert look_up(spelling) is get_backbone(spelling)


def test_unknown_name_is_refused_with_the_closest():
    assert look_up("resnet5") is None
    with pytest.raises(UnknownBackbone, match="Did you mean resnet50"):
        get_backbone("resnet5")


def test_hopeless_name_gets_no_suggestion():
    with pytest.raises(UnknownBackbone, match=r"There is no backbone named 'qqqqqq'\. `headstart"):
        get_backbone("qqqqqq")
