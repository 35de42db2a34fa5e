"""Which preprocessing fits a network, measured on labelled images."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.jobs.colour_networks import CLASSES, colour_network, coloured_images

from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, UsageError
from headstart.foreign.measuring import TRIED
from headstart.images.sources import as_source
from headstart.jobs import measuring
from headstart.jobs.measuring import measure_on, measure_preprocessing
from headstart.networks.preprocessing import USUAL


@pytest.fixture
def make_colour_network(tmp_path):
    """Return a maker of networks that need a usual preprocessing."""
    return lambda name: colour_network(tmp_path / name, name)


@pytest.mark.parametrize("name", TRIED)
def test_the_right_one_of_the_usual_is_found(make_colour_network, name):
    found = measure_on(make_colour_network(name), coloured_images(32))
    assert (found.best.preprocessing, found.doubt) == (name, "")
    assert found.best.accuracy > 0.9
    assert (found.n, found.unreadable) == (32, 0)
    assert len(found.results) == len(TRIED)


def test_one_that_is_said_is_tried_as_well(make_colour_network):
    how = USUAL["clip"]
    found = measure_on(make_colour_network("clip"), coloured_images(32), also={"said": how})
    assert found.best.preprocessing == "said"


def test_images_named_after_their_classes(make_colour_network, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for at, (pixels, label) in enumerate(zip(*coloured_images(12), strict=True)):
        Image.fromarray(pixels).save(folder / f"{label}_{at}.png")
    found = measure_on(make_colour_network("tf"), folder)
    assert (found.n, found.best.preprocessing) == (12, "tf")
    for path in folder.iterdir():
        path.rename(folder / f"x{path.name}")
    with pytest.raises(DatasetError):
        measure_on(make_colour_network("torch"), folder)


def test_unreadable_images_are_counted(make_colour_network):
    images, labels = coloured_images(20)
    sources = [as_source(b"no image", 0), *(as_source(each, 0) for each in images)]
    data = LabelledImages(sources, ["n0", *labels], [each.id for each in CLASSES])
    found = measure_on(make_colour_network("tf"), data)
    assert (found.n, found.unreadable) == (20, 1)


@pytest.mark.parametrize("n", [4, 9])
def test_too_few_images_are_refused(make_colour_network, n):
    with pytest.raises(UsageError, match=f"At least 10 labelled images.*Received: {n}"):
        measure_on(make_colour_network("tf"), coloured_images(n))


def test_many_images_are_thinned_out_over_all_classes(make_colour_network):
    images, labels = coloured_images(400)
    order = np.argsort(labels, kind="stable")
    found = measure_on(
        make_colour_network("tf"), ([images[at] for at in order], [labels[at] for at in order])
    )
    assert (found.n, found.best.preprocessing) == (60, "tf")


def test_large_images_take_no_more_memory():
    assert len(measuring._spread(1000, (224, 224))) == 60
    assert len(measuring._spread(1000, (1024, 1024))) == 21
    assert len(measuring._spread(1000, (4096, 4096))) == 10
    assert measuring._spread(3, (64, 64)) == [0, 1, 2]
    assert measuring._spread(0, (64, 64)) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"outputs": {"features": (6,)}}, "which has none. Name its preprocessing"),
        ({"classes": None}, "names of the 5 classes of colours must be known"),
    ],
)
def test_networks_that_can_not_be_measured(make_colour_network, change, why):
    with pytest.raises(UsageError, match=why):
        measure_on(replace(make_colour_network("tf"), **change), coloured_images(12))


def test_labels_of_other_classes_are_refused(make_colour_network):
    images, _ = coloured_images(12)
    with pytest.raises(UsageError, match=r"must be classes of the network.*Received: cat"):
        measure_on(make_colour_network("tf"), (images, ["cat", "dog"] * 6))


def test_a_file_is_converted_without_preprocessing(make_colour_network, monkeypatch):
    network, asked = make_colour_network("torch"), []
    monkeypatch.setattr(measuring, "find_network", lambda spec: asked.append(spec) or network)
    found = measure_preprocessing("net.onnx", coloured_images(24), size=64)
    assert (found.best.preprocessing, asked[0].preprocessing) == ("torch", "inside")
    assert asked[0].height_and_width == (64, 64)


EXPORT = """
import sys
from pathlib import Path
import keras, tensorflow as tf

name, weights, out = sys.argv[1:]
model = getattr(keras.applications, name)(weights=weights)
Path(out).write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
"""


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2"])
def test_thirty_photos_tell_how_a_network_was_trained(python, real_data, tmp_path, name):
    """Both were trained on pixels from -1 to 1; TFLite says nothing of it."""
    stem = {"MobileNet": "mobilenet", "MobileNetV2": "mobilenet_v2"}[name]
    weights = real_data / "weights" / f"{stem}_imagenet.weights.h5"
    python("-c", EXPORT, name, weights, tmp_path / "net.tflite").check_returncode()
    photos = sorted((real_data / "data" / "imagenet-samples").iterdir())
    chosen = [photos[round(place)] for place in np.linspace(0, len(photos) - 1, 30)]
    labels = [path.name.partition("_")[0] for path in chosen]
    found = measure_preprocessing(tmp_path / "net.tflite", (list(map(str, chosen)), labels))
    assert (found.best.preprocessing, found.doubt, found.n) == ("tf", "", 30)
    assert found.p_value < 0.02
