"""How long the list of a zip archive may be."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.untrusted import zip_lists
from headstart.untrusted.zip_lists import check_list


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
