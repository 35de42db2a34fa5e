"""The table of formats and rules in docs/images.md says what decoding does."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from tests.documents.markdown import ROOT, table
from tests.images.odd_images import ODD, encoded, jpeg, photo

from headstart.images.decoding import decode
from headstart.images.notes import kind_of
from headstart.images.signatures import SIGNATURES

TEXT = (ROOT / "docs" / "images.md").read_text("utf-8")
GREY = np.asarray(photo().convert("L"))


def tiff(values, **options):
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


def heic_of_10_bits():
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.encode("RGB;10", photo().size, np.asarray(photo()).astype(np.uint16).tobytes(), file)
    return file.getvalue()


def heic_of_two():
    heif = pytest.importorskip("pillow_heif")
    file, both = io.BytesIO(), heif.HeifFile()
    both.add_from_pillow(photo())
    both.add_from_pillow(photo())
    both.save(file)
    return file.getvalue()


def dicom(**elements):
    from tests.images.test_dicom import dicom

    return dicom(GREY.astype(np.int16), **elements)


#: An image for each note that `ODD` has no image for.
MORE = {
    "orientation unknown": lambda: jpeg(exif=b"Exif\0\0what is this"),
    "upper bits": lambda: b"P6 5 3 65535 " + np.zeros((3, 5, 3), ">u2").tobytes(),
    "floats": lambda: encoded(Image.fromarray(GREY.astype(np.float32)), "TIFF"),
    "colours and more": lambda: tiff(
        np.dstack([photo(), photo()])[..., :5].astype(np.float32),
        photometric="rgb",
        planarconfig="contig",
        extrasamples=["unspecified"] * 2,
    ),
    "three bands": lambda: tiff(np.asarray(photo()), photometric="minisblack", planarconfig=1),
    "two bands": lambda: tiff(
        np.dstack([GREY, GREY]).astype(np.uint16), photometric="minisblack", planarconfig=1
    ),
    "window": lambda: dicom(WindowCenter=40, WindowWidth=400),
    "no window": dicom,
    "10 bits": heic_of_10_bits,
    "two": heic_of_two,
}


def plain(note):
    """The kind of a note, in which numbers, and what they are of, are all the same."""
    kind = re.sub(r"\d[\d.e+]*", "N", kind_of(note)).removesuffix("...").strip()
    kind = kind.replace(" with N bits used", "").replace("colour: N became", "grey: N became")
    kind = re.sub(r"^DICOM without a window: .*", "DICOM without a window:", kind)
    return re.sub(r"^[A-Za-z]+ converted", "CMYK converted", kind)


def test_every_note_is_in_the_table_and_every_one_there_is_given():
    quoted = {plain(note) for note in re.findall(r'\| "([^"]+)" \|', TEXT)}
    made = [odd.make() for odd in ODD.values()] + [make() for make in MORE.values()]
    given = {plain(note) for data in made for note in decode(data, name="x").notes}
    assert given == quoted


def test_every_format_is_in_the_table():
    named = " ".join(row[0] for row in table(TEXT, "format"))
    assert [known.kind for known in SIGNATURES if known.decoder and known.kind not in named] == []
