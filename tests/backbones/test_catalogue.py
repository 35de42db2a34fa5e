"""The catalogue's rows, and finding one."""

import importlib
import json
import re

import pytest

import headstart
from headstart.backbones.catalogue import backbones, get_backbone
from headstart.backbones.download import algorithm
from headstart.backbones.folders import read_backbone
from headstart.backbones.preprocessing import KERAS_MODES
from headstart.errors import UnknownBackbone

ROWS = backbones()
PUBLISHED = [row for row in ROWS if row.folder is None]


def test_package_lists_the_catalogue_at_any_time():
    """Also when modules of the room were imported, which takes the name for the room."""
    assert headstart.backbones() == ROWS
    assert headstart.backbones() == importlib.import_module("headstart.backbones")() == ROWS


def test_names_are_sorted_and_unique():
    names = [row.name for row in ROWS]
    assert names == sorted(set(names))


def test_every_promised_network_is_there():
    promised = (
        "vgg16 vgg19 inception_v3 resnet50 resnet101 resnet152 resnet50_v2 resnet101_v2 "
        "resnet152_v2 efficientnet_b0 efficientnet_b7 efficientnet_v2_b0 efficientnet_v2_b3 "
        "efficientnet_v2_s efficientnet_v2_m mobilenet mobilenet_v2 mobilenet_v3_small "
        "mobilenet_v3_large densenet121 densenet169 densenet201 xception inception_resnet_v2 "
        "nasnet_mobile nasnet_large convnext_tiny convnext_xlarge"
    )
    assert set(promised.split()) <= {row.name for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_is_sound(row):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", row.name)
    assert row.preprocessing in KERAS_MODES.values()
    assert (row.interpolation, row.antialias) == ("bilinear", True)
    assert row.min_size <= min(row.size)
    assert 0 < row.top1 < (row.top5 or 1.0) <= 1.0
    assert row.parameters > row.n_features
    assert json.loads(json.dumps(row.to_dict()))["n_classes"] == row.n_classes


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.name)
def test_published_row_is_sound(row):
    assert row.top1 > 0.5
    assert (row.trained_on, row.n_classes, row.classes) == ("ImageNet-1k", 1000, None)
    for weights in (row.weights, row.weights_without_top):
        assert weights.url.startswith("https://storage.googleapis.com/")
        assert weights.filename.endswith(".h5")
        assert weights.digest is None or algorithm(weights.digest) in ("md5", "sha256")
    assert row.weights.url != row.weights_without_top.url


def test_mini_is_part_of_the_package():
    mini = get_backbone("mini")
    assert read_backbone(mini.folder) == mini
    assert (mini.size, mini.min_size, mini.max_size) == ((80, 80), 32, 256)
    assert mini.top1 > 0.56
    assert mini.license == "Apache-2.0"
    assert len(set(mini.classes)) == mini.n_classes == 200
    assert mini.weights is None
    assert mini.weights_without_top is None


def test_only_the_first_two_mobilenets_have_no_hash():
    unhashed = {row.name for row in PUBLISHED if row.weights.digest is None}
    assert unhashed == {"mobilenet", "mobilenet_v2"}


@pytest.mark.parametrize("spelling", ["mobilenet_v2", "MobileNetV2", "mobilenet-v2"])
def test_name_is_found_as_people_write_it(spelling):
    assert get_backbone(spelling).builder == "MobileNetV2"


def test_unknown_name_gets_the_closest():
    with pytest.raises(UnknownBackbone, match="Did you mean resnet50"):
        get_backbone("resnet5")


def test_hopeless_name_gets_no_suggestion():
    with pytest.raises(UnknownBackbone, match=r"There is no backbone named 'qqqqqq'\. `headstart"):
        get_backbone("qqqqqq")


@pytest.mark.slow
@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.name)
def test_weights_are_those_that_keras_publishes(row, converter):
    answer = json.loads(converter.ask(task="published", builder=row.builder, size=row.size))
    files = (row.weights, row.weights_without_top)
    assert answer["published"] == [[file.filename, file.url, file.digest] for file in files]
