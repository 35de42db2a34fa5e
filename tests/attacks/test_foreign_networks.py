"""Damaged and hostile networks of other programs: refused by name, or converted; nothing else."""

import os
import tempfile
import time

import pytest
from tests.attacks.limits import Trial
from tests.foreign.protobufs import message, onnx, values
from tests.foreign.tiny_networks import end, node, write_ir, write_onnx

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.errors import ConversionError
from headstart.foreign.checking import check
from headstart.foreign.contents import hash_of
from headstart.foreign.files import recognise
from headstart.foreign.metadata import read_facts

# A refusal of a hostile file needs no front end.
SECONDS = 20


class Look(Trial):
    """All that happens in this process: recognise it, read what it says, check it."""

    def answer(self, path):
        (file,) = [each for each in (recognise(one) for one in _networks(path)) if each] or [None]
        if file is None:
            raise ConversionError("no network")
        facts = read_facts(file)
        hash_of(file)
        check(file)
        return repr(facts)


class Convert(Trial):
    """All that happens when it is named as a backbone."""

    preprocessing = "tf"

    def prepare(self):
        os.environ["HEADSTART_CACHE"] = tempfile.mkdtemp()

    def answer(self, path):
        network = find_network(NetworkSpec(_networks(path)[0], preprocessing=self.preprocessing))
        return network.outputs, network.size


class ConvertBytes(Convert):
    """The same for a network that takes pixels as they are."""

    preprocessing = None


def _networks(path):
    """Return what to name: a file, or the network in a folder."""
    if not path.is_dir() or (path / "saved_model.pb").exists():
        return [path]
    return [each for each in path.iterdir() if each.suffix in (".xml", ".onnx")]


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A small network in three formats, each in a folder."""
    place = tmp_path_factory.mktemp("networks")
    for name in ("ir", "onnx", "outside"):
        (place / name).mkdir()
    write_ir(place / "ir" / "net.xml")
    write_onnx(place / "onnx" / "net.onnx")
    write_onnx(place / "outside" / "net.onnx", outside="net.data")
    return sorted(place.iterdir())


FILES = ["net.xml", "net.onnx", "net.data", "net.bin"]


def test_altered_networks_are_read_or_refused(networks, fuzz):
    fuzz("networks of others, looked at", Look(), networks, n=90, files=FILES, others=True)


@pytest.mark.slow
def test_altered_networks_are_converted_or_refused(networks, fuzz):
    fuzz("networks of others, converted", Convert(), networks, n=24, files=FILES, others=True)


@pytest.mark.real_data
@pytest.mark.slow
def test_altered_tflite_files_are_converted_or_refused(real_data, fuzz):
    file = real_data / "weights" / "mobilenet_v2_1.0_224_quant.tflite"
    fuzz("TFLite files, looked at", Look(), [file], n=60, others=True)
    fuzz("TFLite files, converted", ConvertBytes(), [file], n=12, others=True)


def nested(depth):
    graph = message((1, message((4, "Relu"))))
    for _ in range(depth):
        graph = message((1, message((4, "If"), (5, message((1, "then"), (6, graph))))))
    return message((1, 8), (7, graph))


HOSTILE = {
    "elsewhere": onnx((5, values(1) + message((13, message((1, "location"), (2, "/etc/passwd")))))),
    "above": onnx((5, values(1) + message((13, message((1, "location"), (2, "../../up")))))),
    "bomb": onnx((5, values(2**40, stored=b"1234"))),
    "recursion": nested(3_000),
    "loop": onnx((1, message((4, "Loop")))),
    "function": onnx() + message((25, message((1, "f"), (7, message((4, "f")))))),
    "truncated": onnx((5, values(2, stored=bytes(8))))[:-4],
}


def computed(operation, *shape):
    """Return a network that computes something before it looks at the image."""
    numbers = b"".join(side.to_bytes(8, "little") for side in shape)
    sides = (5, message((1, len(shape)), (2, 7), (8, "sides"), (9, numbers)))
    ends = (
        (11, end("x", 1, 3, 16, 16)),
        (12, end("y", 1, 3, 16, 16)),
    )
    inputs = ["x", "sides"] if operation == "Tile" else ["sides"]
    nodes = [
        node(operation, inputs, "large"),
        node("ReduceMax", ["large"], "one", keepdims=0),
        node("Add", ["x", "one"], "y"),
    ]
    graph = message(*nodes, (2, "net"), sides, *ends)
    return message((1, 8), (7, graph), (8, message((1, ""), (2, 17))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "shape"),
    [("Tile", (1, 1, 2**20, 2**20)), ("ConstantOfShape", (2**16, 2**17))],
)
def test_memory_for_nothing_is_refused(tmp_path, operation, shape):
    path = tmp_path / "hostile.onnx"
    path.write_bytes(computed(operation, *shape))
    with pytest.raises(ConversionError, match=r"hostile\.onnx.*more than images of 16 x 16"):
        find_network(NetworkSpec(path, preprocessing="tf"))


@pytest.mark.parametrize("how", HOSTILE)
def test_hostile_onnx_is_refused_by_name_at_once(tmp_path, how):
    path = tmp_path / "hostile.onnx"
    path.write_bytes(HOSTILE[how])
    began = time.process_time()
    with pytest.raises((ConversionError, ValueError), match=r"hostile\.onnx") as refused:
        find_network(NetworkSpec(path, preprocessing="tf"))
    assert time.process_time() - began < SECONDS
    assert "Received" in str(refused.value)
