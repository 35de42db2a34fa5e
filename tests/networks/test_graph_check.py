"""Graphs from strangers: what headstart writes is let through, everything else is refused."""

import contextlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.networks import graph_check
from headstart.networks.graph_check import OPERATIONS, check_graph, check_model
from headstart.networks.layout import ACTIVATIONS, ARITHMETIC, RULES
from headstart.networks.runtime import load_openvino, write_graph

FIXTURES = Path(__file__).parents[1] / "fixtures"


def weights_in(folder):
    return np.fromfile(folder / "graph.bin", np.uint8)


def check_folder(folder):
    check_graph((folder / "graph.xml").read_bytes(), weights_in(folder))


@pytest.fixture
def forged(tiny_network):
    """Check the graph of the tiny network with one text in it replaced."""
    xml = tiny_network.graph.read_text()
    weights = weights_in(tiny_network.folder)

    def check(old, new):
        changed = re.sub(old, new, xml, count=1)
        assert changed != xml
        check_graph(changed.encode(), weights)

    return check


@pytest.fixture
def ops():
    return load_openvino().opset13


@pytest.fixture
def build(tmp_path, ops):
    """Write, check and read a graph: ``build(lambda image: ...)``."""

    def make(function, size=(32, 32)):
        openvino = load_openvino()
        image = ops.parameter([-1, *size, 3], np.uint8)
        features = function(ops.convert(image, "f32"))
        features.output(0).get_tensor().set_names({"features"})
        model = openvino.Model([ops.result(features)], [image], "net")
        write_graph(model, tmp_path / "graph.xml")
        check_folder(tmp_path)
        return openvino.Core().read_model(tmp_path / "graph.xml")

    return make


@pytest.fixture
def described(tiny_network):
    """Return the description of a network with the single output features."""
    return lambda *shape: replace(tiny_network, outputs={"features": shape})


@pytest.mark.parametrize("folder", sorted(FIXTURES.rglob("graph.xml")), ids=str)
def test_graphs_of_older_versions_are_let_through(folder):
    check_folder(folder.parent)


def test_what_headstart_writes_is_let_through(tiny_network):
    check_folder(tiny_network.folder)
    model = load_openvino().Core().read_model(tiny_network.graph)
    check_model(model, tiny_network)


def test_every_operation_of_the_layout_is_known():
    opset = {"Relu": "ReLU"}
    assert {opset.get(name, name) for name in (*ARITHMETIC, *ACTIVATIONS, *RULES)} <= {*OPERATIONS}


@pytest.mark.parametrize(
    "name", ["Loop", "If", "TensorIterator", "NonZero", "Range", "Tile", "Broadcast", "ReadValue"]
)
def test_other_operations_are_refused(forged, name):
    with pytest.raises(ValueError, match=f"the operation '{name}'"):
        forged('type="Convolution"', f'type="{name}"')


def test_a_text_that_is_one_port_is_refused():
    with pytest.raises(ValueError, match="do not depend on the image"):
        check_graph(b'<port id="0"/>', np.zeros(0, np.uint8))


