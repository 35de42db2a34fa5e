import contextlib
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.errors import DamagedModel
from headstart.model import parts
from headstart.model.description import DESCRIPTION
from headstart.model.parts import Part

NEW = Part(
    "thresholds",
    ("thresholds.json",),
    lambda value, path: path.write_text(json.dumps(value)),
    json.load,
    since=7,
    optional=True,
)


@pytest.fixture
def _one_more(monkeypatch):
    """Add a part that a model may lack."""
    monkeypatch.setattr(parts, "PARTS", (*parts.PARTS, NEW))
    monkeypatch.setattr(parts, "FILES", (*parts.FILES, "thresholds.json"))


def test_the_newest_format_is_that_of_the_newest_part():
    newest = max(part.since for part in parts.PARTS)
    assert max(newest, parts.QUANTISED_SINCE) == DESCRIPTION.newest


def test_names_and_files_are_distinct():
    assert len({part.name for part in parts.PARTS}) == len(parts.PARTS)
    assert len(set(parts.FILES)) == len(parts.FILES)
    assert all(parts.PLAIN_NAME.fullmatch(name) for name in parts.FILES)
    assert parts.CARD not in parts.FILES


@pytest.mark.usefixtures("_one_more")
def test_an_optional_part_is_one_more_row(copied):
    parts.write_parts({"thresholds": [0.5]}, copied)
    assert parts.read_checksums(copied).keys() == {"thresholds.json"}
    parts.write_checksums(copied, [*parts.REQUIRED, "thresholds.json"])
    values, hashes = parts.read_parts(copied)
    assert values["thresholds"] == [0.5]
    assert hashes == parts.read_checksums(copied)


@pytest.mark.usefixtures("_one_more")
def test_a_model_may_lack_an_optional_part(copied):
    assert "thresholds.json" not in parts.check_parts(copied)
    (copied / "thresholds.json").write_text("not listed, so it is the user's")
    assert "thresholds.json" not in parts.check_parts(copied)
    parts.write_checksums(copied, [*parts.REQUIRED, "thresholds.json"])
    assert "thresholds.json" in parts.check_parts(copied)
    (copied / "thresholds.json").unlink()
    with pytest.raises(DamagedModel, match=r"thresholds\.json is missing"):
        parts.check_parts(copied)


@pytest.mark.usefixtures("_one_more")
def test_only_a_model_with_the_part_has_its_format():
    names = ["description", "graph", "head", "golden"]
    assert parts.format_of(names) == 2
    assert parts.format_of([*names, "thresholds"]) == 7


@pytest.mark.parametrize("name", parts.REQUIRED)
def test_a_model_has_every_part_that_is_not_optional(copied, name):
    parts.write_checksums(copied, [file for file in parts.REQUIRED if file != name])
    with pytest.raises(DamagedModel, match=f"does not list {name}"):
        parts.check_parts(copied)


def test_the_hashes_are_those_of_the_files(copied):
    assert parts.check_parts(copied) == parts.read_checksums(copied)


ARRAYS = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "number": np.array(7)}


def loaded(path):
    with path.open("rb") as file:
        return parts.load_arrays(file)


def test_arrays_come_back(tmp_path):
    parts.save_arrays(ARRAYS, tmp_path / "a.npz")
    again = loaded(tmp_path / "a.npz")
    assert again.keys() == ARRAYS.keys()
    assert all(np.array_equal(again[name], ARRAYS[name]) for name in ARRAYS)
    assert again["weights"].dtype == np.float32


def test_objects_are_not_written(tmp_path):
    with pytest.raises(TypeError, match="array of numbers"):
        parts.save_arrays({"objects": np.array([{}])}, tmp_path / "a.npz")


def test_objects_are_not_read(tmp_path):
    np.savez(tmp_path / "a.npz", objects=np.array([{}]))
    with pytest.raises(ValueError, match="must be an array of numbers or texts"):
        loaded(tmp_path / "a.npz")


def test_a_small_file_can_not_fill_the_memory(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", zeros=np.zeros(10**6))
    with pytest.raises(ValueError, match="compressed"):
        loaded(tmp_path / "a.npz")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path, number):
    np.savez(tmp_path / "a.npz", fine=np.zeros(2), weights=np.float32([1, number]))
    with pytest.raises(ValueError, match="weights must be finite"):
        loaded(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", pickle.dumps([1]), b"\x93NUMPY"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="can't be read"):
        loaded(tmp_path / "a.npz")


def write_over(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def replace_by_another(path):
    path.rename(path.with_name("aside"))
    path.write_bytes(b"of another model")


@pytest.mark.parametrize("change", [write_over, replace_by_another])
def test_what_is_written_between_the_check_and_the_reading_is_not_used(copied, monkeypatch, change):
    def read(file):
        if not changed:
            change(copied / "head.npz")
            changed.append(1)
        return load_arrays(file)

    changed, load_arrays = [], parts.load_arrays
    head = next(part for part in parts.PARTS if part.name == "head")
    others = [part for part in parts.PARTS if part.name != "head"]
    monkeypatch.setattr(parts, "PARTS", (replace(head, read=read), *others))
    if change is write_over:
        with pytest.raises(DamagedModel, match=r"head\.npz was altered"):
            parts.read_parts(copied)
    else:  # the open file stays what it was
        parts.read_parts(copied)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path, data):
    path = tmp_path / "a.npz"
    parts.save_arrays(ARRAYS, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(ValueError):
        assert isinstance(loaded(path), dict)


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
    (tmp_path / parts.CHECKSUMS).write_text(f"{line}\n")
    with pytest.raises(DamagedModel):
        parts.read_checksums(tmp_path)


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / parts.CHECKSUMS).write_text(f"{HASH}  a\n")
    with pytest.raises(DamagedModel, match="a is missing"):
        parts.check_files(tmp_path, parts.read_checksums(tmp_path), ["a"])


def test_a_file_that_is_needed_must_be_listed(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    parts.write_checksums(tmp_path, ["a"])
    listed = parts.read_checksums(tmp_path)
    assert listed.keys() == {"a"}
    parts.check_files(tmp_path, listed, ["a"])
    with pytest.raises(DamagedModel, match="does not list b"):
        parts.check_files(tmp_path, listed, ["a", "b"])


def test_only_the_named_files_are_checked(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    parts.write_checksums(tmp_path, ["a", "b"])
    (tmp_path / "b").write_text("altered")
    listed = parts.read_checksums(tmp_path)
    parts.check_files(tmp_path, listed, ["a"])
    with pytest.raises(DamagedModel, match="b was altered"):
        parts.check_files(tmp_path, listed, ["b"])


def test_an_endless_list_is_not_read(tmp_path):
    with (tmp_path / parts.CHECKSUMS).open("wb") as file:
        file.truncate(2**21)
    with pytest.raises(DamagedModel, match="too long"):
        parts.read_checksums(tmp_path)


@given(st.binary())
def test_any_bytes_are_a_list_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("sums")
    (folder / parts.CHECKSUMS).write_bytes(content)
    try:
        assert parts.read_checksums(folder) == {}
    except DamagedModel:
        assert content
