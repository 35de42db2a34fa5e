"""Tables of predictions: for people, for programs and for spreadsheets."""

import csv
import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from headstart.cli.csv_files import CsvSettings, csv_file, relative_to
from headstart.errors import ImageDamaged
from headstart.images.sources import BytesSource, FileSource
from headstart.networks.classes import ClassName
from headstart.prediction.answer import Answer

CLASSES = (ClassName("n1", "ant"), ClassName("bee", "bee"))


def taken():
    exif = Image.Exif()
    exif.update({271: "Canon", 272: "EOS R6"})
    exif.get_ifd(ExifTags.IFD.Exif)[36867] = "2024:05:01 23:59:07"
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def answer(source=None, classes=CLASSES, **more):
    source = source or BytesSource("a.png", taken())
    return Answer(0, source, classes, np.array([0.75, 0.25], np.float32), **more)


def unreadable():
    return Answer(1, FileSource("b.png"), CLASSES, error=ImageDamaged("b.png is cut short."))


def table(tmp_path, *answers, top=2, inputs=(), encoding="utf-8", **settings):
    path = tmp_path / "table.csv"
    with csv_file(path, CsvSettings(**settings), top=top, inputs=inputs) as file:
        for each in answers:
            file.add(each)
    with path.open(newline="", encoding=encoding) as file:
        return list(csv.reader(file))


def test_a_wide_table_has_a_row_for_each_image(tmp_path):
    notes = ("animated: first frame; 12 in all", "CMYK converted")
    verdict = {"unsure": True, "unlike": True, "prediction_set": ("ant", "=b"), "parent": "insect"}
    rows = table(tmp_path, answer(notes=notes), answer(**verdict), unreadable())
    assert rows == [
        [
            *("path", "label", "probability", "second_label", "second_probability", "unsure"),
            *("error", "notes", "date_taken", "camera", "unlike", "prediction_set", "parent"),
        ],
        [
            *("a.png", "ant", "0.750000", "bee", "0.250000", "", ""),
            *(
                "animated: first frame; 12 in all | CMYK converted",
                "2024-05-01 23:59:07",
                "Canon EOS R6",
            ),
            *("", "", ""),
        ],
        [
            *("a.png", "ant", "0.750000", "bee", "0.250000", "yes", "", ""),
            *("2024-05-01 23:59:07", "Canon EOS R6", "yes", "ant | =b", "insect"),
        ],
        ["b.png", "", "", "", "", "", "b.png is cut short.", "", "", "", "", "", ""],
    ]


def test_a_model_of_one_class_has_no_second(tmp_path):
    one = Answer(0, FileSource("a.png"), CLASSES[:1], np.array([1], np.float32))
    assert table(tmp_path, one)[1][:5] == ["a.png", "ant", "1.000000", "", ""]


def test_a_long_table_has_a_row_for_each_class_and_one_for_an_unreadable_image(tmp_path):
    assert table(tmp_path, answer(), unreadable(), format="long") == [
        ["path", "rank", "id", "label", "probability", "error", "message"],
        ["a.png", "1", "n1", "ant", "0.750000", "", ""],
        ["a.png", "2", "bee", "bee", "0.250000", "", ""],
        ["b.png", "", "", "", "", "ImageDamaged", "b.png is cut short."],
    ]
    assert len(table(tmp_path, answer(), format="long", top=1)) == 2


@pytest.mark.parametrize("bom", [True, False])
def test_excel_knows_the_encoding_by_a_mark(tmp_path, bom):
    classes = (ClassName("1", "größe"), ClassName("2", "赤"))
    for encoding in ("utf-8", "utf-8-sig"):
        rows = table(tmp_path, answer(classes=classes), bom=bom, encoding=encoding)
        assert rows[0][0] == ("\ufeffpath" if bom and encoding == "utf-8" else "path")
        assert rows[1][1:4:2] == ["größe", "赤"]


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_text_that_a_spreadsheet_would_compute_is_marked_unless_raw(tmp_path, layout):
    classes = (ClassName("n1", "=1+1"), ClassName("n2", "-x"))
    found = answer(FileSource("@SUM(A1).png"), classes)
    cells = table(tmp_path, found, format=layout, raw=False)[1:]
    assert {"'@SUM(A1).png", "'=1+1", "'-x"} <= set(sum(cells, []))  # noqa: RUF017 - few
    cells = table(tmp_path, found, format=layout, raw=True)[1:]
    assert {"@SUM(A1).png", "=1+1", "-x"} <= set(sum(cells, []))  # noqa: RUF017 - few


def test_every_text_can_be_written(tmp_path):
    classes = (ClassName("1", "line\nbreak"), ClassName("2", "\udc80"))
    (row,) = table(tmp_path, answer(FileSource('a,"b".png'), classes))[1:]
    assert row[0] == 'a,"b".png'
    assert row[1:4:2] == ["line\nbreak", "\\udc80"]


def test_paths_are_relative_to_one_folder_and_else_as_they_were_found(tmp_path):
    folder = str(tmp_path)
    for named in (folder, f"{folder}/"):
        assert relative_to([named])(f"{folder}/a/b.png") == "a/b.png"
    assert relative_to(["photos.zip"])("photos.zip/a/b.png") == "a/b.png"
    assert relative_to(["a.png"])("a.png") == "a.png"
    assert relative_to([folder, folder])(f"{folder}/b.png") == f"{folder}/b.png"
    assert relative_to([f"{folder}/*.png"])(f"{folder}/b.png") == f"{folder}/b.png"
    assert relative_to(["-"])("b.png") == "b.png"


def test_a_failure_leaves_no_table(tmp_path):
    with pytest.raises(ValueError, match="no"):  # noqa: SIM117 - the file is in the second
        with csv_file(tmp_path / "table.csv", CsvSettings(), top=1, inputs=()) as file:
            file.add(answer())
            raise ValueError("no")
    assert list(tmp_path.iterdir()) == []
