"""From a `NetworkSpec` to the converted network."""

import shutil
from dataclasses import replace

import pytest
from tests.foreign.protobufs import onnx, tensor
from tests.hub.hub_server import COMMIT, Answer, archive, serving

from headstart.backbones import keras_process
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.finding import find_network, network_key
from headstart.backbones.folders import DESCRIPTION
from headstart.backbones.spec import NetworkSpec
from headstart.errors import (
    ConversionError,
    DamagedModel,
    NotASavedModel,
    StorageError,
    UsageError,
    WeightsMismatch,
    WeightsNotFound,
)
from headstart.foreign.added import AddedBackbone
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile
from headstart.networks.classes import imagenet_classes
from headstart.networks.network import load_network
from headstart.networks.preprocessing import CENTRED_BGR, USUAL
from headstart.storage.cache_folder import cache_dir

ROW = get_backbone("mobilenet_v2")
SHAPES = {"features": [1280], "feature_map": [7, 7, 1280], "probabilities": [1000]}


class Conversions:
    """Stands in for the real thing and counts."""

    def __init__(self):
        self.count = 0
        self.outputs = SHAPES

    def __call__(self, row, weights, size, graph, feature_layer=None):
        self.count += 1
        self.feature_layer = feature_layer
        graph.write_text(f"<net {row.name} {size}>")
        graph.with_suffix(".bin").write_bytes(weights.read_bytes())
        return {"outputs": self.outputs, "macs": 300}


@pytest.fixture
def conversions(monkeypatch):
    conversions = Conversions()
    monkeypatch.setattr(keras_process, "convert", conversions)
    return conversions


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "own.weights.h5"
    path.write_bytes(b"numbers")
    return path


@pytest.fixture
def network(conversions, weights):
    assert conversions.count == 0
    return find_network(NetworkSpec("mobilenet_v2", weights=weights))


def test_network_has_the_facts_of_its_row_and_weights(network):
    assert network.name == "mobilenet_v2"
    assert network.size == (224, 224)
    assert network.outputs == {name: tuple(shape) for name, shape in SHAPES.items()}
    assert network.classes == imagenet_classes()
    assert network.macs == 300
    assert network.graph.is_file()
    assert network.folder == cache_dir() / "networks" / network.key
    for fact in ("resize", "crop_fraction", "interpolation", "antialias", "license", "source"):
        assert getattr(network, fact) == getattr(ROW, fact)
    assert network.weights_source == "own.weights.h5"


def test_official_weights_are_known_by_their_address(conversions, offline):
    (offline / ROW.weights.filename).write_bytes(b"numbers")
    assert find_network(NetworkSpec("mobilenet_v2")).weights_source == ROW.weights.url
    assert conversions.count == 1


def test_second_time_it_is_read_back_equal(network, conversions, weights):
    assert find_network(NetworkSpec("MobileNetV2", weights=str(weights))) == network
    assert conversions.count == 1


def test_network_and_its_folder_are_taken_as_they_are(network, conversions):
    assert find_network(NetworkSpec(network)) is network
    assert find_network(NetworkSpec(network.folder)) == network
    assert find_network(NetworkSpec(str(network.folder))) == network
    assert conversions.count == 1


def test_own_number_of_classes_has_no_names(conversions, weights):
    conversions.outputs = {**SHAPES, "probabilities": [5]}
    assert find_network(NetworkSpec("mobilenet_v2", weights=weights)).classes is None


def test_other_weights_and_sizes_are_kept_apart(network, conversions, weights):
    smaller = find_network(NetworkSpec("mobilenet_v2", weights=weights, size=(96, 128)))
    weights.write_bytes(b"other numbers")
    other = find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert len({network.key, smaller.key, other.key}) == 3
    assert smaller.size == (96, 128)
    assert conversions.count == 3


def test_features_of_another_layer_are_another_network(network, conversions, weights):
    spec = NetworkSpec("mobilenet_v2", weights=weights, layer="block_16_project_BN")
    other = find_network(spec)
    assert conversions.feature_layer == other.layer == "block_16_project_BN"
    assert other.key != network.key
    assert load_network(other.folder) == other


