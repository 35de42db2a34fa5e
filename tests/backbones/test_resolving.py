"""What a reference means: names, folders, near misses and mistakes."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.foreign.protobufs import onnx, tensor

from headstart.backbones import folders, resolving
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.resolving import (
    Automatic,
    ModelFolder,
    NetworkFolder,
    find_backbone,
    find_origin,
    resolve,
)
from headstart.backbones.spec import NetworkSpec
from headstart.errors import (
    NewerFormat,
    NotASavedModel,
    UnknownBackbone,
    UsageError,
    WeightsMismatch,
    WeightsNotFound,
)
from headstart.foreign.files import ForeignFile
from headstart.hub.handles import parse_handle
from headstart.model import description, parts

MINI = get_backbone("mini")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_backbone(folder, **changes):
    """Write the description of a backbone; its weights are not needed to tell what it is."""
    folder.mkdir()
    for file in ("backbone.json", "backbone.weights.h5"):
        shutil.copyfile(MINI.folder / file, folder / file)
    if changes:
        entries = folders.DESCRIPTION.read(folder)
        folders.DESCRIPTION.write(folder, {**entries, **changes})
    return folder


def make_network(folder):
    folder.mkdir()
    (folder / "network.json").write_text("{}")
    return folder


def make_model(folder):
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    return folder


class TestNames:
    def test_name_means_the_catalogues_row(self):
        assert resolve("mobilenet_v2") is get_backbone("mobilenet_v2")

    @pytest.mark.parametrize("spelling", ["MobileNetV2", "mobilenet-v2", "mobilenetv2"])
    def test_name_is_found_in_other_spellings(self, spelling):
        assert resolve(spelling) is get_backbone("mobilenet_v2")

    @pytest.mark.parametrize("make", [make_backbone, make_network, make_model])
    @pytest.mark.parametrize("name", ["mobilenet_v2", "MobileNetV2"])
    def test_folder_in_the_current_directory_never_hides_a_name(self, here, make, name):
        make(here / name)
        assert resolve(name) is get_backbone("mobilenet_v2")

    def test_auto_is_chosen_later(self, here):
        make_backbone(here / "auto")
        assert resolve("auto") == Automatic()
        assert resolve("./auto").folder == Path("auto")
        assert resolve(Path("auto")).folder == Path("auto")

    @pytest.mark.parametrize(
        ("name", "suggestion"),
        [
            ("resnet 50", "Did you mean resnet50?"),
            ("resnet51", "Did you mean resnet50 or "),
            ("mobilnet_v2", "Did you mean mobilenet_v2 or "),
            ("MobileNet.V2", "Did you mean mobilenet_v2?"),
        ],
    )
    def test_near_miss_gets_a_suggestion(self, name, suggestion):
        with pytest.raises(UnknownBackbone) as caught:
            resolve(name)
        assert f"There is no backbone named '{name}'. {suggestion}" in str(caught.value)

    def test_hopeless_name_gets_no_suggestion(self):
        with pytest.raises(UnknownBackbone, match=r"named 'qqqqqq'\. `headstart models` lists"):
            resolve("qqqqqq")

    def test_missing_folder_without_a_slash_is_called_a_folder_too(self):
        with pytest.raises(UnknownBackbone, match=r"There is no file or folder my-model either\.$"):
            resolve("my-model")


class TestFolders:
    @pytest.mark.parametrize("reference", ["./mobilenet_v2", Path("mobilenet_v2")], ids=repr)
    def test_path_means_the_folder(self, here, reference):
        make_network(here / "mobilenet_v2")
        assert resolve(reference) == NetworkFolder(Path("mobilenet_v2"))

    @pytest.mark.parametrize("kind", [str, Path])
    def test_backbone_folder_is_read(self, here, kind):
        folder = make_backbone(here / "mine")
        assert resolve(kind(folder)) == replace(MINI, folder=folder)

    @pytest.mark.parametrize("kind", [str, Path])
    def test_converted_network_is_known(self, here, kind):
        folder = make_network(here / "converted")
        assert resolve(kind(folder)) == NetworkFolder(folder)

    @pytest.mark.parametrize("kind", [str, Path])
    def test_saved_model_is_known(self, here, kind):
        folder = make_model(here / "model")
        assert resolve(kind(folder)) == ModelFolder(folder)

    def test_saved_model_without_its_description_is_known(self, here):
        (here / "SHA256SUMS").touch()
        assert resolve(here) == ModelFolder(here)

    def test_saved_models_are_known_by_the_names_that_their_room_gives_the_files(self):
        assert (description.DESCRIPTION.name, parts.CHECKSUMS) == resolving._MODEL_FILES

    def test_folder_in_the_current_directory_needs_no_path(self, here):
        make_model(here / "vehicles")
        assert resolve("vehicles") == ModelFolder(Path("vehicles"))

    def test_folder_of_something_else_is_refused(self, here):
        with pytest.raises(NotASavedModel, match="which holds nothing"):
            resolve(here)
        for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
            (here / name).touch()
        with pytest.raises(NotASavedModel) as caught:
            resolve(str(here))
        for part in ("backbone.json", "network.json", "model.json", "a.jpg, b.jpg, c.jpg and 1"):
            assert part in str(caught.value)

    def test_backbone_of_a_newer_headstart_is_refused(self, here):
        make_backbone(here / "mine", format=99)
        with pytest.raises(NewerFormat):
            resolve(here / "mine")

    @pytest.mark.parametrize(
        "reference", ["no/such/folder", "./nothing", Path("nothing")], ids=repr
    )
    def test_missing_folder_is_refused(self, reference):
        with pytest.raises(UnknownBackbone, match=r"must exist\. Received: \S*no"):
            resolve(reference)

    def test_weights_file_is_refused(self, here):
        (here / "mine.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
        for reference in ("mine.h5", Path("mine.h5")):
            with pytest.raises(UnknownBackbone, match=r"Received: mine\.h5.*--weights FILE"):
                resolve(reference)

    def test_networks_of_other_programs_are_known_by_their_content(self, here):
        (here / "net").write_bytes(onnx((5, tensor())))
        (here / "saved").mkdir()
        (here / "saved" / "saved_model.pb").touch()
        for reference in ("net", Path("net")):
            assert resolve(reference) == ForeignFile(Path("net"), "onnx")
        assert resolve("saved") == ForeignFile(Path("saved"), "saved_model")

    @pytest.mark.parametrize(
        "reference", ["hf:timm/levit", "https://tfhub.dev/google/net/1", "kaggle:a/b/c/d/1"]
    )
    def test_handles_of_hubs_are_known(self, here, reference):
        assert here
        assert resolve(reference) == parse_handle(reference)
        with pytest.raises(UnknownBackbone):
            resolve(Path(reference))

    def test_address_of_something_else_is_refused(self):
        with pytest.raises(UsageError, match="download it and give its path"):
            resolve("https://example.com/net.onnx")

    def test_added_backbone_is_known_by_its_name(self, monkeypatch):
        added = object()
        found = {"mine": added, "mini": object()}
        monkeypatch.setattr("headstart.backbones.resolving.look_up_added", found.get)
        assert resolve("mine") is added
        assert resolve("mini") == MINI


def make_foreign(path):
    path.write_bytes(onnx((5, tensor())))
    return path


class TestFindBackbone:
    def test_name_and_folder_are_taken(self, here):
        assert find_backbone("mini") == MINI
        folder = make_backbone(here / "mine")
        assert find_backbone(folder) == replace(MINI, folder=folder)

    def test_everything_else_is_refused(self, here):
        for reference, received in (
            (make_network(here / "converted"), "converted already"),
            (make_model(here / "model"), "a saved model"),
            ("auto", "'auto'"),
            ("hf:timm/levit", "hf:timm/levit, a network on a hub"),
            (make_foreign(here / "net.onnx"), "of another program"),
        ):
            with pytest.raises(UsageError, match=rf"A backbone is needed here.*{received}"):
                find_backbone(reference)


def test_saved_model_is_refused_where_a_network_is_needed(here):
    folder = make_model(here / "model")
    with pytest.raises(UsageError, match=r"a saved model\..*headstart\.load take it"):
        find_network(NetworkSpec(folder))


def test_a_file_without_a_network_is_called_what_it_is_with_the_way_round(tmp_path):
    (tmp_path / "net.pt").write_bytes(b"PK\3\4archive/data.pkl")
    with pytest.raises(UnknownBackbone, match=r"net\.pt, a pickle, .* to ONNX"):
        resolve(tmp_path / "net.pt")


class TestFindOrigin:
    def test_weights_must_be_those_of_the_conversion(self, tiny_network, offline):
        weights = offline / "mobilenet_v2_imagenet.weights.h5"
        weights.write_bytes(b"other numbers")
        network = replace(tiny_network, name="mobilenet_v2", weights_sha256="f" * 64)
        with pytest.raises(WeightsMismatch, match=rf"sha256 f+\. Received: .*{weights.name}"):
            find_origin(network)

    def test_folder_comes_before_the_name(self, tiny_network, here):
        folder = make_backbone(here / "mine")
        network = replace(tiny_network, name="mini", weights_sha256=MINI.weights_sha256)
        assert find_origin(network)[0] == MINI
        assert find_origin(network, network)[0] == MINI
        row, weights = find_origin(network, folder)
        assert row.folder == folder
        assert weights.path == folder / "backbone.weights.h5"

    def test_given_weights_are_taken(self, tiny_network, here):
        (here / "mine.h5").write_bytes(b"")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        network = replace(tiny_network, name="mobilenet_v2", weights_sha256=empty)
        row, weights = find_origin(network, "mobilenet_v2", "mine.h5")
        assert row is get_backbone("mobilenet_v2")
        assert weights.path == Path("mine.h5")

    @pytest.mark.usefixtures("offline")
    def test_nothing_is_downloaded(self, tiny_network):
        with pytest.raises(WeightsNotFound):
            find_origin(replace(tiny_network, name="mobilenet_v2"))

    def test_unknown_network_is_refused(self, tiny_network):
        with pytest.raises(UnknownBackbone, match=r"Received: tiny, which .*Give the backbone's"):
            find_origin(tiny_network)

    def test_network_of_another_program_is_refused(self, tiny_network, here):
        for named in (make_foreign(here / "net.onnx"), "hf:timm/levit"):
            with pytest.raises(UsageError, match=r"a network of another program"):
                find_origin(tiny_network, named)
