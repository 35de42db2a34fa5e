"""Networks from files, kept as backbones."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.foreign.test_metadata import onnx
from tests.jobs.colour_networks import CLASSES, colour_network, coloured_images

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
    assert (added.figures.n_features, added.figures.n_classes) == (3, 5)
    assert (added.measured, conversions[0].height_and_width) == (None, (16, 16))


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
