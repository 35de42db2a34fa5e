"""Where ONNX files keep their weights."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.foreign.protobufs import message, onnx, tensor

from headstart.foreign import onnx_check
from headstart.foreign.onnx_check import external_files


@pytest.fixture
def found(tmp_path):
    def read(content):
        (tmp_path / "net.onnx").write_bytes(content)
        return external_files(tmp_path / "net.onnx")

    return read


def in_attribute(*fields):
    return (1, message((4, "Constant"), (5, message(*fields))))


@pytest.mark.parametrize(
    "graph",
    [
        (5, tensor("net.data")),
        (15, message((1, tensor("net.data")), (2, tensor()))),
        in_attribute((1, "value"), (5, tensor("net.data"))),
        in_attribute((10, tensor("net.data"))),
        in_attribute((6, message((5, tensor("net.data"))))),
        in_attribute((11, message((5, tensor("./net.data"))))),
        in_attribute((22, message((2, tensor("net.data"))))),
    ],
)
def test_files_are_found_wherever_a_tensor_stands(found, graph):
    assert found(onnx((5, tensor()), graph)) == ("net.data",)


def test_tensors_of_functions_are_found(found):
    function = message((7, message((5, message((5, tensor("sub/net.data")))))))
    assert found(onnx() + message((25, function))) == ("sub/net.data",)


def test_network_in_one_file_needs_no_other(found):
    assert found(onnx((5, tensor()), (1, message((4, "Relu"))))) == ()


@pytest.mark.parametrize(
    "location",
    [
        "/etc/passwd",
        "../net.data",
        "a/../../net.data",
        "..\\net.data",
        "C:\\net.data",
        "C:net",
        "",
        ".",
        "a//b",
        "a\x00b",
        "a\nb",
    ],
)
def test_files_elsewhere_are_refused(found, location):
    with pytest.raises(ValueError, match="must be in a file beside the network"):
        found(onnx((5, tensor(location))))


def test_graphs_in_graphs_have_a_limit(found):
    graph = message((5, tensor()))
    for _ in range(onnx_check.MAX_DEPTH + 1):
        graph = message((1, message((5, message((6, graph))))))
    with pytest.raises(ValueError, match="deep inside each other"):
        found(message((7, graph)))


def test_parts_and_files_have_limits(found, monkeypatch):
    monkeypatch.setattr(onnx_check, "MAX_FILES", 2)
    assert len(found(onnx(*((5, tensor(f"{i}.data")) for i in range(2))))) == 2
    with pytest.raises(ValueError, match="more than 2 files"):
        found(onnx(*((5, tensor(f"{i}.data")) for i in range(3))))
    monkeypatch.setattr(onnx_check, "MAX_PARTS", 5)
    with pytest.raises(ValueError, match="more than 5 nodes"):
        found(onnx(*[(1, b"")] * 9))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_files_are_read_or_refused(found, data):
    content = bytearray(onnx((5, tensor("net.data")), in_attribute((6, message((5, tensor("b")))))))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        names = found(bytes(content[: data.draw(st.integers(1, len(content)))]))
    except ValueError:
        return
    assert all(".." not in name.split("/") and not name.startswith("/") for name in names)
