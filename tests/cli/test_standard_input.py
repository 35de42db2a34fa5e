"""``-``: paths or an image from standard input."""

import io
import os
import subprocess
import sys

import pytest
from PIL import Image

from headstart.cli.standard_input import batches, found_batches
from headstart.errors import ImageTooLarge, UsageError
from headstart.images import sources


class Pieces:
    """A file of which each read returns one piece, as a pipe does."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.read_so_far = 0

    def read(self, _):
        self.read_so_far += 1
        return self.pieces.pop(0) if self.pieces else b""


def names(*pieces):
    return [[source.name for source in found.sources] for found in batches(Pieces(*pieces))]


def test_paths_in_another_encoding_are_refused_in_words(monkeypatch):
    # As on Windows, where paths are text.
    monkeypatch.setattr(os, "fsdecode", lambda path: path.decode("utf-8"))
    with pytest.raises(UsageError, match=r"in UTF-8\. Received: b'caf\\xe9\.jpg'"):
        names(b"caf\xe9.jpg\n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_name(encoding):
    # The beginning may arrive in pieces.
    data = "\ufeffa.jpg\r\nb.jpg\r\n".encode(encoding)
    for pieces in ([data], [data[:1], data[1:]]):
        with pytest.raises(UsageError, match=r"in UTF-8\. Received: UTF-16"):
            names(*pieces)


def encoded(kind):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"a.jpg\nb.jpg\n"], [["a.jpg", "b.jpg"]]),
        ([b"a.jpg\r\nb c.jpg\r\n\r\n"], [["a.jpg", "b c.jpg"]]),
        ([b"\xef\xbb\xbfa.jpg\nb.jpg"], [["a.jpg"], ["b.jpg"]]),
        ([b"a\nb.jpg\0c.jpg\0"], [["a\nb.jpg", "c.jpg"]]),
        ([b"a.j", b"pg\nb", b".jpg\n"], [["a.jpg"], ["b.jpg"]]),
        (["赤.jpg\n".encode()], [["赤.jpg"]]),
        ([b"BMW/1.jpg\nP1 house.jpg\nGIF89a.jpg\n"], [["BMW/1.jpg", "P1 house.jpg", "GIF89a.jpg"]]),
        ([b"GIF89a.jpg\n"], [["GIF89a.jpg"]]),
        ([b"P5 12 34.jpg\n"], [["P5 12 34.jpg"]]),
        ([], []),
        ([b"\n\n"], []),
    ],
)
def test_lists_of_paths(pieces, expected):
    assert names(*pieces) == expected


def test_a_folder_in_the_list_stands_for_its_images(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    (tmp_path / "notes.txt").touch()
    (found,) = batches(Pieces(os.fsencode(tmp_path) + b"\n"))
    assert [source.name for source in found.sources] == [str(tmp_path / "a.png")]
    assert found.skipped == {"not an image": 1}


def test_what_has_arrived_is_there_before_more_is_read():
    endless = Pieces(*[b"a.jpg\n"] * 1000)
    found = batches(endless)
    assert next(found).sources[0].name == "a.jpg"
    assert endless.read_so_far == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_an_image_is_known_by_its_first_bytes(kind, size):
    data = encoded(kind)
    # A pipe may deliver it in small pieces, but no program writes single bytes.
    pieces = [data[:13], *(data[at : at + size] for at in range(13, len(data), size))]
    (found,) = batches(Pieces(*pieces))
    (source,) = found.sources
    assert (source.name, source.read()) == ("standard input", data)


def test_what_is_no_list_and_no_image_is_answered_as_an_image():
    (found,) = batches(Pieces(b"%PDF-1.7 ..."))
    assert found.sources[0].read().startswith(b"%PDF")


def test_memory_is_bounded(monkeypatch):
    with pytest.raises(UsageError, match="without the end of a line"):
        list(batches(Pieces(*[b"a" * 1000] * 1000)))
    monkeypatch.setattr("headstart.cli.standard_input.MAX_BYTES", 10_000)
    monkeypatch.setattr(sources, "MAX_BYTES", 10_000)
    endless = Pieces(encoded("PNG"), *[b"a" * 1000] * 1000)
    (found,) = batches(endless)
    assert len(endless.pieces) > 900
    with pytest.raises(ImageTooLarge):
        found.sources[0].read()


def test_without_standard_input_it_is_said(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="which is closed"):
        next(found_batches())


@pytest.mark.parametrize("content", [b"", b"\n\r\n"])
def test_empty_standard_input_is_said(monkeypatch, tmp_path, content):
    (tmp_path / "empty").write_bytes(content)
    with (tmp_path / "empty").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with pytest.raises(UsageError, match="holds no path and no image"):
            next(found_batches())


@pytest.fixture
def predict(backbone):
    """A running ``headstart predict -``."""
    command = [sys.executable, "-m", "headstart", "predict", "-", "--model", backbone, "-q"]
    pipe = subprocess.PIPE
    run = subprocess.Popen([*command, "--top", "1"], stdin=pipe, stdout=pipe, stderr=pipe)
    yield run
    run.kill()
    run.communicate()


def test_each_line_is_answered_as_it_comes(predict, photos):
    for colour in ("red", "blue"):
        path = photos / colour / "0.png"
        predict.stdin.write(os.fsencode(path) + b"\n")
        predict.stdin.flush()
        assert predict.stdout.readline().strip() == os.fsencode(path)
        assert b"%" in predict.stdout.readline()
    predict.stdin.close()
    predict.stdin = None
    assert predict.communicate(timeout=60) == (b"", b"")
    assert predict.returncode == 0


def test_an_image_from_standard_input_is_predicted(predict):
    out, err = predict.communicate(encoded("JPEG"), timeout=60)
    assert out.startswith(b"standard input\n")
    assert (predict.returncode, err) == (0, b"")
