"""How long the list of a zip archive may be, and its small members."""

import io
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.untrusted import zip_lists
from headstart.untrusted.zip_lists import DAMAGED, check_list, read_member


def archive(n_files):
    """Return an archive of empty files, open for reading, and its size."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for number in range(n_files):
            written.writestr(f"{number:03}", b"")
    return file, len(file.getvalue())


def test_a_short_list_is_taken():
    check_list(*archive(3))


def test_a_list_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(zip_lists, "MAX_LIST", 200)
    check_list(*archive(4))  # 49 bytes each
    with pytest.raises(ValueError, match="far too many files"):
        check_list(*archive(5))


@given(content=st.binary(max_size=200))
def test_anything_else_is_refused(content):
    if b"PK\x05\x06" not in content:
        with pytest.raises(ValueError, match="no zip archive"):
            check_list(io.BytesIO(content), len(content))


def large_end(length, behind=b""):
    """Return how a large archive ends whose list has so many bytes; more may follow the record."""
    size = 44 + len(behind)
    return struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", size, 45, 45, 0, 0, 1, 1, length, 0) + behind


def test_a_large_archive_says_once_where_its_list_is(monkeypatch):
    monkeypatch.setattr(zip_lists, "MAX_LIST", 200)
    files, end = b"\0" * 200, struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 0, 0, 0)
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(files), 1)
    for record, refused in (
        (large_end(200), None),
        (large_end(201), "far too many files"),
        # Some versions of Python take the first, which is where the end says, and others the last.
        (large_end(10**9, large_end(200)), "says twice what is in it"),
    ):
        content = files + record + place + end
        if refused is None:
            check_list(io.BytesIO(content), len(content))
        else:
            with pytest.raises(ValueError, match=refused):
                check_list(io.BytesIO(content), len(content))


def packed(content, stated):
    """Return an archive with one member, which says how many bytes it has."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("about.json", content)
    sizes = (struct.pack("<I", size) for size in (len(content), stated))
    archive = zipfile.ZipFile(io.BytesIO(file.getvalue().replace(*sizes)))
    return archive, archive.infolist()[0]


def test_a_small_member_is_read():
    archive, member = packed(b"{}" * 50, 100)
    assert read_member(archive, member, 100) == b"{}" * 50
    with pytest.raises(ValueError, match=r"'about\.json' of more than 99 bytes"):
        read_member(archive, member, 99)


def test_a_member_that_says_to_be_small_is_not_unpacked_whole():
    archive, member = packed(bytes(2**25), 10)
    tracemalloc.start()
    try:
        with pytest.raises(DAMAGED, match="Bad CRC-32"):
            read_member(archive, member, 100)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
