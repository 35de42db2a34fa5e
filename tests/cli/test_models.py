"""``headstart models``."""

import json
import shutil

import pytest
from tests.hub.hub_server import COMMIT, serving

from headstart.backbones.catalogue import backbones, get_backbone
from headstart.cli.main import main
from headstart.display.text import percent


def test_the_list_has_a_line_for_each_network(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", *(row.name for row in backbones())]


def test_the_list_says_what_a_network_was_trained_on(capsys):
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert get_backbone("mini").trained_on in lines["mini"]
    assert "ImageNet-1k" in lines["vgg16"]
    assert "Compare only backbones that were trained on the same" in err


def test_the_list_as_json(capsys):
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["mini"]["n_classes"], rows["vgg16"]["n_classes"]) == (200, 1000)
    assert rows["mobilenet_v2"]["n_features"] == 1280
    assert rows["vgg16"]["preprocessing"]["mean"] == [103.939, 116.779, 123.68]


@pytest.mark.parametrize("words", [["fetch"], ["vgg16", "vgg19"]])
def test_words_that_mean_nothing(capsys, words):
    assert main(["models", *words]) == 2
    assert "'fetch' and one or more names" in capsys.readouterr().err


def test_fetching_checks_every_name_first(capsys):
    assert main(["models", "fetch", "vgg16", "vgg61"]) == 2
    assert "vgg61" in capsys.readouterr().err


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with serving() as server:
        monkeypatch.setenv("HEADSTART_MIRROR", server.url)
        yield server


def test_networks_of_hubs_are_fetched(hub, capsys):
    card = b"---\nlicense: mit\n---\n"
    hub.add_repository("timm/levit", {"net.onnx": b"graph", "README.md": card})
    assert main(["models", "fetch", "hf:timm/levit"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("hf:timm/levit: ")
    assert out.endswith(f"net.onnx (hf:timm/levit@{COMMIT}, mit)\n")


def test_networks_that_are_not_free_to_use_must_be_allowed(hub, capsys):
    card = b"---\nlicense: cc-by-nc-4.0\n---\n"
    hub.add_repository("timm/levit", {"net.onnx": b"graph", "README.md": card})
    assert main(["models", "fetch", "hf:timm/levit"]) == 2
    assert "--allow-non-commercial" in capsys.readouterr().err
    assert main(["models", "fetch", "hf:timm/levit", "--allow-non-commercial"]) == 0


@pytest.mark.parametrize("name", ["hf:levit", "https://example.com/net.onnx", "hf:a/b/../c.onnx"])
def test_handles_are_checked_before_anything_is_fetched(name, hub, capsys):
    assert main(["models", "fetch", "hf:timm/levit", name]) == 2
    assert f"Received: {name}" in capsys.readouterr().err
    assert hub.asked == []


def test_fetching_says_where_the_weights_are(tmp_path, monkeypatch, capsys):
    weights = tmp_path / "mobilenet_v2_imagenet.weights.h5"
    weights.write_bytes(b"anything: only converting looks inside")
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(tmp_path))
    assert main(["models", "fetch", "mobilenet_v2"]) == 0
    assert str(weights) in capsys.readouterr().out


def test_one_network_layer_by_layer(capsys):
    assert main(["models", "mobilenet_v2"]) == 0
    out = capsys.readouterr().out
    assert "out_relu" in out
    assert "3,538,984" in out


def test_one_in_a_folder(capsys, tmp_path):
    mini = get_backbone("mini")
    for file in mini.folder.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    assert main(["models", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "block4_second_conv" in out
    assert f"Trained on {mini.trained_on}, 200 classes (top-1 {percent(mini.top1)}" in out
    assert "on its validation images). Licence: Apache-2.0." in out


def test_one_network_as_json(capsys):
    assert main(["models", "mobilenet_v2", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert sum(layer["parameters"] for layer in summary["layers"]) == 3_538_984
