"""What of a SavedModel a front end must not see."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.foreign.protobufs import message

from headstart.foreign import saved_model_check
from headstart.foreign.saved_model_check import check_saved_model

FLOAT, TEXT = 1, 7


@pytest.fixture
def checked(tmp_path):
    def check(content):
        (tmp_path / "saved_model.pb").write_bytes(content)
        check_saved_model(tmp_path)

    return check


def saved_model(*graph):
    return message((1, 1), (2, message((2, message(*graph)))))


def node(operation, *attributes):
    entries = ((5, message((1, "name"), (2, message(value)))) for value in attributes)
    return (1, message((1, operation.lower()), (2, operation), *entries))


def library(**functions):
    """Return the functions of a graph: by name, the operations in each."""
    written = []
    for name, operations in functions.items():
        nodes = [(3, node(operation)[1]) for operation in operations]
        written.append((1, message((1, message((1, name))), *nodes)))
    return (2, message(*written))


def constant(*shape, kind=FLOAT, content=b""):
    axes = [(2, message((1, side))) for side in shape]
    return (8, message((1, kind), (2, message(*axes)), (4, content)))


def test_usual_graph_is_taken(checked):
    checked(
        saved_model(
            node("Const", constant(2, 3, content=bytes(24))),
            node("Const", constant(1000)),
            node("Const", constant(2**40, kind=TEXT)),
            node("PartitionedCall", (10, message((1, "inner")))),
            library(inner=["Conv2D", "Relu"]),
        )
    )


@pytest.mark.parametrize(
    "call",
    [
        node("inner"),
        node("PartitionedCall", (10, message((1, "inner")))),
        node("Case", (1, message((9, message((1, "inner")))))),
    ],
)
def test_functions_that_never_end_are_refused(checked, call):
    checked(saved_model(call, library(inner=["Relu"])))
    with pytest.raises(ValueError, match="which calls itself"):
        checked(saved_model(call, library(inner=["other"], other=["Relu", "inner"])))


def test_functions_that_double_are_refused(checked):
    doubling = {f"f{i}": [f"f{i + 1}"] * 2 for i in range(40)}
    with pytest.raises(ValueError, match="becomes more than"):
        checked(saved_model(node("f0"), library(**doubling, f40=["Relu"])))


@pytest.mark.parametrize(
    "bomb", [constant(2**20, 2**20), (1, message(constant(2**31))), constant(2**62, 2**62)]
)
def test_one_number_for_a_tensor_larger_than_memory_is_refused(checked, bomb):
    with pytest.raises(ValueError, match="tensors of more than"):
        checked(saved_model(node("Const", bomb)))


def test_what_is_none_is_refused(checked, monkeypatch):
    for content, refused in (
        (message((1, 1)), "without a graph"),
        (message(*[(2, message((2, b"")))] * 101), "far too many"),
        (saved_model(node("Relu"))[:-3], "cut short"),
        (saved_model(library(**{"": ["Relu"]})), "a function without a name"),
        (saved_model(node("Const", constant(2**64 - 1))), "of the shape"),
    ):
        with pytest.raises(ValueError, match=refused):
            checked(content)
    monkeypatch.setattr(saved_model_check, "MAX_NODES", 2)
    with pytest.raises(ValueError, match="more than 2 nodes"):
        checked(saved_model(*[node("Relu")] * 3))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_files_are_checked_or_refused(checked, data):
    content = bytearray(
        saved_model(node("Const", constant(2, 3)), node("inner"), library(inner=["Relu"]))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        checked(bytes(content))
