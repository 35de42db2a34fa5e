"""The rows of the catalogue."""

import json
import re

import pytest

from headstart import records
from headstart.backbones.catalogue import backbones
from headstart.backbones.hub_rows import HUB_ROWS
from headstart.backbones.row import Backbone
from headstart.backbones.rows import ROWS
from headstart.backbones.transformer_rows import TRANSFORMER_ROWS
from headstart.networks.preprocessing import KERAS_MODES


def test_every_promised_network_is_there():
    promised = (
        "vgg16 vgg19 inception_v3 resnet50 resnet101 resnet152 resnet50_v2 resnet101_v2 "
        "resnet152_v2 efficientnet_b0 efficientnet_b7 efficientnet_v2_b0 efficientnet_v2_b3 "
        "efficientnet_v2_s efficientnet_v2_m mobilenet mobilenet_v2 mobilenet_v3_small "
        "mobilenet_v3_large densenet121 densenet169 densenet201 xception inception_resnet_v2 "
        "nasnet_mobile nasnet_large convnext_tiny convnext_xlarge mini"
    )
    assert set(promised.split()) <= {row.name for row in backbones()}


@pytest.mark.parametrize(
    "row", [row for row in backbones() if row.n_classes], ids=lambda row: row.name
)
def test_facts_are_plausible(row):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", row.name)
    assert row.preprocessing in KERAS_MODES.values()
    assert row.antialias
    assert row.min_size <= min(row.size)
    assert 0 < row.top1 < (row.top5 or 1.0) <= 1.0
    assert row.parameters > row.n_features
    assert row.license
    assert row.source


@pytest.mark.parametrize("row", [*ROWS, *HUB_ROWS, *TRANSFORMER_ROWS], ids=lambda row: row.name)
def test_facts_have_the_types_of_a_backbone(row):
    written = json.loads(json.dumps(records.to_json(row)))
    assert records.from_json(Backbone, written) == row


def test_a_family_shares_its_facts():
    shared = {(row.family, row.preprocessing, row.license, row.source) for row in ROWS}
    assert len(shared) == len({row.family for row in ROWS})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_published_weights_are_plausible(row):
    assert row.interpolation == "bilinear"
    assert row.top1 > 0.5
    assert (row.trained_on, row.n_classes, row.classes) == ("ImageNet-1k", 1000, None)
    for weights in (row.weights, row.weights_without_top):
        assert weights.url.startswith("https://storage.googleapis.com/")
        assert weights.filename.endswith(".h5")
        assert weights.digest is None or len(weights.digest) in (32, 64)
    assert row.weights.url != row.weights_without_top.url


def test_only_the_first_two_mobilenets_have_no_hash():
    assert {row.name for row in ROWS if row.weights.digest is None} == {
        "mobilenet",
        "mobilenet_v2",
    }


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_weights_are_those_that_keras_publishes(row, converter):
    answer = json.loads(converter.ask(task="published", builder=row.builder, size=row.size))
    files = (row.weights, row.weights_without_top)
    assert answer["published"] == [[file.filename, file.url, file.digest] for file in files]
