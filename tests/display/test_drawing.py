from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from headstart.display import drawing
from headstart.errors import StorageError, UsageError


def written(text, width=100):
    image = Image.new("RGB", (200, 30), "white")
    drawing.write_line(ImageDraw.Draw(image), (0, 0), text, width, "black")
    return np.asarray(image)


@pytest.mark.parametrize("text", ["x" * 300, "жук-олень " * 9, "猫科动物" * 9, "a\nb", ""])
def test_any_text_stays_within_its_width(text):
    assert (written(text)[:, 101:] == 255).all()


def test_text_that_fits_is_written_whole():
    assert (written("short")[:, :100] < 255).any()
    assert (written("short", 100) == written("short", 50)).all()


def test_wide_letters_are_not_shortened_where_they_fit(monkeypatch):
    # Letters that take two columns of a terminal, in a font that every machine has.
    monkeypatch.setattr(drawing, "columns", lambda text: 2 * len(text))
    shortened = []
    monkeypatch.setattr(drawing, "shorten", lambda text, width: shortened.append(width) or text)
    written("abcd")
    assert shortened == [8]


def test_other_suffixes_are_refused():
    drawing.check_png(Path("a.PNG"))
    with pytest.raises(UsageError, match=r"end in \.png\. Received: a\.jpg"):
        drawing.check_png(Path("a.jpg"))


def test_image_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    image = Image.new("RGB", (2, 2))
    drawing.save_png(image, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as opened:
        assert opened.format == "PNG"

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(image, "save", fail)
    with pytest.raises(StorageError):
        drawing.save_png(image, tmp_path / "b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
