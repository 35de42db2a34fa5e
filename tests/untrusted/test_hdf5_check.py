"""Weights files from strangers: only arrays of numbers in the file itself, each once."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from headstart.backbones.keras_weights import read_layout
from headstart.errors import WeightsMismatch
from headstart.untrusted import hdf5_check
from headstart.untrusted.hdf5_check import check_heaps, check_objects, names_in


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


@pytest.fixture
def written(path):
    """Write a weights file with one more thing in it."""

    def write(change):
        with h5py.File(path, "w") as file:
            file["layers/dense/vars/0"] = np.zeros((3, 2))
            file["layers/dense/vars/1"] = np.zeros(2)
            change(file)
        return path

    return write


def same_array(file):
    file["layers/dense/vars/2"] = file["layers/dense/vars/1"]


def above_itself(file):
    file["layers/dense/above"] = file["layers"]


def whole_file(file):
    file["layers/dense/above"] = file["/"]


def soft_link(file):
    file["layers/dense/vars/2"] = h5py.SoftLink("/layers/dense/vars/1")


def link_to_itself(file):
    file["layers/loop"] = h5py.SoftLink("/layers/loop")


def other_file(file):
    file["layers/dense/vars/2"] = h5py.ExternalLink("/etc/passwd", "/")


def other_bytes(file):
    file.create_dataset("layers/raw", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual(file):
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "/data", (2,))
    file.create_virtual_dataset("layers/virtual", layout)


def complex_numbers(file):
    file["layers/dense/vars/2"] = np.zeros(2, np.complex64)


def texts(file):
    file["layers/dense/vars/2"] = ["a", "b"]


def references(file):
    file["layers/dense/vars/2"] = np.array([file.ref], h5py.ref_dtype)


def fields(file):
    file["layers/dense/vars/2"] = np.zeros(2, [("a", "f4"), ("b", "S9")])


def a_type(file):
    file["layers/type"] = np.dtype("f4")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (same_array, "'2' is another name of the same group or array"),
        (above_itself, "'above' is another name"),
        (whole_file, "'above' is another name"),
        (soft_link, "'2' is a link"),
        (link_to_itself, "'loop' is a link"),
        (other_file, "'2' is a link"),
        (other_bytes, "'raw' is no array of numbers in this file"),
        (virtual, "'virtual' is no array of numbers in this file"),
        (complex_numbers, "'2' is no array"),
        (texts, "'2' is no array"),
        (references, "'2' is no array"),
        (fields, "'2' is no array"),
        (a_type, "'type' is no array"),
    ],
)
def test_what_keras_does_not_write_is_refused(written, change, why):
    with h5py.File(written(change)) as file, pytest.raises(ValueError, match=why):
        check_objects(file)


def test_the_error_is_one_of_headstart(written):
    with pytest.raises(WeightsMismatch, match=r"must be HDF5 as Keras writes it.*is a link"):
        read_layout(written(soft_link))


def test_what_keras_writes_is_let_through(written):
    with h5py.File(written(lambda file: file.create_group("optimizer/vars"))) as file:
        check_objects(file)
    assert read_layout(written(lambda _: None)).shapes == ((2,), (3, 2))


def test_too_many_objects_are_refused(written, monkeypatch):
    monkeypatch.setattr(hdf5_check, "MAX_OBJECTS", 6)
    with h5py.File(written(lambda _: None)) as file:
        check_objects(file)
    with (
        h5py.File(written(lambda file: file.create_group("a"))) as file,
        pytest.raises(ValueError, match="more than 6 groups and arrays"),
    ):
        check_objects(file)


def test_an_enormous_shape_takes_no_memory(written):
    def change(file):
        file.create_dataset("layers/large", (10**6, 10**6, 10**3), "f8", chunks=(1, 1000, 1000))

    assert (10**6, 10**6, 10**3) in read_layout(written(change)).shapes


def named(file, names, attribute="layer_names"):
    file.attrs.create(attribute, names)


@pytest.mark.parametrize("text", [str, lambda name: name.encode()])
def test_names_are_read(written, text):
    def change(file):
        named(file, [text("a"), text("b")], "layer_names0")
        named(file, [text("ż")], "layer_names1")
        named(file, [text("other")], "weight_names")

    with h5py.File(written(change)) as file:
        assert names_in(file, "layer_names") == ["a", "b", "ż"]


def test_no_names_are_read(written):
    with h5py.File(written(lambda file: named(file, []))) as file:
        assert names_in(file, "layer_names") == []


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["a"] * 2, "a name twice in layer_names"),
        (np.array([b"a"] * 3000), "a name twice"),
        (np.array([b"a" * 1000] * 50), "a name twice"),
        ([1, 2], "must list names"),
        (np.array(["a" * 60_000], "S60000"), ""),
    ],
    ids=lambda names: str(names)[:20],
)
def test_odd_names_are_refused(written, names, why, monkeypatch):
    monkeypatch.setattr(hdf5_check, "_MAX_BYTES", 60_000 if why else 59_999)
    with (
        h5py.File(written(lambda file: named(file, names))) as file,
        pytest.raises(ValueError, match=why or "very long ones, in layer_names"),
    ):
        names_in(file, "layer_names")


def test_too_many_names_are_refused(written, monkeypatch):
    monkeypatch.setattr(hdf5_check, "MAX_NAMES", 3)

    def change(file):
        named(file, [b"a", b"b"], "layer_names0")
        named(file, [b"c", b"d"], "layer_names1")

    with h5py.File(written(change)) as file, pytest.raises(ValueError, match="more than 3 names"):
        names_in(file, "layer_names")
    with (
        h5py.File(written(lambda file: named(file, [b"a", b"b", b"c", b"d"]))) as file,
        pytest.raises(ValueError, match="more than 3 names, or very long"),
    ):
        names_in(file, "layer_names")


MILLION = """
import sys
from pathlib import Path
import h5py, numpy as np
from headstart.backbones.keras_weights import read_layout
from headstart.errors import WeightsMismatch

