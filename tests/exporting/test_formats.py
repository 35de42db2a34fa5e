import pytest

from headstart.exporting.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_each_row_names_its_files_and_its_runtime(name):
    row = FORMATS[name]
    assert row.suffixes
    assert all(suffix.startswith(".") for suffix in row.suffixes)
    assert row.title
    assert row.runtime
