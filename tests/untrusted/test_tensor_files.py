"""Files in the safetensors format, whole and damaged."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from headstart.untrusted.tensor_files import open_tensors

ARRAYS: dict[str, np.ndarray] = {
    "first": np.arange(12, dtype=np.float32).reshape(4, 3),
    "half": np.array([1.5, -2], np.float16),
    "number": np.array(7, np.int64),
    "nothing": np.zeros((0, 3), np.float64),
}


@pytest.fixture
def path(tmp_path):
    save_file(ARRAYS, tmp_path / "some.safetensors", metadata={"format": "pt"})
    return tmp_path / "some.safetensors"


def write(path, header, content=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)


def test_arrays_are_those_that_were_written(path):
    with open_tensors(path) as file:
        assert file.entries.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            found = file.read(name)
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(found, array)


def test_single_rows_are_read(path):
    with open_tensors(path) as file:
        found = file.read_rows("first", np.array([0, 3]))
        np.testing.assert_array_equal(found, ARRAYS["first"][[0, 3]])


@pytest.mark.parametrize(("name", "rows"), [("first", [4]), ("half", [0]), ("absent", [0])])
def test_rows_that_are_not_there_are_refused(name, rows, path):
    with open_tensors(path) as file, pytest.raises(ValueError, match=name):
        file.read_rows(name, np.array(rows))


def test_a_type_that_numpy_lacks_is_refused_when_it_is_read(tmp_path):
    header = {"x": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}
    write(tmp_path / "x", header, b"\0\0")
    with open_tensors(tmp_path / "x") as file, pytest.raises(ValueError, match="NumPy"):
        file.read("x")


def entry(dtype="F32", shape=(1,), start=0, stop=4):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ([], "no object"),
        (b"{]", "Expecting"),
        ({"x": 3}, "not described as an array"),
        ({"x": entry(shape=(-1,))}, "not described as an array"),
        ({"x": entry(shape=(1.0,))}, "not described as an array"),
        ({"x": entry(shape=(True,))}, "not described as an array"),
        ({"x": entry(dtype=["F32"])}, "not described as an array"),
        ({"x": entry(start=4, stop=0)}, "not described as an array"),
        ({"x": entry(shape=(2**40,))}, "4 bytes for the shape"),
        ({"x": entry(stop=2**50, shape=(2**48,))}, "are described"),
        ({"x": entry(), "y": entry()}, "begin where"),
        ({}, "are described"),
    ],
)
def test_headers_that_describe_something_else_are_refused(header, why, tmp_path):
    write(tmp_path / "x", header, b"1234")
    with pytest.raises(ValueError, match=why), open_tensors(tmp_path / "x"):
        pass


def test_a_header_of_any_length_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "x").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match="length of a header"), open_tensors(tmp_path / "x"):
        pass


def test_a_file_that_is_cut_short_while_it_is_open_is_an_error(tmp_path):
    path = tmp_path / "large"
    save_file({"large": np.ones(100_000, np.float32)}, path)
    with open_tensors(path) as file:
        with path.open("r+b") as other:
            other.truncate(300_000)
        with pytest.raises(ValueError, match="cut short"):
            file.read("large")


@given(st.data())
def test_damaged_files_are_refused_or_small(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.tensors"
    save_file(ARRAYS, path)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        with open_tensors(path) as file:
            sizes = [file.read(name).nbytes for name, each in file.entries.items() if each.dtype]
    except ValueError:
        return
    assert sum(sizes) <= len(whole)
