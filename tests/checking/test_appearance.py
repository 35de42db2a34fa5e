"""Images that look odd by themselves."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.appearance import (
    BlankImages,
    BlurredImages,
    BrightImages,
    DarkImages,
    OddShapes,
    TinyImages,
    WrongEndings,
)


def darkened(image, share):
    return Image.fromarray((np.asarray(image) * share).astype(np.uint8))


BLURRED = photo(0, (200, 150)).resize((8, 6)).resize((200, 150), Image.Resampling.BICUBIC)
ODD = {
    BlankImages: Image.new("RGB", (60, 60), (120, 130, 140)),
    DarkImages: darkened(photo(0), 0.15),
    BrightImages: Image.fromarray(255 - np.asarray(darkened(photo(0), 0.15))),
    BlurredImages: BLURRED.filter(ImageFilter.GaussianBlur(20)),
    TinyImages: photo(0, (40, 20)),
    OddShapes: photo(0, (400, 100)),
}


@pytest.mark.parametrize("check", ODD, ids=lambda check: check.name)
def test_only_the_odd_image_is_found(check):
    random = np.random.default_rng(0)
    usual = Image.fromarray(random.integers(0, 256, (60, 60, 3)).astype(np.uint8))
    evidence = as_evidence([encoded(usual), encoded(ODD[check])], ["a", "a"])
    finding = check().find(evidence)
    assert [suspect.source.name for suspect in finding.suspects] == ["a/1.png"]
    assert finding.figures == {"n": 1, "share": 0.5}
    assert check().find(as_evidence([encoded(usual)], ["a"])) is None


def test_a_finding_is_not_hidden_for_being_common():
    evidence = as_evidence([encoded(photo(n, (20, 20))) for n in range(4)], ["a"] * 4)
    assert TinyImages().find(evidence).figures["n"] == 4


def test_the_oddest_image_comes_first():
    files = [encoded(photo(n, (100 * n, 100))) for n in (4, 6, 5)]
    found = OddShapes().find(as_evidence(files, ["a"] * 3)).suspects
    assert [each.why for each in found] == [
        "600 x 100 pixels",
        "500 x 100 pixels",
        "400 x 100 pixels",
    ]


def test_blank_images_are_not_called_blurred_and_are_dropped():
    evidence = as_evidence([encoded(ODD[BlankImages])], ["a"])
    assert BlurredImages().find(evidence) is None
    assert BlankImages().find(evidence).suspects[0].action == "drop"


def test_a_file_with_the_ending_of_another_format_is_found():
    files = [encoded(photo(0)), encoded(photo(1)), encoded(photo(2), "JPEG")]
    names = ["a/0.jpg", "a/1.PNG", "a/2"]
    finding = WrongEndings().find(as_evidence(files, ["a"] * 3, names=names))
    assert [(each.source.name, each.why) for each in finding.suspects] == [
        ("a/0.jpg", "PNG named .jpg")
    ]
