"""``headstart check``."""

import json

import pytest
from PIL import Image
from tests.cli.conftest import COLOURS, write_photo

from headstart.cli.main import main


@pytest.fixture
def photos(tmp_path):
    """Six noisy images of each of three colours, all of them different."""
    for number in range(18):
        name, colour = list(COLOURS.items())[number % 3]
        write_photo(tmp_path / "photos" / name / f"{number // 3}.png", colour, number)
    return tmp_path / "photos"


@pytest.fixture
def broken(photos):
    """Three colours; one file is broken, one is a copy."""
    (photos / "red" / "0.png").write_bytes(b"")
    (photos / "red" / "1.png").write_bytes((photos / "red" / "2.png").read_bytes())
    return photos


def test_findings_are_printed_sheets_are_drawn_and_a_list_is_written(
    broken, backbone, tmp_path, capsys
):
    words = ["check", str(broken), "--model", backbone]
    sheets, fix = tmp_path / "sheets", tmp_path / "colours.csv"
    assert main([*words, "--sheets", str(sheets), "--fix", str(fix)]) == 0
    printed = capsys.readouterr()
    assert "error: 1 image can't be read: 1 damaged." in printed.out
    assert "warning: 1 image is an exact copy of 1 other." in printed.out
    assert f"{fix} keeps 16 images, drops 2 and relabels 0." in printed.err
    with Image.open(sheets / "unreadable.png") as sheet:
        assert sheet.width > 280
    assert main(["check", str(fix), "--quick", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 16


def test_a_program_gets_one_line_of_json(broken, capsys):
    assert main(["check", str(broken), "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["worst"] == "error"
    assert [each["check"] for each in found["findings"]][:2] == ["unreadable", "exact-copies"]


@pytest.mark.parametrize(
    ("level", "status"), [(None, 0), ("error", 0), ("warning", 1), ("note", 1)]
)
def test_the_exit_status_is_what_was_asked_for(photos, level, status):
    (photos / "red" / "1.png").write_bytes((photos / "red" / "2.png").read_bytes())
    words = ["check", str(photos), "--quick", "-q"]
    assert main([*words, *(["--fail-on", level] if level else [])]) == status


def test_wrong_input_is_refused_before_an_image_is_read(photos, tmp_path, capsys):
    for words, why in {
        ("--fix", str(photos / "list.csv")): "The list must be written outside",
        ("--fix", str(tmp_path / "list.xlsx")): "must end in .csv",
        ("--sheets", str(photos / "sheets")): "The sheets must be written outside",
        ("--not-duplicates", str(tmp_path / "none.csv")): "must be a readable CSV file",
    }.items():
        assert main(["check", str(photos), "--quick", *words]) in (1, 2)
        assert why in capsys.readouterr().err
    assert main(["check", str(tmp_path / "nowhere"), "--quick"]) == 1
    assert main(["check", str(photos), "--relabel"]) == 2
    assert "--fix" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["check", str(photos), "--fail-on", "disaster"])
