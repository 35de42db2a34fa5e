"""Sheets of the images that checks have found."""

import pytest
from PIL import Image
from tests.checking.conftest import encoded, photo

from headstart.checking.finding import Finding, Suspect
from headstart.checking.sheets import check_sheets, draw_sheets
from headstart.errors import ImageDamaged, UsageError
from headstart.images.sources import BytesSource


def finding(check, *suspects):
    return Finding(check=check, severity="note", headline="", advice="", suspects=suspects)


def test_each_finding_with_images_has_a_sheet_and_old_ones_go(tmp_path):
    whole = Suspect(source=BytesSource("a", encoded(photo(0))), label="x", why="dark")
    broken = Suspect(source=BytesSource("b", b""), label="y", error=ImageDamaged("It is empty."))
    for old in ("small-classes", "blank", "mine"):
        (tmp_path / f"{old}.png").write_bytes(b"old")
    found = [finding("dark", whole, whole), finding("small-classes"), finding("unreadable", broken)]
    drawn = draw_sheets(found, ["blank"], tmp_path)
    assert drawn == (tmp_path / "dark.png", tmp_path / "unreadable.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dark.png",
        "mine.png",
        "unreadable.png",
    ]
    with Image.open(drawn[0]) as sheet:
        assert sheet.width > 2 * 280


def test_sheets_among_the_images_are_refused(tmp_path):
    with pytest.raises(UsageError, match="outside the folder of the images"):
        check_sheets(tmp_path / "found", tmp_path)