def test_failed_conversion_leaves_nothing(weights, monkeypatch):
    def fail(*_, **__):
        raise ConversionError("no such operation")

    monkeypatch.setattr(keras_process, "convert", fail)
    with pytest.raises(ConversionError):
        find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert [path.suffix for path in (cache_dir() / "networks").iterdir()] == [".lock"]


def test_unwritable_cache_is_refused_before_converting(conversions, weights, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(weights / "below a file"))
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert conversions.count == 0


@pytest.mark.usefixtures("offline")
def test_nothing_is_downloaded_if_that_is_not_allowed():
    with pytest.raises(WeightsNotFound, match="This computer has no weights for mobilenet_v2"):
        find_network(NetworkSpec("mobilenet_v2"), download=False)


def test_weights_that_change_while_they_are_converted_make_no_network(
    conversions, weights, monkeypatch
):
    def convert(*given, **options):
        answer = conversions(*given, **options)
        weights.write_bytes(b"of another network")
        return answer

    monkeypatch.setattr(keras_process, "convert", convert)
    with pytest.raises(WeightsMismatch, match=r"must stay as it is while it is read.*Try again"):
        find_network(NetworkSpec("mobilenet_v2", weights=weights))
    assert [path.suffix for path in (cache_dir() / "networks").iterdir()] == [".lock"]


def test_a_backbone_folder_that_changes_while_it_is_converted_makes_no_network(
    conversions, tmp_path, monkeypatch
):
    mini = get_backbone("mini").folder
    folder = shutil.copytree(mini, tmp_path / "mini")

    def convert(*given, **options):
        answer = conversions(*given, **options)
        entries = DESCRIPTION.read(folder)
        DESCRIPTION.write(folder, {**entries, "classes": entries["classes"][::-1]})
        return answer

    monkeypatch.setattr(keras_process, "convert", convert)
    with pytest.raises(DamagedModel, match="written to while it was converted"):
        find_network(NetworkSpec(folder))


@pytest.mark.parametrize("size", [(31, 224), (224, 16)])
def test_size_too_small_is_refused(size):
    with pytest.raises(UsageError, match=r"at least 32 x 32 and at most 4096 x 4096 pixels\. "):
        find_network(NetworkSpec("mobilenet_v2", size=size))


def test_a_size_that_no_memory_holds_is_refused():
    with pytest.raises(UsageError, match=r"at most 4096 x 4096 pixels\. Received: 10000 x 10000"):
        find_network(NetworkSpec("mobilenet_v2", size=(10_000, 10_000)))


@pytest.mark.parametrize("size", [(224, 257), (300, 64)])
def test_size_too_large_is_refused(size):
    with pytest.raises(UsageError, match=r"mini takes images of .* and at most 256 x 256 pixels"):
        find_network(NetworkSpec("mini", size=size))


class TestConvertedAlready:
    def test_its_own_size_and_layer_are_accepted(self, network):
        assert find_network(NetworkSpec(network, size=(224, 224))) is network
        own = replace(network, layer="conv")
        assert find_network(NetworkSpec(own, layer="conv")) is own

    @pytest.mark.parametrize("named", ["network", "folder"])
    def test_another_size_layer_or_weights_are_refused(self, network, named):
        known = network if named == "network" else network.folder
        with pytest.raises(UsageError, match=r"own size \(224, 224\)\. Received: size \(96, 128\)"):
            find_network(NetworkSpec(known, size=(96, 128)))
        with pytest.raises(UsageError, match=r"its own layer\. Received: layer conv"):
            find_network(NetworkSpec(known, layer="conv"))
        with pytest.raises(UsageError, match=r"its own weights\. Received: weights mine\.h5"):
            find_network(NetworkSpec(known, weights="mine.h5"))


@pytest.mark.parametrize("named", ["row", "network"])
def test_preprocessing_that_is_known_is_not_asked_for(network, named):
    known = network if named == "network" else "mini"
    with pytest.raises(UsageError, match=r"known with its preprocessing\. Received: .*'tf'"):
        find_network(NetworkSpec(known, preprocessing="tf"))


