"""JSON files beside a network on Hugging Face."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.foreign.facts import Facts
from headstart.foreign.hub_configs import facts_of_config, facts_of_preprocessor
from headstart.networks.classes import imagenet_classes
from headstart.networks.preprocessing import (
    CLIP,
    INSIDE,
    MINUS_ONE_TO_ONE,
    STANDARDISED,
    ZERO_TO_ONE,
    Preprocessing,
)

HALVES = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
VIT = {"do_resize": True, "size": 224, "resample": 2, "do_normalize": True, **HALVES}
CLIPS = {
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "do_resize": True,
    "size": {"shortest_edge": 256},
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 0.00392156862745098,
    "do_normalize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
TIMM = {
    "architecture": "resnet18",
    "num_classes": 1000,
    "pretrained_cfg": {
        "tag": "a1_in1k",
        "input_size": [3, 224, 288],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "crop_mode": "center",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "license": "apache-2.0",
        "origin_url": "https://example.com/weights",
    },
}


def test_an_image_processor_that_squashes():
    found = facts_of_preprocessor(VIT)
    assert found.preprocessing == Preprocessing("rgb", 255.0, (0.5,) * 3, (0.5,) * 3)
    assert (found.size, found.resize, found.interpolation) == ((224, 224), "squash", "bilinear")
    # Half of 255 twice: from -1 to 1.
    for value in (0, 100, 255):
        how = MINUS_ONE_TO_ONE
        expected = value / how.scale - how.mean[0]
        assert (value / 255 - 0.5) / 0.5 == pytest.approx(expected)


def test_one_that_crops():
    found = facts_of_preprocessor(CLIPS)
    assert (found.preprocessing, found.size, found.resize) == (CLIP, (224, 224), "crop")
    assert (found.crop_fraction, found.interpolation) == (0.875, "bicubic")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"do_normalize": False}, ZERO_TO_ONE),
        ({"do_normalize": False, "do_rescale": False}, INSIDE),
        ({"do_normalize": False, "do_flip_channel_order": True}, ZERO_TO_ONE.reversed()),
        ({"do_normalize": True}, None),
    ],
)
def test_arithmetic(config, expected):
    assert facts_of_preprocessor(config).preprocessing == expected


@pytest.mark.parametrize(
    ("config", "size", "rule", "share"),
    [
        ({"size": {"height": 32, "width": 48}}, (32, 48), "squash", None),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, (224, 224), "crop", 0.875),
        ({"size": {"shortest_edge": 384}, "crop_pct": 0.875}, (384, 384), "squash", None),
        ({"size": 224, "do_resize": False}, None, None, None),
        ({"crop_size": 256, "do_center_crop": True}, (256, 256), None, None),
    ],
)
def test_geometry(config, size, rule, share):
    found = facts_of_preprocessor(config)
    assert (found.size, found.resize, found.crop_fraction) == (size, rule, share)


def test_timm():
    assert facts_of_config(TIMM) == Facts(
        preprocessing=STANDARDISED,
        size=(224, 288),
        resize="crop",
        crop_fraction=0.95,
        interpolation="bicubic",
        antialias=True,
        classes=imagenet_classes(),
        license="apache-2.0",
        source="https://example.com/weights",
    )


def test_classes_of_timm():
    row = {**TIMM["pretrained_cfg"], "tag": "mine"}
    assert facts_of_config({**TIMM, "pretrained_cfg": row}).classes is None
    named = {**TIMM, "pretrained_cfg": row, "num_classes": 2, "label_names": ["n1", "n2"]}
    assert [each.label for each in facts_of_config(named).classes] == ["n1", "n2"]


def test_classes_of_transformers():
    found = facts_of_config({"id2label": {"1": "dog", "0": "cat"}}).classes
    assert [each.label for each in found] == ["cat", "dog"]
    assert facts_of_config({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}) == Facts()
    assert facts_of_config({"architectures": ["ViTModel"]}) == Facts()


@pytest.mark.parametrize(
    ("read", "config"),
    [
        (facts_of_preprocessor, {"size": {"height": 0, "width": 3}}),
        (facts_of_preprocessor, {"size": "large"}),
        (facts_of_preprocessor, {"resample": 9}),
        (facts_of_preprocessor, {"image_mean": [0.5], "image_std": [0.5]}),
        (facts_of_preprocessor, {"image_mean": [0.5] * 3, "image_std": [0, 1, 1]}),
        (facts_of_preprocessor, {"size": 224, "crop_pct": 7}),
        (facts_of_config, {"id2label": {"1": "cat"}}),
        (facts_of_config, {"pretrained_cfg": {"input_size": [1, 28, 28]}}),
        (facts_of_config, {"pretrained_cfg": {**TIMM["pretrained_cfg"], "crop_mode": "spiral"}}),
    ],
)
def test_anything_else_is_refused(read, config):
    with pytest.raises((ValueError, LookupError)):
        read(config)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.floats(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.sampled_from([VIT, CLIPS, TIMM]), st.data())
def test_any_values_are_facts_or_refused(config, data):
    changed = {**config, data.draw(st.sampled_from([*config, "id2label"])): data.draw(VALUES)}
    for read in (facts_of_preprocessor, facts_of_config):
        with contextlib.suppress(
            ValueError, TypeError, LookupError, AttributeError, ArithmeticError
        ):
            assert isinstance(read(changed), Facts)
