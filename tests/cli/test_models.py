"""``headstart models``."""

import json
import shutil

import pytest
from PIL import Image
from tests.foreign.test_metadata import onnx
from tests.hub.hub_server import COMMIT, serving
from tests.jobs.colour_networks import colour_network, coloured_images

from headstart.backbones.catalogue import backbones, get_backbone
from headstart.cli.main import main
from headstart.display.text import percent
from headstart.jobs import adding, describing
from headstart.storage.backbones_folder import backbones_dir


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
    assert "'fetch' or 'remove' and one or more names" in capsys.readouterr().err


def test_fetching_checks_every_name_first(capsys):
    assert main(["models", "fetch", "vgg16", "vgg61"]) == 2
    assert "vgg61" in capsys.readouterr().err


def test_what_is_on_this_computer_is_not_fetched(capsys, tmp_path):
    network = tmp_path / "net.onnx"
    network.write_bytes(onnx())
    for name in ("auto", str(network)):
        assert main(["models", "fetch", name]) == 2
        assert f"a network on a hub can be fetched. Received: {name}" in capsys.readouterr().err


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


def test_one_network_for_images_of_another_size(capsys):
    assert main(["models", "mini", "--size", "96"]) == 0
    assert "mini: images of 96 x 96 pixels" in capsys.readouterr().out


def test_one_network_as_json(capsys):
    assert main(["models", "mobilenet_v2", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert sum(layer["parameters"] for layer in summary["layers"]) == 3_538_984
    row = get_backbone("mobilenet_v2")
    assert summary["parameters"] == row.parameters
    assert (summary["name"], summary["size"]) == (row.name, [224, 224])
    assert (summary["macs"], summary["top1"]) == (row.macs, row.top1)
    assert main(["models", "mobilenet_v2", "--size", "96", "--json"]) == 0
    smaller = json.loads(capsys.readouterr().out)
    assert (smaller["size"], smaller["macs"], smaller["top1"]) == ([96, 96], None, None)
    assert smaller["parameters"] == row.parameters


class TestNetworksOfOtherPrograms:
    @pytest.fixture
    def file(self, tmp_path):
        (tmp_path / "net.onnx").write_bytes(onnx())
        return tmp_path / "net.onnx"

    @pytest.fixture(autouse=True)
    def _conversions(self, tmp_path, monkeypatch):
        network = colour_network(tmp_path / "colours", "torch")
        for job in (adding, describing):
            monkeypatch.setattr(job, "find_network", lambda _: network)

    def test_one_is_added_listed_shown_and_removed(self, file, capsys):
        assert main(["models", "add", str(file), "--name", "mine", "--preprocessing", "tf"]) == 0
        shown = capsys.readouterr().out
        assert "mine: net.onnx (onnx), 16 x 16 pixels, 6 features, 5 classes" in shown
        assert "headstart predict PATH --model mine" in shown
        assert main(["models"]) == 0
        assert "added from net.onnx" in capsys.readouterr().out
        assert main(["models", "--json"]) == 0
        *_, row, added = json.loads(capsys.readouterr().out)
        assert added["name"] == "mine"
        assert main(["models", "mine", "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["format"] == added["format"] == "onnx"
        # The same words for the same things, wherever a network is told of.
        words = "name size n_features n_classes parameters macs preprocessing resize license source"
        for word in words.split():
            assert {word} <= row.keys() & added.keys() & shown.keys()
        same = ("size", "n_features", "n_classes", "parameters", "macs")
        assert [shown[word] for word in same] == [added[word] for word in same]
        assert main(["models", "remove", "mine", "mien"]) == 2  # and nothing is deleted
        assert "'mien'. Added are: mine" in capsys.readouterr().err
        assert main(["models", "remove", "mine"]) == 0
        assert main(["models", "remove", "mine"]) == 2

    def test_its_preprocessing_is_measured(self, file, tmp_path, capsys):
        (tmp_path / "images").mkdir()
        for at, (pixels, label) in enumerate(zip(*coloured_images(30), strict=True)):
            Image.fromarray(pixels).save(tmp_path / "images" / f"{label}_{at}.png")
        words = ["--name", "mine", "--images", str(tmp_path / "images")]
        assert main(["models", "add", str(file), *words]) == 0
        assert "'torch' fits best" in capsys.readouterr().err
        assert main(["models", "remove", "mine"]) == 0
        capsys.readouterr()
        assert main(["models", "add", str(file), *words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["measured"]["preprocessing"] == "torch"

    def test_a_file_is_shown(self, file, capsys):
        assert main(["models", str(file)]) == 0
        assert "Not known: resize rule, classes" in capsys.readouterr().out

    def test_one_that_is_damaged_is_told_and_the_others_are_listed(self, file, capsys):
        assert main(["models", "add", str(file), "--name", "mine", "--preprocessing", "tf"]) == 0
        (backbones_dir() / "mine" / "added.json").write_text("{", "utf-8")
        capsys.readouterr()
        assert main(["models"]) == 0
        out, err = capsys.readouterr()
        assert "resnet50" in out
        assert "mine/added.json must be what headstart writes" in err.replace("\\", "/")

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (["add", "{file}"], "needs a name"),
            (["add"], "'add' and one file"),
            (["add", "{file}", "{file}", "--name", "a"], "'add' and one file"),
            (["add", "{file}", "--name", "mini"], "none of the catalogue"),
            (["add", "nowhere.onnx", "--name", "mine"], "nowhere.onnx"),
            (["{file}", "--name", "mine"], "--name must come with 'models add'"),
            (["mini", "--preprocessing", "tf"], "--preprocessing must come with"),
            (["--images", "x"], "--images must come with"),
            (["--size", "96"], "--size must come with 'models NAME' or 'models add'"),
            (["fetch", "mini", "--weights", "w.h5"], "--weights must come with 'models NAME'"),
            (["remove", "a", "--allow-non-commercial"], "Received: models remove a."),
            (["mini", "--size", "7"], "images of at least 32 x 32"),
            (["remove"], "'fetch' or 'remove' and one or more names"),
            (["remove", "mini"], "Only a backbone that was added"),
        ],
    )
    def test_what_people_do_wrong(self, file, words, why, capsys):
        assert main(["models", *(word.format(file=file) for word in words)]) == 2
        assert why in capsys.readouterr().err
