import json

import pytest

from headstart.errors import DamagedModel
from headstart.model import checksums, parts
from headstart.model.description import DESCRIPTION
from headstart.model.parts import Part

NEW = Part(
    "thresholds",
    ("thresholds.json",),
    lambda value, path: path.write_text(json.dumps(value)),
    lambda path: json.loads(path.read_text()),
    since=7,
    optional=True,
)


@pytest.fixture
def _one_more(monkeypatch):
    """Add a part that a model may lack."""
    monkeypatch.setattr(parts, "PARTS", (*parts.PARTS, NEW))
    monkeypatch.setattr(parts, "FILES", (*parts.FILES, "thresholds.json"))


def test_the_newest_format_is_that_of_the_newest_part():
    assert max(part.since for part in parts.PARTS) == DESCRIPTION.newest


def test_names_and_files_are_distinct():
    assert len({part.name for part in parts.PARTS}) == len(parts.PARTS)
    assert len(set(parts.FILES)) == len(parts.FILES)
    assert all(checksums.PLAIN_NAME.fullmatch(name) for name in parts.FILES)
    assert parts.CARD not in parts.FILES


@pytest.mark.usefixtures("_one_more")
def test_an_optional_part_is_one_more_row(tmp_path):
    parts.write_parts({"thresholds": [0.5]}, tmp_path)
    assert checksums.read_checksums(tmp_path).keys() == {"thresholds.json"}
    assert parts.read_parts(tmp_path, ["thresholds.json"]) == {"thresholds": [0.5]}


@pytest.mark.usefixtures("_one_more")
def test_a_model_may_lack_an_optional_part(copied):
    assert "thresholds.json" not in parts.check_parts(copied)
    (copied / "thresholds.json").write_text("not listed, so it is the user's")
    assert "thresholds.json" not in parts.check_parts(copied)
    checksums.write_checksums(copied, parts.FILES)
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
    checksums.write_checksums(copied, [file for file in parts.FILES if file != name])
    with pytest.raises(DamagedModel, match=f"does not list {name}"):
        parts.check_parts(copied)


def test_the_hashes_are_those_of_the_files(copied):
    assert parts.check_parts(copied) == checksums.read_checksums(copied)
