import contextlib
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.model.arrays import load_arrays, save_arrays

ARRAYS = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "number": np.array(7)}


def test_arrays_come_back(tmp_path):
    save_arrays(ARRAYS, tmp_path / "a.npz")
    again = load_arrays(tmp_path / "a.npz")
    assert again.keys() == ARRAYS.keys()
    assert all(np.array_equal(again[name], ARRAYS[name]) for name in ARRAYS)
    assert again["weights"].dtype == np.float32


def test_objects_are_not_written(tmp_path):
    with pytest.raises(TypeError, match="array of numbers"):
        save_arrays({"objects": np.array([{}])}, tmp_path / "a.npz")


def test_objects_are_not_read(tmp_path):
    np.savez(tmp_path / "a.npz", objects=np.array([{}]))
    with pytest.raises(ValueError, match="pickle"):
        load_arrays(tmp_path / "a.npz")


def test_a_small_file_can_not_fill_the_memory(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", zeros=np.zeros(10**6))
    with pytest.raises(ValueError, match="compressed"):
        load_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", pickle.dumps([1]), b"\x93NUMPY"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="can't be read"):
        load_arrays(tmp_path / "a.npz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path, data):
    path = tmp_path / "a.npz"
    save_arrays(ARRAYS, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(ValueError):
        assert isinstance(load_arrays(path), dict)