def test_operations_of_extensions_are_refused(forged):
    with pytest.raises(ValueError, match="'extension'"):
        forged('type="Convolution" version="opset1"', 'type="Convolution" version="extension"')


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"\\?>', '"?><!DOCTYPE net [<!ENTITY a "b">]>', "document type"),
        ("<layers>", "<layers><body></body>", "element 'body'"),
        ("<edges>", "", "no XML"),
        ("</net>", "</net><net/>", "no XML"),
        ('<layer id="1"', '<layer id="0"', "two layers with one id"),
        ('<layer id="1"', "<layer", "no graph"),
        ('from-layer="0"', 'from-layer="99999"', "an edge without a layer"),
        ('to-port="0"', 'to-port="x"', "invalid literal"),
        ("<input>\\s*<port id=\"0\"", '<input><port id="1"', "inputs out of order"),
        ("(<edge .*>)", r"\1\1", "two values for one input"),
        ('element_type="f32" shape="([^"]*)"', 'element_type="string" shape="\\1"', "constant"),
        ('element_type="f32" shape="', 'element_type="f32" shape="1000000,1000000,', "not stored"),
        ('element_type="f32" shape="', 'element_type="f32" shape="-1,', "not stored"),
        ('element_type="f32" shape="', 'element_type="f32" shape="a,', "invalid literal"),
        ('offset="\\d+"', 'offset="-8"', "not stored"),
        ('offset="\\d+"', 'offset="99999999"', "not stored"),
        ('offset="\\d+"', "", "'offset'"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_a_forged_graph_is_refused(forged, old, new, why):
    with pytest.raises(ValueError, match=why):
        forged(old, new)


def test_many_copies_of_one_constant_are_refused(tiny_network, monkeypatch):
    weights = weights_in(tiny_network.folder)
    n_weights = len(weights)
    constant = f'<data element_type="u8" shape="{n_weights}" offset="0" size="{n_weights}" />'
    layers = "".join(
        f'<layer id="c{i}" type="Const" version="opset1">{constant}</layer>'
        for i in range(2**27 // n_weights)
    )
    xml = tiny_network.graph.read_text().replace("<layers>", f"<layers>{layers}")
    with pytest.raises(ValueError, match="are stored"):
        check_graph(xml.encode(), weights)
    monkeypatch.setattr(graph_check, "MAX_LAYERS", 100)
    with pytest.raises(ValueError, match="more than 100 layers"):
        check_graph(xml.encode(), weights)
    monkeypatch.setattr(graph_check, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="more than 1,000 bytes"):
        check_graph(xml.encode(), weights)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(build, ops, number):
    def scaled(image):
        return ops.reduce_mean(
            ops.multiply(image, ops.constant(large)), ops.constant([1, 2]), False
        )

    large = np.full((1, 32, 32, 3), 3e38, np.float32)
    build(scaled)  # the sum overflows, but no number is infinite
    large[0, 3, 4, 1] = number
    with pytest.raises(ValueError, match="NaN or infinity among the weights"):
        build(scaled)


def test_a_shape_that_is_computed_is_refused(build, ops):
    def from_constants(image):
        return ops.reshape(image, ops.concat([ops.constant([-1]), ops.constant([3072])], 0), False)

    def from_pixels(image):
        pattern = ops.reduce_max(ops.convert(image, "i64"), ops.constant([0, 1, 2]), False)
        return ops.reshape(image, pattern, False)

    for function in (from_constants, from_pixels):
        with pytest.raises(ValueError, match="input 1 of Reshape is not constant"):
            build(function)


def test_what_does_not_depend_on_the_image_is_refused(build, ops):
    def outer_sum(image):
        column = ops.constant(np.zeros((64, 1), np.float32))
        row = ops.constant(np.zeros((1, 64), np.float32))
        return ops.add(image, ops.reduce_mean(ops.add(column, row), ops.constant([0, 1]), False))

    with pytest.raises(ValueError, match="do not depend on the image"):
        build(outer_sum)


def test_outputs_that_are_not_those_described_are_refused(build, ops, described):
    model = build(lambda image: ops.reduce_mean(image, ops.constant([1, 2]), False))
    check_model(model, described(3))
    for network in (
        described(4),
        described(3, 1),
        replace(described(3), size=(32, 33)),
        replace(described(3), outputs={"probabilities": (3,)}),
    ):
        with pytest.raises(ValueError, match="are described"):
            check_model(model, network)
    integers = build(lambda image: ops.convert(image, "i64"))
    with pytest.raises(ValueError, match="are described"):
        check_model(integers, described(32, 32, 3))


def test_a_tensor_too_large_for_the_image_is_refused(build, ops, described):
    def padded(image):
        pads = ops.constant([0, 10**6, 10**6, 0])
        return ops.reduce_mean(ops.pad(image, pads, pads, "constant"), ops.constant([1, 2]), False)

    with pytest.raises(ValueError, match="values in Pad"):
        check_model(build(padded), described(3))


@pytest.mark.parametrize("kind", ["MatMul", "MaxPool", "Convolution"])
def test_too_much_work_for_the_image_is_refused(build, ops, described, kind):
    def product(image):
        row = ops.reshape(image, ops.constant([0, 3072, 1]), True)
        square = ops.matmul(row, row, False, True)
        square = ops.matmul(square, square, False, False)
        return ops.reduce_mean(square, ops.constant([1]), False)

    def pooled(image):
        pads = ops.constant([0, 1000, 1000, 0])
        x = ops.transpose(ops.pad(image, pads, pads, "constant"), ops.constant([0, 3, 1, 2]))
        x = ops.max_pool(x, [1, 1], [1, 1], [500, 500], [500, 500], [1001, 1001])
        return ops.reduce_mean(x.output(0), ops.constant([2, 3]), False)

    def convolved(image):
        x = ops.transpose(image, ops.constant([0, 3, 1, 2]))
        kernel = ops.constant(np.zeros((64, 3, 201, 201), np.float32))
        x = ops.convolution(x, kernel, [1, 1], [300, 300], [300, 300], [1, 1])
        return ops.reduce_mean(x, ops.constant([2, 3]), False)

    function, shape = {
        "MatMul": (product, 3072), "MaxPool": (pooled, 3), "Convolution": (convolved, 64)
    }[kind]  # fmt: skip
    with pytest.raises(ValueError, match="values to compute"):
        check_model(build(function), described(shape))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_text_is_let_through_or_refused(tiny_network, data):
    xml = bytearray(tiny_network.graph.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(xml) - 1))
        xml[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))
    with contextlib.suppress(ValueError):
        check_graph(bytes(xml), weights_in(tiny_network.folder))


