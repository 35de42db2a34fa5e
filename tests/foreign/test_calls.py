"""Functions of a network that call each other."""

import pytest

from headstart.foreign import calls
from headstart.foreign.calls import Body, check_calls


def test_functions_that_end_are_taken():
    check_calls({"main": Body(3, ["layer", "layer", "Relu"]), "layer": Body(5, ["Add"])})


@pytest.mark.parametrize(
    "bodies",
    [
        {"a": Body(1, ["a"])},
        {"main": Body(1, ["a"]), "a": Body(1, ["b"]), "b": Body(1, ["c"]), "c": Body(1, ["a"])},
    ],
)
def test_a_function_that_calls_itself_is_refused(bodies):
    with pytest.raises(ValueError, match=r"the function '[abc]', which calls itself"):
        check_calls(bodies)


def test_functions_that_double_are_refused():
    doubling = {f"f{i}": Body(2, [f"f{i + 1}"] * 2) for i in range(60)}
    with pytest.raises(ValueError, match="becomes more than 1,000,000 nodes"):
        check_calls({**doubling, "f60": Body(1)})


def test_functions_deep_inside_each_other_are_refused():
    chain = {f"f{i}": Body(1, [f"f{i + 1}"]) for i in range(calls.MAX_DEPTH)}
    with pytest.raises(ValueError, match="more than 100 deep"):
        check_calls({**chain, f"f{calls.MAX_DEPTH}": Body(1)})
