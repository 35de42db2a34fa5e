"""When and with which camera an image was taken."""

import datetime as dt
import io

import pytest
from PIL import ExifTags, Image

from headstart.images.exif import Exif, read_exif
from headstart.images.sources import BytesSource, FileSource


def image(kind, tags, taken=None):
    exif = Image.Exif()
    exif.update(tags)
    if taken:
        exif.get_ifd(ExifTags.IFD.Exif).update(taken)
    if kind == "TIFF":  # EXIF itself is one
        return BytesSource("image", exif.tobytes().removeprefix(b"Exif\0\0"))
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind, exif=exif)
    return BytesSource("image", file.getvalue())


MAKE, MODEL, CHANGED, TAKEN, DIGITISED = 271, 272, 306, 36867, 36868
CAMERA = {MAKE: "RECONYX", MODEL: "HYPERFIRE 2"}
NIGHT = dt.datetime(2024, 5, 1, 23, 59, 7)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_date_and_camera_are_read_from_every_format(kind):
    source = image(kind, CAMERA, {TAKEN: "2024:05:01 23:59:07"})
    assert read_exif(source) == Exif(NIGHT, "RECONYX HYPERFIRE 2")


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R6", "Canon EOS R6"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("", "DC-G9", "DC-G9"),
        ("Apple", "", "Apple"),
        ("Bushnell\0\0", "119932C ", "Bushnell 119932C"),
    ],
)
def test_a_camera_is_make_and_model(make, model, camera):
    assert read_exif(image("JPEG", {MAKE: make, MODEL: model})).camera == camera


@pytest.mark.parametrize(
    ("tags", "taken", "date"),
    [
        ({}, {DIGITISED: "2024:05:01 23:59:07"}, NIGHT),
        ({CHANGED: "2024:05:01 23:59:07"}, {}, None),
        ({}, {TAKEN: "0000:00:00 00:00:00"}, None),
        ({}, {TAKEN: "    :  :     :  :  "}, None),
        ({}, {TAKEN: "0000:00:00 00:00:00", DIGITISED: "2024:05:01 23:59:07"}, NIGHT),
    ],
)
def test_the_date_is_that_of_the_shot_or_none(tags, taken, date):
    assert read_exif(image("JPEG", tags, taken)).date_taken == date


def test_where_there_is_nothing_there_is_nothing(tmp_path):
    plain = io.BytesIO()
    Image.new("RGB", (8, 8)).save(plain, "JPEG")
    sources = [
        BytesSource("plain", plain.getvalue()),
        BytesSource("empty", b""),
        FileSource(tmp_path / "nothing.jpg"),
        BytesSource("damaged", image("JPEG", CAMERA).data.replace(b"Exif\0\0MM", b"Exif\0\0XX")),
    ]
    assert [read_exif(source) for source in sources] == [Exif()] * 4


def test_damaged_tags_raise_nothing():
    data = image("JPEG", CAMERA, {TAKEN: "2024:05:01 23:59:07"}).data
    for place in range(20, 140):
        read_exif(BytesSource("image", data[:place] + b"\xff" + data[place + 1 :]))
