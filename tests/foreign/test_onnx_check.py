"""Where ONNX files keep their weights, and what a front end must not see."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.foreign.protobufs import external, message, onnx, tensor, values, varint

from headstart.foreign import onnx_check
from headstart.foreign.onnx_check import check_onnx, external_files


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
    # Those in tensors count as well, and those that are none of its fields.
    for graph in ([(1, b"")] * 9, [(5, message(*[(4, b"")] * 9))], [(99, 1)] * 9):
        monkeypatch.setattr(onnx_check, "MAX_FIELDS", 8)
        with pytest.raises(ValueError, match="more than 8 fields"):
            found(onnx(*graph))
        monkeypatch.setattr(onnx_check, "MAX_FIELDS", 13)
        found(onnx(*graph))


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


@pytest.fixture
def checked(tmp_path):
    def check(content, data=b""):
        (tmp_path / "net.onnx").write_bytes(content)
        (tmp_path / "net.data").write_bytes(data)
        check_onnx(tmp_path / "net.onnx")

    return check


FLOAT, INT64, INT4 = 1, 7, 22


@pytest.mark.parametrize(
    "whole",
    [
        values(2, 3, stored=bytes(24)),
        values(2, 3, f4=bytes(24)),
        values(3, kind=INT64, f7=varint(1) * 3),
        values(3, kind=INT4, stored=bytes(2)),
        values(stored=bytes(4)),
        values(0, 5),
        values(2, kind=8, f6=b"text") + message((6, b"text")),
    ],
)
def test_tensors_with_all_their_values_are_taken(checked, whole):
    checked(onnx((5, whole), (1, message((4, "Relu")))))


@pytest.mark.parametrize(
    "bomb",
    [
        values(2**20, 2**20, stored=bytes(4)),
        values(2**62, 2**62, 2**62),
        values(7, stored=bytes(24)),
        values(2**40, f4=bytes(24)),
        values(100, kind=INT64, f7=varint(1) * 3),
    ],
)
def test_tensors_of_more_than_is_stored_are_refused(checked, bomb):
    for graph in ((5, bomb), in_attribute((5, bomb))):
        with pytest.raises(ValueError, match="that are not all stored"):
            checked(onnx(graph))


def test_impossible_shapes_are_refused(checked):
    for shape in ([2**64 - 1], [1] * 40):
        with pytest.raises(ValueError, match="a tensor of the shape"):
            checked(onnx((5, values(*shape, stored=b"1234"))))


def in_file(*dims, **where):
    return values(*dims) + message(*external(location="net.data", **where))


def test_values_in_a_file_must_be_in_it(checked):
    checked(onnx((5, in_file(2, 3, offset="8", length="24"))), bytes(32))
    checked(onnx((5, in_file(2, 3))), bytes(24))
    for tensor_, refused in (
        (in_file(2, 3, offset="16"), "beyond the end"),
        (in_file(2, 3, length="8"), "not all stored"),
        (in_file(2, 3, offset="-8"), "weights from"),
        (in_file(2, 3, offset="9" * 30), "weights from"),
    ):
        with pytest.raises(ValueError, match=refused):
            checked(onnx((5, tensor_)), bytes(32))


def test_one_place_is_not_many_tensors(checked):
    many = [(5, in_file(2**20)) for _ in range(30)]
    checked(onnx(*many[:2]), bytes(2**22))
    with pytest.raises(ValueError, match="tensors of more than"):
        checked(onnx(*many), bytes(2**22))


@pytest.mark.parametrize("name", onnx_check.REFUSED)
def test_operations_that_repeat_others_are_refused(checked, name):
    inside = message((5, message((1, "body"), (6, message((1, message((4, name))))))))
    for node in (message((4, name)), inside):
        with pytest.raises(ValueError, match=f"the operation {name}, which repeats others"):
            checked(onnx((1, node)))


def test_tensors_of_other_kinds_are_refused(checked):
    for graph, refused in (
        ((5, values(1, f3=b"")), "in segments"),
        ((15, message((1, tensor()), (3, 2**40))), "sparse tensors"),
    ):
        with pytest.raises(ValueError, match=refused):
            checked(onnx(graph))


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        ((1, message((4, "Add"), (4, "Loop"))), "stands twice"),
        ((5, message((1, 4), (2, 1), (9, bytes(8)), (9, bytes(8)))), "stands twice"),
        ((5, message((1, 1), (13, message((1, "location"), (2, "a"), (2, "b"))))), "stands twice"),
        ((5, message((1, 1), *external(location="a"), *external(location="b"))), "two of"),
    ],
)
def test_what_readers_may_take_in_two_ways_is_refused(checked, graph, why):
    with pytest.raises(ValueError, match=why):
        checked(onnx(graph))


def test_functions_that_call_themselves_are_refused(checked):
    def function(name, *calls):
        return message((25, message((1, name), *((7, message((4, call))) for call in calls))))

    checked(onnx() + function("outer", "inner", "inner") + function("inner", "Relu"))
    with pytest.raises(ValueError, match="which calls itself"):
        checked(onnx() + function("inner", "inner") + function("inner", "Relu"))
    with pytest.raises(ValueError, match="which calls itself"):
        checked(onnx() + function("outer", "inner") + function("inner", "outer"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_files_are_checked_or_refused(checked, data):
    content = bytearray(
        onnx((5, in_file(2, 3, offset="8")), in_attribute((5, values(2, stored=bytes(8)))))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError, FileNotFoundError):
        checked(bytes(content), bytes(32))