with h5py.File(sys.argv[1], "w", libver="latest") as file:
    file["dense/kernel"] = np.zeros((3, 2))
    file.attrs.create("layer_names", np.array([b"dense"] * 1_000_000))
    file["dense"].attrs["weight_names"] = [b"kernel"]
try:
    read_layout(Path(sys.argv[1]))
except WeightsMismatch as error:
    print(error)
"""


def test_a_name_a_million_times_does_not_hang(path):
    done = subprocess.run(
        [sys.executable, "-c", MILLION, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=dict(os.environ),
    )
    assert "more than 10,000 names" in done.stdout


def with_texts(file):
    """Have names in a heap, as Keras 3 writes them into files of the older layout."""
    file.attrs["layer_names"] = [f"layer {number}" for number in range(40)]


def test_a_heap_of_texts_may_be_there(written):
    path = written(with_texts)
    assert b"GCOL" in path.read_bytes()
    check_heaps(path)


@pytest.mark.parametrize(("at", "size"), [(8, 2**40), (24, 2**63), (24, 2**64 - 1), (24, 5000)])
def test_a_heap_that_is_cut_short_or_has_a_text_beyond_it_is_refused(written, at, size):
    path = written(with_texts)
    data = path.read_bytes()
    place = data.index(b"GCOL") + at
    path.write_bytes(data[:place] + size.to_bytes(8, "little") + data[place + 8 :])
    with pytest.raises(WeightsMismatch, match=r"a heap of texts in it"):
        read_layout(path)


def test_a_heap_whose_free_part_has_no_size_is_refused(written):
    """HDF5 itself would walk it for ever."""
    path = written(with_texts)
    data = path.read_bytes()
    place = data.index(b"GCOL") + 16
    path.write_bytes(data[:place] + bytes(16) + data[place + 16 :])
    with pytest.raises(WeightsMismatch, match=r"a heap of texts in it has no end"):
        read_layout(path)