@pytest.fixture
def rounded(tmp_path, ops):
    """Check a convolution with weights of 8 bits: ``rounded(scale)`` returns its model and text."""

    def make(scale, weights=((1,) * 3,) * 4):
        openvino = load_openvino()
        image = ops.parameter([-1, 8, 8, 3], np.uint8)
        planes = ops.transpose(ops.convert(image, "f32"), np.array([0, 3, 1, 2]))
        ends = [np.float32(each) for each in (0, 255, 0, 255)]
        planes = ops.fake_quantize(planes, *map(ops.constant, ends), levels=256)
        kernel = np.array(weights, np.int8)[:, :, None, None]
        kernel = ops.multiply(ops.convert(ops.constant(kernel), "f32"), ops.constant(scale))
        planes = ops.convolution(planes, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
        features = ops.reduce_mean(planes, np.array([2, 3]), keep_dims=False)
        features.output(0).get_tensor().set_names({"features"})
        write_graph(openvino.Model([ops.result(features)], [image], "net"), tmp_path / "graph.xml")
        return (tmp_path / "graph.xml").read_text(), weights_in(tmp_path)

    return make


SCALE = np.full((4, 1, 1, 1), 0.5, np.float32)


def test_weights_of_8_bits_are_let_through(rounded, tmp_path, described):
    rounded(SCALE)
    check_folder(tmp_path)
    model = load_openvino().Core().read_model(tmp_path / "graph.xml")
    check_model(model, replace(described(4), size=(8, 8)))


def test_weights_of_8_bits_do_not_become_more(rounded, tmp_path, described):
    rounded(np.ones((1, 1, 5, 5), np.float32))
    check_folder(tmp_path)
    model = load_openvino().Core().read_model(tmp_path / "graph.xml")
    with pytest.raises(ValueError, match="weights of the shape"):
        check_model(model, replace(described(4), size=(8, 8)))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('levels="256"', 'levels="65536"', "levels of FakeQuantize"),
        ('levels="256"', "", "levels of FakeQuantize"),
        ('levels="256"', 'levels="1"', "levels of FakeQuantize"),
        ('levels="256"', 'levels="many"', "invalid literal"),
        ('type="Convolution"', 'type="Concat"', "weights of 8 bits as input 1 of Concat"),
        ('(type="Multiply".*?)', r'type="Add"', "is not constant"),
    ],
)
def test_forged_weights_of_8_bits_are_refused(rounded, old, new, why):
    xml, weights = rounded(SCALE)
    changed = re.sub(old, new, xml, count=1)
    assert changed != xml
    with pytest.raises(ValueError, match=why):
        check_graph(changed.encode(), weights)
