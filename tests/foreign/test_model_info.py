"""Named texts in a file that say something of its network."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.foreign.facts import Facts
from headstart.foreign.model_info import facts_in_texts
from headstart.networks.classes import ClassName
from headstart.networks.preprocessing import (
    CENTRED_BGR,
    INSIDE,
    STANDARDISED,
    ZERO_TO_ONE,
    Preprocessing,
)

MODEL_API = {
    "model_info model_type": "Classification",
    "model_info labels": "cat horse_cart",
    "model_info resize_type": "crop",
    "model_info mean_values": "123.675 116.28 103.53",
    "model_info scale_values": "58.395 57.12 57.375",
    "model_info reverse_input_channels": "True",
}
CATS = tuple(ClassName(name, name) for name in ("cat", "horse cart"))


def test_model_api():
    found = facts_in_texts(MODEL_API)
    same = Preprocessing("rgb", 1.0, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert found == Facts(preprocessing=same, resize="crop", crop_fraction=1.0, classes=CATS)
    # It is ImageNet's usual one, in pixels from 0 to 255.
    expected = [255 * number for number in STANDARDISED.mean]
    assert found.preprocessing.mean == pytest.approx(expected)


@pytest.mark.parametrize("reverse", [{}, {"model_info reverse_input_channels": "False"}])
def test_model_api_gives_bgr_unless_it_is_told_to_reverse(reverse):
    texts = {"model_info model_type": "Classification", **reverse}
    texts["model_info mean_values"] = "[103.939, 116.779, 123.68]"
    assert facts_in_texts(texts).preprocessing == CENTRED_BGR


def test_model_api_without_numbers_says_nothing_of_pixels():
    texts = {"model_info model_type": "Classification", "model_info labels": "a b"}
    assert facts_in_texts(texts).preprocessing is None


def test_our_own_exports_come_before_what_others_read():
    resize = {"rule": "pad", "height": 96, "width": 128, "crop_fraction": 0.9}
    own = {
        "preprocessing": "inside",
        "resize": {**resize, "interpolation": "bicubic", "antialias": False},
        "labels": ["cat", "horse_cart"],
        "license": "MIT",
        "source": None,
    }
    assert facts_in_texts({**MODEL_API, "headstart": json.dumps(own)}) == Facts(
        preprocessing=INSIDE,
        size=(96, 128),
        resize="pad",
        crop_fraction=0.9,
        interpolation="bicubic",
        antialias=False,
        classes=(CATS[0], ClassName("horse_cart", "horse_cart")),
        license="MIT",
    )


@pytest.mark.parametrize(
    ("texts", "channels", "scale"),
    [
        ({"Image.BitmapPixelFormat": "Bgr8"}, "bgr", 1.0),
        ({"Image.NominalPixelRange": "Normalized_0_1"}, "rgb", 255.0),
        (
            {"Image.BitmapPixelFormat": "Rgb8", "Image.NominalPixelRange": "Normalized_1_1"},
            "rgb",
            127.5,
        ),
    ],
)
def test_onnx_metadata_for_images(texts, channels, scale):
    found = facts_in_texts(texts).preprocessing
    assert (found.channels, found.scale) == (channels, scale)


def test_classifiers_of_ultralytics():
    texts = {
        "author": "Ultralytics",
        "task": "classify",
        "imgsz": "[224, 320]",
        "names": """{0: 'cat', 1: "bird's nest", 2: 'it\\'s'}""",
        "license": "AGPL-3.0",
    }
    found = facts_in_texts(texts)
    assert (found.preprocessing, found.size, found.license) == (ZERO_TO_ONE, (224, 320), "AGPL-3.0")
    assert [each.label for each in found.classes] == ["cat", "bird's nest", "it's"]
    assert facts_in_texts({**texts, "task": "detect"}) == Facts(license="AGPL-3.0")


def test_texts_of_others_say_nothing():
    assert facts_in_texts({"names": "x", "description": "y", "model_info": "z"}) == Facts()


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({**MODEL_API, "model_info resize_type": "fold"}, "resize_type 'fold'"),
        ({**MODEL_API, "model_info scale_values": "0"}, "scale_values '0'"),
        ({**MODEL_API, "model_info mean_values": "1 2"}, "mean_values '1 2'"),
        ({"Image.BitmapPixelFormat": "Gray8"}, "'Gray8'"),
        ({"task": "classify", "author": "Ultralytics", "names": "{1: 'a'}"}, "names are"),
        ({"headstart": "{"}, "Expecting"),
    ],
)
def test_what_is_not_what_its_name_promises_is_refused(texts, why):
    with pytest.raises(ValueError, match=why):
        facts_in_texts(texts)


NAMES = [*MODEL_API, "headstart", "names", "task", "author", "imgsz", "Image.BitmapPixelFormat"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.sampled_from(["classify", "1 2 3"])))
def test_any_texts_are_facts_or_refused(texts):
    with contextlib.suppress(ValueError, LookupError, TypeError):
        assert isinstance(facts_in_texts(texts), Facts)