def test_folder_of_something_else_is_refused(tmp_path):
    for named in (tmp_path, str(tmp_path)):
        with pytest.raises(NotASavedModel, match=r"must hold .*network\.json"):
            find_network(NetworkSpec(named))


class TestKey:
    """A key changes whenever the graph or a result may change."""

    @pytest.mark.parametrize(
        "change",
        [
            {"builder": "MobileNet"},
            {"preprocessing": CENTRED_BGR},
            {"feature_layer": "conv"},
            {"resize": "squash"},
            {"crop_fraction": 0.9},
            {"interpolation": "bicubic"},
            {"antialias": False},
            {"classes": imagenet_classes()[:3]},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_row(self, change):
        assert network_key(replace(ROW, **change), "0", (64, 64)) != network_key(ROW, "0", (64, 64))

    def test_weights_size_and_layer(self):
        keys = {
            network_key(ROW, "0", (64, 64)),
            network_key(ROW, "1", (64, 64)),
            network_key(ROW, "0", (64, 65)),
            network_key(ROW, "0", (64, 64), "conv"),
        }
        assert len(keys) == 4

    def test_format_of_the_conversion_and_version_of_keras(self, monkeypatch):
        before = network_key(ROW, "0", (64, 64))
        with monkeypatch.context() as patch:
            patch.setattr(keras_process, "FORMAT", keras_process.FORMAT + 1)
            assert network_key(ROW, "0", (64, 64)) != before
        monkeypatch.setattr("importlib.metadata.version", lambda _: "99.0")
        assert network_key(ROW, "0", (64, 64)) != before

    def test_facts_that_change_no_result_change_no_key(self):
        other = replace(ROW, license="MIT", top1=None, source="elsewhere")
        assert network_key(other, "0", (64, 64)) == network_key(ROW, "0", (64, 64))


def test_licence_without_commercial_use_must_be_accepted(conversions, weights, monkeypatch):
    row = replace(ROW, license="CC BY-NC 4.0")
    monkeypatch.setattr("headstart.backbones.finding.resolve", lambda _: row)
    with pytest.raises(UsageError, match="licence of mobilenet_v2 is CC BY-NC"):
        find_network(NetworkSpec(weights=weights))
    assert conversions.count == 0
    spec = NetworkSpec(weights=weights, allow_non_commercial=True)
    assert find_network(spec).license == "CC BY-NC 4.0"


class TestNetworksOfOtherPrograms:
    @pytest.fixture
    def converted(self, monkeypatch):
        """Stands in for the conversion; remembers what it was asked."""
        asked = []

        def convert(file, facts, graph, *, size, layer):
            asked.append((file, facts, size, layer))
            graph.write_text("<net>")
            graph.with_suffix(".bin").write_bytes(b"weights")
            outputs = {"features": [4], "probabilities": [3]}
            return {
                "outputs": outputs,
                "size": size or [8, 8],
                "macs": 1,
                "inside": facts.preprocessing is None,
                "quantised": False,
            }

        monkeypatch.setattr("headstart.foreign.conversion.convert", convert)
        return asked

    @pytest.fixture
    def file(self, tmp_path):
        (tmp_path / "net.onnx").write_bytes(onnx((5, tensor())))
        return tmp_path / "net.onnx"

    def test_file_is_a_backbone(self, converted, file):
        spec = NetworkSpec(file, size=16, layer="pool", preprocessing="tf")
        network = find_network(spec)
        assert (network.name, network.size, network.layer) == ("net.onnx", (16, 16), "pool")
        ((found, facts, size, layer),) = converted
        assert (found.path, found.format, size, layer) == (file, "onnx", (16, 16), "pool")
        assert facts.preprocessing == USUAL["tf"]
        assert find_network(spec) == network
        assert len(converted) == 1

    def test_variants_are_made_of_it(self, converted, file, tiny_network, monkeypatch):
        def convert(_, __, graph, **___):
            for name in ("graph.xml", "graph.bin"):
                shutil.copy(tiny_network.folder / name, graph.parent / name)
            facts = {"size": [32, 32], "macs": 1, "inside": True, "quantised": False}
            return {"outputs": tiny_network.outputs, **facts}

        monkeypatch.setattr("headstart.foreign.conversion.convert", convert)
        assert find_network(NetworkSpec(file, mirror=True)).mirror
        assert converted == []

    def test_preprocessing_of_a_network_that_takes_pixels_is_refused(self, file, monkeypatch):
        def convert(_, __, graph, **___):
            graph.write_text("<net>")
            graph.with_suffix(".bin").write_bytes(b"weights")
            facts = {"size": [8, 8], "macs": 1, "inside": True, "quantised": False}
            return {"outputs": {"features": [4]}, **facts}

        monkeypatch.setattr("headstart.foreign.conversion.convert", convert)
        assert (
            find_network(NetworkSpec(file, preprocessing="inside")).preprocessing == USUAL["inside"]
        )
        with pytest.raises(UsageError, match=r"takes pixels as they are.*'tf'\. Leave it out"):
            find_network(NetworkSpec(file, preprocessing="tf"))

    def test_weights_are_inside(self, converted, file, weights):
        with pytest.raises(UsageError, match="has its weights inside"):
            find_network(NetworkSpec(file, weights=weights))
        assert converted == []

    def test_handle_is_fetched_first(self, converted, monkeypatch, tmp_path):
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        card = b"---\nlicense: cc-by-nc-4.0\n---\n"
        files = {"net.onnx": onnx((5, tensor())), "README.md": card, "labels.txt": b"a\nb\nc\n"}
        with serving() as server:
            monkeypatch.setenv("HEADSTART_MIRROR", server.url)
            server.add_repository("me/net", files)
            with pytest.raises(UsageError, match="allow-non-commercial"):
                find_network(NetworkSpec("hf:me/net"))
            with pytest.raises(WeightsNotFound):
                find_network(NetworkSpec("hf:me/net"), download=False)
            network = find_network(NetworkSpec("hf:me/net", allow_non_commercial=True))
        assert (network.name, network.weights_source) == ("hf:me/net", f"hf:me/net@{COMMIT}")
        assert (network.license, network.source) == (
            "cc-by-nc-4.0",
            "https://huggingface.co/me/net",
        )
        assert [each.label for each in network.classes] == ["a", "b", "c"]
        assert len(converted) == 1

    def test_convention_of_the_hub_holds_where_nothing_is_said(self, converted, monkeypatch):
        address = "https://tfhub.dev/google/net/1"
        with serving() as server:
            monkeypatch.setenv("HEADSTART_MIRROR", server.url)
            content = archive({"saved_model.pb": b"graph", "variables/variables.index": b"i"})
            server.routes["/google/net/1.tar.gz"] = Answer(content)
            assert find_network(NetworkSpec(address)).preprocessing == USUAL["zero-to-one"]
        spec = NetworkSpec(address, preprocessing="tf")
        assert find_network(spec).preprocessing == USUAL["tf"]
        assert [asked[0].format for asked in converted] == ["saved_model"] * 2

    def test_file_that_is_none_is_refused(self, monkeypatch):
        with serving() as server:
            monkeypatch.setenv("HEADSTART_MIRROR", server.url)
            server.routes["/a/lite-model/net/1.tflite"] = Answer(b"<html></html>")
            with pytest.raises(ConversionError, match=r"model\.tflite, which is something else"):
                find_network(NetworkSpec("https://tfhub.dev/a/lite-model/net/1"))

    def test_added_backbone_is_checked_and_taken(self, converted, file, monkeypatch):
        checked = []
        added = AddedBackbone(
            name="mine",
            folder=file.parent,
            place="net.onnx",
            file_format="onnx",
            facts=Facts(license="mit"),
            figures=None,
        )
        monkeypatch.setattr(AddedBackbone, "check", lambda each: checked.append(each.name))
        monkeypatch.setattr(AddedBackbone, "file", ForeignFile(file, "onnx"))
        monkeypatch.setattr("headstart.backbones.finding.resolve", lambda _: added)
        network = find_network(NetworkSpec("mine"))
        assert (network.name, network.license) == ("mine", "mit")
        assert checked == ["mine"]
        assert len(converted) == 1
