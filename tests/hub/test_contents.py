"""Which file of a repository is the network, and what belongs to it."""

import pytest

from headstart.errors import UsageError
from headstart.hub.contents import choose, holds_network
from headstart.hub.handles import parse_handle

HANDLE = parse_handle("hf:timm/levit")
SAVED_MODEL = ["saved_model.pb", "fingerprint.pb", "variables/variables.index", "assets/labels.txt"]


def chosen(names, file=None):
    return choose(HANDLE, file, names)


@pytest.mark.parametrize(
    "name", ["net.onnx", "a/b/net.tflite", "net.keras", "model.h5", "NET.ONNX"]
)
def test_the_only_network_is_taken(name):
    choice = chosen(["README.md", "config.json", name, "model.safetensors", "pytorch_model.bin"])
    assert choice.network == name
    place = name.rpartition("/")[2]
    assert choice.files == {place: name}
    assert choice.place == place
    assert choice.small == {"config.json": "config.json", "README.md": "README.md"}


def test_weights_come_with_the_graph():
    assert chosen(["ir/net.xml", "ir/net.bin"]).files == {
        "net.xml": "ir/net.xml",
        "net.bin": "ir/net.bin",
    }
    names = [
        "net.onnx",
        "net.onnx_data",
        "net.onnx.data",
        "net.data",
        "net.onnx_data_1",
        "other.data",
    ]
    assert list(chosen(names).files) == ["net.onnx", *sorted(names[1:5])]


def test_small_files_nearest_to_the_network_are_taken():
    names = ["onnx/net.onnx", "onnx/config.json", "config.json", "labels.txt", "onnx/README.md"]
    assert chosen(names).small == {"config.json": "onnx/config.json", "labels.txt": "labels.txt"}


@pytest.mark.parametrize("prefix", ["", "tf/", "a/b/"])
def test_saved_model_is_a_folder(prefix):
    others = ["README.md", "config.json", "notes/x.txt"]
    choice = chosen([*others, *(prefix + name for name in SAVED_MODEL)])
    assert choice.place == "saved_model"
    assert choice.files == {f"saved_model/{name}": prefix + name for name in SAVED_MODEL}
    assert set(choice.small) == {"README.md", "config.json"}


def test_saved_model_is_named_by_its_folder():
    names = ["net.onnx", *(f"tf/{name}" for name in SAVED_MODEL)]
    assert chosen(names, "tf").place == "saved_model"
    assert chosen(names, "net.onnx").place == "net.onnx"


def test_several_networks_are_asked_about():
    with pytest.raises(
        UsageError, match=r"one network.*'a/net\.onnx', 'b/net\.onnx'.*hf:timm/levit/a/net\.onnx"
    ):
        chosen(["b/net.onnx", "a/net.onnx"])
    assert chosen(["b/net.onnx", "a/net.onnx"], "b/net.onnx").network == "b/net.onnx"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "net.pt", "net.pth", "net.pkl", "x.ckpt"])
def test_pickles_are_refused_by_name_with_the_way_round(name):
    with pytest.raises(UsageError, match=rf"'{name}' is a pickle.*torch\.onnx\.export"):
        chosen(["config.json", name])
    with pytest.raises(UsageError, match=rf"'{name}' is a pickle"):
        chosen(["net.onnx", name], name)


def test_arrays_without_a_network_are_refused():
    with pytest.raises(UsageError, match=r"arrays without a network.*headstart models"):
        chosen(["model.safetensors"])
    with pytest.raises(UsageError, match="Received: no file"):
        chosen([])


@pytest.mark.parametrize("name", ["net.weights.h5", "net_weights_tf_dim.h5", "tf_weights.h5"])
def test_weights_in_hdf5_are_taken_only_by_name(name):
    assert not holds_network([name])
    assert chosen([name, "net.onnx"]).network == "net.onnx"
    assert chosen([name], name).network == name


def test_names_that_are_no_network_are_refused():
    with pytest.raises(UsageError, match=r"no such file\. There is 'net\.onnx'"):
        chosen(["net.onnx"], "other.onnx")
    with pytest.raises(UsageError, match="a file of another kind"):
        chosen(["net.onnx", "a.txt"], "a.txt")
    with pytest.raises(UsageError, match="a file of another kind"):
        chosen(["net.xml"], "net.xml")


@pytest.mark.parametrize("name", ["../net.onnx", "a:b.onnx", "con.onnx", "a\\b.onnx"])
def test_names_that_cannot_be_written_are_refused(name):
    if "/" in name:
        assert set(chosen([name]).files) == {"net.onnx"}  # its last part is all that is written
    else:
        with pytest.raises(UsageError, match="every system can write"):
            chosen([name])


def test_names_within_a_saved_model_that_lead_out_are_refused():
    with pytest.raises(UsageError, match="every system can write"):
        chosen(["saved_model.pb", "variables/../../x"])


def test_many_folders_take_no_long_time():
    names = [f"{i}/{name}" for i in range(20_000) for name in ("saved_model.pb", "variables/x")]
    with pytest.raises(UsageError, match=r"one network.* and 19,988 more"):
        chosen(names)
