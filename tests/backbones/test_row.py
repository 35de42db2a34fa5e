"""One row of the catalogue."""

import json
from dataclasses import replace

from headstart.backbones.catalogue import get_backbone
from headstart.networks.classes import ClassName

ROW = get_backbone("resnet50")


def test_classes_are_those_of_imagenet_unless_there_are_others():
    assert ROW.n_classes == 1000
    assert replace(ROW, classes=(ClassName("a", "ant"), ClassName("b", "bee"))).n_classes == 2


def test_dict_has_the_facts_in_jsons_types():
    row = ROW.to_dict()
    assert json.loads(json.dumps(row)) == row
    assert (row["name"], row["n_classes"], row["size"]) == ("resnet50", 1000, [224, 224])
    assert row["weights"]["url"] == ROW.weights.url
    assert row["preprocessing"] == {
        "channels": "bgr",
        "scale": 1.0,
        "mean": [103.939, 116.779, 123.68],
        "std": [1.0, 1.0, 1.0],
    }
    assert row["folder"] is None
    assert "classes" not in row


def test_dict_of_a_backbone_folder_has_its_path():
    mini = get_backbone("mini")
    assert mini.to_dict()["folder"] == str(mini.folder)
    assert mini.to_dict()["weights"] is None
