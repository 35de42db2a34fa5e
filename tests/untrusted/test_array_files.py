"""Archives of arrays are read back, or refused with a `ValueError`, without taking memory."""

import contextlib
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from headstart.untrusted import zip_lists
from headstart.untrusted.array_files import read_arrays

ARRAYS: dict[str, np.ndarray] = {
    "weights": np.arange(12, dtype=np.float32).reshape(3, 4),
    "turned": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), np.float16),
    "names": np.array(["linear", "żuk"]),
    "right": np.array([True, False]),
    "images": np.arange(8, dtype=np.uint8).reshape(1, 2, 4),
    "group/0": np.array([1], np.uint32),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "arrays.npz"


@pytest.fixture
def read(path):
    """Write bytes into a file and read its arrays."""

    def read_content(content):
        path.write_bytes(content)
        with path.open("rb") as file:
            return read_arrays(file)

    return read_content


def saved(**given):
    file = io.BytesIO()
    np.savez(file, **given)
    return file.getvalue()


def archive(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


def member(header, data=b"", version=b"\x01\x00"):
    text = header.encode() + b" " * 20 + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def test_arrays_come_back(read):
    found = read(saved(**ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.writeable
    assert found["turned"].flags.f_contiguous
    assert read(saved()) == {}


@given(
    array=arrays.arrays(
        st.sampled_from(["<f4", ">f8", "<i2", "|u1", "|b1", "<U3", "<f2"]),
        arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_array_of_numbers_comes_back(read, array):
    found = read(saved(a=array))["a"]
    np.testing.assert_array_equal(found, array)
    assert (found.shape, found.dtype) == (array.shape, array.dtype)


BAD = {
    "object": "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "fields": "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "complex": "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
    "million": "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }",
    "exabytes": "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 999999999999), }",
    "nothing of all": "{'descr': '<U0', 'fortran_order': False, 'shape': (999999999999,), }",
    "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "long type": "{'descr': '<U999999999', 'fortran_order': False, 'shape': (1,), }",
    "call": "{'descr': '<f4', 'fortran_order': False, 'shape': (exit(),), }",
    "deep": "(" * 500,
    "python 2": "{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }",
    "other order": "{'shape': (1,), 'descr': '<f4', 'fortran_order': False, }",
    "empty": "",
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("n_bytes", [0, 4, 8])
def test_a_header_that_is_not_of_its_member_is_refused(read, name, n_bytes):
    content = archive([("a.npy", member(BAD[name], b"\0" * n_bytes))])
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"must be (an array|as long)"):
            read(content)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_other_versions_of_the_header_are_refused(read):
    good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
    assert read(archive([("a.npy", member(good, b"\0" * 4))]))["a"].shape == (1,)
    for content in (
        member(good, b"\0" * 4, b"\x02\x00"),
        member(good, b"\0" * 4, b"\x03\x00"),
        b"text",
        b"",
    ):
        with pytest.raises(ValueError, match="must be an array"):
            read(archive([("a.npy", content)]))


def test_compressed_arrays_are_refused(read):
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(10**6))
    with pytest.raises(ValueError, match="must not be compressed"):
        read(file.getvalue())


def test_encrypted_arrays_are_refused(read):
    content = bytearray(saved(a=np.zeros(3)))
    content[content.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(ValueError, match="encrypted"):
        read(bytes(content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(read):
    one = member("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", b"\0" * 4)
    with pytest.raises(ValueError, match="two arrays of one name"):
        read(archive([("a.npy", one), ("a.npy", one)]))


def test_arrays_that_share_bytes_are_refused(read):
    """Each of a thousand entries of the list names the same million bytes."""
    content = saved(a=np.zeros(10**5))
    start, end = content.index(b"PK\1\2"), content.rindex(b"PK\5\6")
    entry = content[start:end]
    listed = b"".join(entry.replace(b"a.npy", f"{i:01x}.npy".encode()) for i in range(16))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 16, 16, len(listed), start, 0)
    with pytest.raises(ValueError, match="longer than the file"):
        read(content[:start] + listed + tail)


def test_a_long_list_is_refused_before_it_is_read(read, monkeypatch):
    monkeypatch.setattr(zip_lists, "MAX_LIST", 200)
    assert len(read(saved(a=np.zeros(3), b=np.zeros(3)))) == 2
    with pytest.raises(ValueError, match="far too many files"):
        read(saved(a=np.zeros(3), b=np.zeros(3), c=np.zeros(3), d=np.zeros(3), e=np.zeros(3)))


def test_the_list_of_a_large_archive_is_refused_as_well(read):
    content = saved(a=np.zeros(3))
    start, end = content.index(b"PK\1\2"), content.rindex(b"PK\5\6")

    def large(length):
        record = struct.pack(
            "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, length, start
        ) + struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
        return (
            content[:end]
            + record
            + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        )

    assert read(large(end - start))["a"].shape == (3,)
    with pytest.raises(ValueError, match="far too many files"):
        read(large(2**40))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damaged_archive_is_read_or_refused(read, data):
    content = bytearray(saved(**ARRAYS))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    with contextlib.suppress(ValueError):
        read(bytes(content))


@given(content=st.binary(max_size=100))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused(read, content):
    with pytest.raises(ValueError, match="array"):
        read(content)
