import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.errors import DamagedModel
from headstart.model import checksums

HASH = "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        f"{HASH}  ../../etc/passwd",
        f"{HASH}  /etc/passwd",
        f"{HASH}  a/b",
        f"{HASH}  .hidden",
        f"{HASH}  a\\b",
        f"{HASH} a",
        f"{HASH.replace('0', 'A')}  a",
        f"{HASH}  b\n{HASH}  a",
        f"{HASH}  a\n{HASH}  a",
        "",
    ],
)
def test_only_plain_sorted_lines_are_a_list(tmp_path, line):
    (tmp_path / checksums.NAME).write_text(f"{line}\n")
    with pytest.raises(DamagedModel):
        checksums.read_checksums(tmp_path)


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / checksums.NAME).write_text(f"{HASH}  a\n")
    with pytest.raises(DamagedModel, match="a is missing"):
        checksums.check_files(tmp_path, checksums.read_checksums(tmp_path), ["a"])


def test_a_file_that_is_needed_must_be_listed(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    checksums.write_checksums(tmp_path, ["a"])
    listed = checksums.read_checksums(tmp_path)
    assert listed.keys() == {"a"}
    checksums.check_files(tmp_path, listed, ["a"])
    with pytest.raises(DamagedModel, match="does not list b"):
        checksums.check_files(tmp_path, listed, ["a", "b"])


def test_only_the_named_files_are_checked(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    checksums.write_checksums(tmp_path, ["a", "b"])
    (tmp_path / "b").write_text("altered")
    listed = checksums.read_checksums(tmp_path)
    checksums.check_files(tmp_path, listed, ["a"])
    with pytest.raises(DamagedModel, match="b was altered"):
        checksums.check_files(tmp_path, listed, ["b"])


def test_an_endless_list_is_not_read(tmp_path):
    with (tmp_path / checksums.NAME).open("wb") as file:
        file.truncate(2**21)
    with pytest.raises(DamagedModel, match="too long"):
        checksums.read_checksums(tmp_path)


@given(st.binary())
def test_any_bytes_are_a_list_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("sums")
    (folder / checksums.NAME).write_bytes(content)
    try:
        assert checksums.read_checksums(folder) == {}
    except DamagedModel:
        assert content
