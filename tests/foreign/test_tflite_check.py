"""What of a TFLite file a front end must not see."""

import contextlib
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.foreign.buffers import flatbuffer

from headstart.foreign.tflite_check import check_tflite

FLOAT, TEXT = 0, 5


@pytest.fixture
def checked(tmp_path):
    def check(content):
        (tmp_path / "net.tflite").write_bytes(content)
        check_tflite(tmp_path / "net.tflite")

    return check


def tensor(*shape, buffer=1, kind=FLOAT, **fields):
    others = {int(name[1:]): value for name, value in fields.items()}
    return {0: ("i", list(shape)), 1: ("b", kind), 2: ("I", buffer), 3: "w", **others}


def network(*tensors, buffers=(b"", bytes(24)), operators=(), inputs=(0,), n_subgraphs=1, tail=b""):
    subgraph = {0: list(tensors), 1: ("i", list(inputs)), 2: ("i", [0]), 3: list(operators)}
    written = [each if isinstance(each, dict) else {0: each} for each in buffers]
    return flatbuffer({1: [{}], 2: [subgraph] * n_subgraphs, 4: written}, b"TFL3") + tail


def operator(ins, outs, operation=0):
    return {0: ("I", operation), 1: ("i", ins), 2: ("i", outs)}


def test_usual_file_is_taken(checked):
    quantised = {2: ("f", [0.5, 0.25]), 3: ("q", [0, 0]), 6: ("i", 0)}
    checked(
        network(
            tensor(1, 8, 8, 3, buffer=0),
            tensor(2, 3, f4=quantised),
            tensor(1, buffer=1, kind=TEXT),
            operators=[operator([0, 1, -1], [0])],
        )
    )


def test_buffers_behind_the_rest_are_found(checked):
    length = len(network(tensor(2, 3), buffers=(b"", {1: ("Q", 2), 2: ("Q", 0)})))
    behind = {1: ("Q", length), 2: ("Q", 24)}
    checked(network(tensor(2, 3), buffers=(b"", behind), tail=bytes(24)))
    with pytest.raises(ValueError, match="beyond the end of the file"):
        checked(network(tensor(2, 3), buffers=(b"", behind), tail=bytes(23)))


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (network(tensor(2, 4)), r"shape \[2, 4\] with 24 bytes"),
        (network(tensor(2**30, 2**30)), "with 24 bytes"),
        (network(tensor(-1, 3)), "of the shape"),
        (network(tensor(2, 3, buffer=7)), "whose buffer is not there"),
        (network(tensor(2, 3, kind=99)), "unknown type 99"),
        (network(tensor(2, 3, f6={})), "sparse weights"),
        (network(tensor(2, 3), inputs=(1,)), "a tensor that is not there"),
        (network(tensor(2, 3), operators=[operator([-2], [0])]), "a tensor that is not there"),
        (network(tensor(2, 3), operators=[operator([0], [5])]), "a tensor that is not there"),
        (network(tensor(2, 3), operators=[operator([0], [0], 3)]), "an operation that is not"),
        (network(tensor(2, 3), n_subgraphs=2), "2 subgraphs"),
        (network(tensor(2, 3), n_subgraphs=0), "0 subgraphs"),
        (network(tensor(2, 3, f4={2: ("f", [1.0] * 5)})), "with 5 scales"),
        (network(tensor(2, 3, f4={2: ("f", [1.0]), 3: ("q", [0, 0])})), "with 1 scales"),
        (network(tensor(2, 3, f4={2: ("f", [float("nan")])})), "a scale that is none"),
        (network(*[tensor(2**22, buffer=1)] * 40, buffers=(b"", bytes(2**24))), "tensors of more"),
        (network(tensor(2, 3))[:60], "cut short|not there"),
    ],
)
def test_what_leads_nowhere_is_refused(checked, content, refused):
    with pytest.raises(ValueError, match=refused):
        checked(content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_files_are_checked_or_refused(checked, data):
    content = bytearray(network(tensor(2, 3), operators=[operator([0], [0])]))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 4))
        struct.pack_into("<I", content, place, data.draw(st.integers(0, 2**32 - 1)))
    with contextlib.suppress(ValueError):
        checked(bytes(content))
