"""JSON files beside a network on Hugging Face."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.interop import import_or_skip

from headstart.foreign.facts import Facts
from headstart.foreign.hub_configs import facts_of_config, facts_of_preprocessor
from headstart.images.resizing import Resize
from headstart.networks.classes import imagenet_classes
from headstart.networks.preprocessing import (
    CLIP,
    INSIDE,
    MINUS_ONE_TO_ONE,
    STANDARDISED,
    ZERO_TO_ONE,
    Preprocessing,
)
from headstart.untrusted.json_text import read_json

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
        ({"do_normalize": False, "rescale_offset": True}, None),
        (
            {"image_mean": [0] * 3, "image_std": [0.5] * 3, "include_top": True},
            Preprocessing("rgb", 255.0, (0.0,) * 3, (0.25,) * 3),
        ),
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
        (
            {"size": 224, "crop_size": 224, "do_center_crop": True, "crop_pct": 0.9},
            (224, 224),
            "crop",
            0.9,
        ),
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


# Those that crop may begin half a pixel elsewhere, or round sizes otherwise.
PROCESSORS = {
    "Beit": 1e-6,
    "Bit": 0.03,
    "CLIP": 0.03,
    "ConvNext": 1e-6,
    "EfficientNet": 1e-6,
    "Levit": 0.03,
    "MobileNetV1": 0.03,
    "MobileNetV2": 0.03,
    "PoolFormer": 0.1,
    "Siglip": 1e-6,
    "ViT": 1e-6,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROCESSORS)
def test_pixels_are_those_of_transformers(tmp_path, name):
    transformers = import_or_skip("transformers")
    kind = getattr(transformers, f"{name}ImageProcessorPil", None)
    kind = kind or getattr(transformers, f"{name}ImageProcessor")
    processor = kind()
    processor.save_pretrained(tmp_path)
    facts = facts_of_preprocessor(read_json(tmp_path / "preprocessor_config.json"))
    image = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (21, 32, 3), np.uint8)
    ).resize((500, 320), Image.Resampling.BICUBIC)
    expected = np.asarray(processor(image, return_tensors="np")["pixel_values"])[0]
    height, width = facts.size
    share = facts.crop_fraction or 0.875
    resize = Resize(facts.resize, height, width, share, facts.interpolation)
    how, pixels = facts.preprocessing, resize(image).astype(np.float64)
    found = (pixels / how.scale - how.mean) / how.std
    assert np.abs(found - expected.transpose(1, 2, 0)).mean() < PROCESSORS[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenetv4_conv_small", "levit_128", "vit_tiny_patch16_224"]
)
def test_configurations_are_those_of_timm(tmp_path, name):
    timm = import_or_skip("timm")
    model = timm.create_model(name, pretrained=False)
    timm.models.save_for_hf(model, tmp_path, safe_serialization=True)
    facts = facts_of_config(read_json(tmp_path / "config.json"))
    expected = timm.data.resolve_model_data_config(model)
    assert ((3, *facts.size), facts.interpolation) == (
        expected["input_size"],
        expected["interpolation"],
    )
    assert (facts.preprocessing.mean, facts.preprocessing.std) == (
        expected["mean"],
        expected["std"],
    )
    assert (facts.crop_fraction, facts.resize) == (expected["crop_pct"], "crop")
