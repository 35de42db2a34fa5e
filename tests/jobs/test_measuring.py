"""Which preprocessing fits a network, measured on labelled images."""

from dataclasses import replace

import numpy as np
import openvino as ov
import pytest
from PIL import Image

from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, UsageError
from headstart.foreign.measuring import TRIED
from headstart.images.sources import as_source
from headstart.jobs import measuring
from headstart.jobs.measuring import measure_on, measure_preprocessing
from headstart.networks.classes import ClassName
from headstart.networks.network import Network, hash_files
from headstart.networks.preprocessing import INSIDE, USUAL

SIDE = 16
# Colours that no two kinds of preprocessing take to the same place.
COLOURS = np.array([[220, 40, 90], [60, 200, 130], [120, 90, 240], [240, 220, 60]], np.float64)
CLASSES = tuple(ClassName(f"n{number}", f"colour {number}") for number in range(5))


def prepared(colours, how):
    ordered = colours[..., ::-1] if how.channels == "bgr" else colours
    return (ordered / how.scale - how.mean) / how.std


@pytest.fixture
def make_colour_network(tmp_path):
    """Return a maker of networks that know colours if pixels are prepared in one way."""

    def make(name):
        op = ov.opset13
        how = USUAL[name]
        centres = prepared(COLOURS, how)
        image = op.parameter([-1, SIDE, SIDE, 3], np.uint8, name="image")
        image.output(0).get_tensor().set_names({"image"})
        mean = op.reduce_mean(op.convert(image, "f32"), np.array([1, 2]), keep_dims=False)
        # Logits are minus the squared distances to the colours; far from all of them, "none" wins.
        sharp = 40 / np.square(centres - centres.mean(0)).sum(1).max()
        near = np.concatenate([2 * sharp * centres, np.zeros((1, 3))]).astype(np.float32)
        far = np.concatenate([np.full((4, 3), -sharp), np.zeros((1, 3))]).astype(np.float32)
        offsets = np.append(-sharp * np.square(centres).sum(1), -8).astype(np.float32)
        product = op.add(
            op.matmul(mean, op.constant(near), False, True),
            op.matmul(op.multiply(mean, mean), op.constant(far), False, True),
        )
        outputs = []
        for node, output in (
            (mean, "features"),
            (op.softmax(op.add(product, op.constant(offsets)), -1), "probabilities"),
        ):
            node.output(0).get_tensor().set_names({output})
            outputs.append(op.result(node))
        folder = tmp_path / name
        folder.mkdir()
        ov.save_model(ov.Model(outputs, [image], "net"), folder / "graph.xml", False)
        return Network(
            folder=folder,
            name="colours",
            size=(SIDE, SIDE),
            outputs={"features": (3,), "probabilities": (5,)},
            classes=CLASSES,
            resize="crop",
            crop_fraction=1.0,
            macs=12,
            weights_sha256="0",
            key=f"colours-{name}",
            preprocessing=INSIDE,
            files=hash_files(folder),
        )

    return make


def pictures(n, seed=0):
    """Return images of the four colours, more or less, and their classes."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 4
    values = COLOURS[truth] + rng.normal(0, 12, (n, 3))
    pixels = np.broadcast_to(values[:, None, None], (n, 20, 24, 3)).clip(0, 255)
    return [pixels[at].astype(np.uint8) for at in range(n)], [CLASSES[each].id for each in truth]


@pytest.mark.parametrize("name", TRIED)
def test_the_right_one_of_the_usual_is_found(make_colour_network, name):
    found = measure_on(make_colour_network(name), pictures(32))
    assert (found.best.preprocessing, found.doubt) == (name, "")
    assert found.best.accuracy > 0.9
    assert (found.n, found.unreadable) == (32, 0)
    assert len(found.results) == len(TRIED)


def test_one_that_is_said_is_tried_as_well(make_colour_network):
    how = USUAL["clip"]
    found = measure_on(make_colour_network("clip"), pictures(32), also={"said": how})
    assert found.best.preprocessing == "said"


def test_images_named_after_their_classes(make_colour_network, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for at, (pixels, label) in enumerate(zip(*pictures(12), strict=True)):
        Image.fromarray(pixels).save(folder / f"{label}_{at}.png")
    found = measure_on(make_colour_network("tf"), folder)
    assert (found.n, found.best.preprocessing) == (12, "tf")
    for path in folder.iterdir():
        path.rename(folder / f"x{path.name}")
    with pytest.raises(DatasetError):
        measure_on(make_colour_network("torch"), folder)


def test_unreadable_images_are_counted(make_colour_network):
    images, labels = pictures(20)
    sources = [as_source(b"no image", 0), *(as_source(each, 0) for each in images)]
    data = LabelledImages(sources, ["n0", *labels], [each.id for each in CLASSES])
    found = measure_on(make_colour_network("tf"), data)
    assert (found.n, found.unreadable) == (20, 1)


@pytest.mark.parametrize("n", [4, 9])
def test_too_few_images_are_refused(make_colour_network, n):
    with pytest.raises(UsageError, match=f"At least 10 labelled images.*Received: {n}"):
        measure_on(make_colour_network("tf"), pictures(n))


def test_many_images_are_thinned_out_over_all_classes(make_colour_network):
    images, labels = pictures(400)
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
        ({"outputs": {"features": (3,)}}, "which has none. Name its preprocessing"),
        ({"classes": None}, "names of the 5 classes of colours must be known"),
    ],
)
def test_networks_that_can_not_be_measured(make_colour_network, change, why):
    with pytest.raises(UsageError, match=why):
        measure_on(replace(make_colour_network("tf"), **change), pictures(12))


def test_labels_of_other_classes_are_refused(make_colour_network):
    images, _ = pictures(12)
    with pytest.raises(UsageError, match=r"must be classes of the network.*Received: cat"):
        measure_on(make_colour_network("tf"), (images, ["cat", "dog"] * 6))


def test_a_file_is_converted_without_preprocessing(make_colour_network, monkeypatch):
    network, asked = make_colour_network("torch"), []
    monkeypatch.setattr(measuring, "find_network", lambda spec: asked.append(spec) or network)
    found = measure_preprocessing("net.onnx", pictures(24), size=64)
    assert (found.best.preprocessing, asked[0].preprocessing) == ("torch", "inside")
    assert asked[0].height_and_width == (64, 64)
