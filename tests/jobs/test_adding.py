"""Networks from files, kept as backbones."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import openvino as ov
import pytest
from tests.foreign.test_metadata import onnx
from tests.jobs.colour_networks import CLASSES, colour_network, coloured_images

import headstart as hs
from headstart.cli.main import main
from headstart.errors import UsageError
from headstart.foreign.added import look_up_added
from headstart.foreign.facts import Facts
from headstart.hub.handles import parse_handle
from headstart.jobs import adding, foreign_files
from headstart.jobs.adding import add_backbone
from headstart.networks.preprocessing import USUAL, ZERO_TO_ONE


@pytest.fixture
def conversions(tmp_path, monkeypatch):
    """Let a network that needs "torch" stand in for every conversion; return what was wanted."""
    network = colour_network(tmp_path / "colours", "torch")
    wanted = []

    def find(spec, **_):
        wanted.append(spec)
        how = USUAL[spec.preprocessing or "zero-to-one"]
        return replace(network, preprocessing=how, license="MIT")

    monkeypatch.setattr(adding, "find_network", find)
    return wanted


@pytest.fixture
def file(tmp_path):
    (tmp_path / "net.onnx").write_bytes(onnx())
    return tmp_path / "net.onnx"


@pytest.fixture
def saying_file(tmp_path):
    """Return a file that says it takes pixels from 0 to 1."""
    content = onnx(**{"Image.NominalPixelRange": "Normalized_0_1"})
    (tmp_path / "says.onnx").write_bytes(content)
    return tmp_path / "says.onnx"


def test_what_is_named_is_kept(conversions, file):
    added = add_backbone(file, "mine", preprocessing="tf", size=(16, 16))
    assert added == look_up_added("mine")
    assert added.facts == Facts(
        preprocessing=USUAL["tf"],
        size=(16, 16),
        resize="crop",
        crop_fraction=1.0,
        interpolation="bilinear",
        antialias=True,
        classes=CLASSES,
        license="MIT",
    )
    assert (added.figures.n_features, added.figures.n_classes) == (6, 5)
    assert (added.measured, conversions[0].height_and_width) == (None, (16, 16))


def test_a_name_that_is_taken_is_refused_before_any_work(conversions, file, saying_file):
    made = add_backbone(file, "mine", preprocessing="tf")
    conversions.clear()
    with pytest.raises(UsageError, match="There is a backbone named 'mine' already"):
        add_backbone(saying_file, "mine", images=coloured_images(10))
    assert conversions == []
    assert add_backbone(file, "mine", preprocessing="tf") == made


def test_what_the_images_show_is_kept(conversions, file):
    added = add_backbone(file, "mine", images=coloured_images(30))
    assert [spec.preprocessing for spec in conversions] == ["inside", "torch"]
    assert added.facts.preprocessing == USUAL["torch"]
    assert added.measured["preprocessing"] == "torch"
    assert json.dumps(added.to_dict())


@pytest.mark.usefixtures("conversions")
def test_images_that_do_not_decide_are_not_enough(file, monkeypatch):
    monkeypatch.setattr("headstart.foreign.measuring.ALPHA", 1e-9)
    with pytest.raises(UsageError, match=r"must decide which.*may fit as well.*Give more images"):
        add_backbone(file, "mine", images=coloured_images(30))
    assert look_up_added("mine") is None


@pytest.mark.parametrize("named", [None, "tf"])
@pytest.mark.usefixtures("conversions")
def test_what_is_said_must_not_be_what_the_images_refute(saying_file, named):
    with pytest.raises(UsageError, match=r"must agree.*'torch' fits better.*--preprocessing torch"):
        add_backbone(saying_file, "mine", images=coloured_images(30), preprocessing=named)


@pytest.mark.usefixtures("conversions")
def test_what_is_said_and_fits_is_kept(saying_file):
    added = add_backbone(saying_file, "mine", images=coloured_images(30), preprocessing="torch")
    assert added.facts.preprocessing == USUAL["torch"]
    assert add_backbone(saying_file, "other").facts.preprocessing == ZERO_TO_ONE


@pytest.mark.usefixtures("conversions")
def test_classes_that_are_named(file, tmp_path):
    (tmp_path / "names").write_text("a\nb\nc\nd\ne\n", "utf-8")
    added = add_backbone(file, "mine", preprocessing="torch", labels=tmp_path / "names")
    assert [each.label for each in added.facts.classes] == list("abcde")
    images, labels = coloured_images(30)
    named = ["abcde"[int(label[1])] for label in labels]
    how = {"images": (images, named), "labels": tmp_path / "names"}
    added = add_backbone(file, "measured", **how)
    assert added.facts.preprocessing == USUAL["torch"]
    assert [each.label for each in added.facts.classes] == list("abcde")
    with pytest.raises(UsageError, match=r"as many classes as outputs, 5\. Received.*1,000"):
        add_backbone(file, "other", preprocessing="torch", labels="imagenet")


@pytest.mark.parametrize("content", [None, b"", b"a\n\nb"])
def test_what_is_no_label_file_is_refused(conversions, file, tmp_path, content):
    if content is not None:
        (tmp_path / "names").write_bytes(content)
    with pytest.raises(UsageError, match=r"labels must be 'imagenet', or a file"):
        add_backbone(file, "mine", preprocessing="torch", labels=tmp_path / "names")
    assert not conversions


def test_labels_of_other_classes_refute_nothing(conversions, file):
    images, labels = coloured_images(30)
    shifted = [f"n{(int(label[1]) + 1) % 4}" for label in labels]
    with pytest.raises(UsageError, match="labels may be those of other classes"):
        add_backbone(file, "mine", images=(images, shifted), preprocessing="torch")
    assert [spec.preprocessing for spec in conversions] == ["inside"]


def test_a_network_of_a_hub(conversions, file, monkeypatch):
    handle = parse_handle("hf:owner/repository")
    fetched = SimpleNamespace(
        path=file, handle=handle, license="MIT", source="a card", preprocessing=None
    )
    monkeypatch.setattr(foreign_files, "fetch_handle", lambda *_, **__: fetched)
    added = add_backbone("hf:owner/repository", "mine", preprocessing="torch")
    assert (added.place, conversions[0].backbone) == ("net.onnx", "hf:owner/repository")


@pytest.mark.parametrize("name", ["mini", "resnet50", "resnet-50"])
def test_names_of_the_catalogue_mean_the_catalogue(conversions, file, name):
    with pytest.raises(UsageError, match="must be none of the catalogue"):
        add_backbone(file, name, preprocessing="tf")
    assert not conversions


@pytest.mark.parametrize("named", ["mini", "auto"])
def test_only_networks_of_other_programs_are_added(conversions, named):
    with pytest.raises(UsageError, match=f"can be added.*Received: {named}"):
        add_backbone(named, "mine")
    assert not conversions


@pytest.mark.slow
def test_a_real_file_is_a_backbone_like_any_other(tmp_path):
    """Nothing stands in: OpenVINO's file is converted, measured, kept, and predicts."""
    network = colour_network(tmp_path / "colours", "tf")
    floats = ov.Core().read_model(network.graph)
    pixels = floats.get_parameters()[0]
    convert = next(iter(pixels.output(0).get_target_inputs())).get_node()
    image = ov.opset13.parameter([1, 16, 16, 3], np.float32, name="input")
    convert.output(0).replace(image.output(0))
    kept = [each for each in floats.get_results() if "probabilities" in each.output(0).names]
    ov.save_model(ov.Model(kept, [image], "net"), tmp_path / "net.xml", compress_to_fp16=False)
    (tmp_path / "labels.txt").write_text("".join(f"{each.id}\n" for each in CLASSES), "utf-8")
    added = add_backbone(tmp_path / "net.xml", "mine", images=coloured_images(30))
    assert added.facts.preprocessing == USUAL["tf"]
    for path in (tmp_path / "net.xml", tmp_path / "net.bin", tmp_path / "labels.txt"):
        path.unlink()
    images, labels = coloured_images(12, seed=1)
    answers = hs.predict(images, backbone="mine")
    assert [answer[0].label for answer in answers] == labels
    assert main(["models", "mine"]) == 0
    hs.remove_backbone("mine")
    with pytest.raises(hs.UnknownBackbone):
        hs.predict(images, backbone="mine")
