"""What is in a network's file."""

import json
from dataclasses import replace

import pytest
from tests.foreign.test_metadata import onnx
from tests.jobs.colour_networks import CLASSES, colour_network

from headstart.backbones.spec import NetworkSpec
from headstart.errors import UsageError
from headstart.foreign.added import Figures, add
from headstart.foreign.facts import Facts
from headstart.foreign.files import recognise
from headstart.jobs import describing
from headstart.jobs.describing import describe
from headstart.networks.preprocessing import INSIDE, USUAL


@pytest.fixture
def wanted(tmp_path, monkeypatch):
    """Let a network stand in for every conversion; return what was wanted."""
    network = replace(colour_network(tmp_path / "colours", "tf"), classes=None)
    specs = []

    def find(spec):
        specs.append(spec)
        if spec.preprocessing is None and spec.layer == "unknown":
            raise UsageError("must be known")
        return network

    monkeypatch.setattr(describing, "find_network", find)
    return specs


def written(tmp_path, **texts):
    (tmp_path / "net.onnx").write_bytes(onnx(**texts))
    return recognise(tmp_path / "net.onnx")


def test_layers_and_what_is_not_known(tmp_path, wanted):
    file = written(tmp_path)
    found = describe(file, NetworkSpec(file.path, layer="unknown"))
    assert [spec.preprocessing for spec in wanted] == [None, "inside"]
    assert [(layer.kind, layer.name) for layer in found.layers] == [("MatMul", "logits")]
    assert found.parameters > found.layers[0].parameters == 30  # the offsets have no name
    shown = str(found)
    assert "colours (onnx): images of 16 x 16 pixels" in shown
    assert "Not known: preprocessing, resize rule, classes, licence, source." in shown
    assert "headstart models add FILE --name NAME --images FOLDER" in shown
    assert "Known:" not in shown


def test_preprocessing_that_is_part_of_the_network(tmp_path, wanted):
    file = written(tmp_path)
    found = describe(file, NetworkSpec(file.path))
    assert (found.facts, len(wanted)) == (Facts(preprocessing=INSIDE), 1)
    assert "its first operations" in str(found)


def test_what_is_known_and_from_where(tmp_path, wanted):
    file = written(tmp_path, **{"Image.NominalPixelRange": "Normalized_1_1"})
    (tmp_path / "labels.txt").write_text("cat\nhorse cart", "utf-8")
    found = describe(file, NetworkSpec(file.path))
    assert wanted[0].preprocessing is None
    shown = str(found)
    assert "tf: RGB, divided by 127.5, minus 1" in shown
    assert "labels.txt" in shown
    assert "2: cat, ..., horse cart" in shown
    assert "Not known: resize rule, licence, source." in shown
    record = json.loads(json.dumps(found.to_dict()))
    assert "classes" not in record
    classes = [each["facts"]["classes"] for each in record["sources"]]
    assert [["cat", "cat"], ["horse cart", "horse cart"]] in classes
    assert record["preprocessing"]["scale"] == 127.5
    assert record["layers"][0]["kind"]


def test_one_that_was_added(tmp_path, wanted):
    file = written(tmp_path)
    figures = Figures(size=(16, 16), n_features=3, n_classes=5, parameters=1, macs=1)
    facts = Facts(preprocessing=USUAL["torch"], classes=CLASSES)
    added = add(file, "mine", facts, {"net.onnx": file.path}, figures)
    found = describe(added, NetworkSpec("mine"))
    assert (found.facts, wanted[0].preprocessing) == (facts, None)
    assert "torch: RGB" in str(found)
