import errno
import io
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.images.odd_images import (
    deep,
    encoded,
    half_transparent,
    oriented,
    photo,
    png,
    scene,
    truncated_jpeg,
    write_special,
)

from headstart.errors import (
    ImageDamaged,
    ImageError,
    ImageNotFound,
    ImageTooLarge,
    ImageUnreadable,
    UsageError,
)
from headstart.images import sources
from headstart.images.decoding import decode
from headstart.images.sources import (
    ArraySource,
    BytesSource,
    FileSource,
    PillowSource,
    UnreadableSource,
    as_source,
    check_bytes,
    content_hash,
)


class TestFileSource:
    def test_reads_the_bytes_and_is_named_by_its_path(self, tmp_path):
        path = tmp_path / "Käfer 甲虫.jpg"
        path.write_bytes(b"content")
        source = FileSource(path)
        assert source.read() == b"content"
        assert source.name == str(path)

    def test_pipes_broken_links_and_the_like_are_errors(self, tmp_path):
        for name, (error, says) in write_special(tmp_path).items():
            with pytest.raises(ImageError, match=name) as caught:
                FileSource(tmp_path / name).read()
            assert type(caught.value) is error
            assert says in str(caught.value)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
    def test_reading_does_not_wait_for_a_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.jpg")
        failed = threading.Event()

        def read():
            with pytest.raises(ImageUnreadable, match="pipe"):
                FileSource(tmp_path / "pipe.jpg").read()
            failed.set()

        threading.Thread(target=read, daemon=True).start()
        assert failed.wait(30)

    def test_a_folder_is_an_error(self, tmp_path):
        with pytest.raises(ImageUnreadable, match="folder"):
            FileSource(tmp_path).read()

    def test_a_device_is_an_error(self):
        if not Path("/dev/zero").exists():
            pytest.skip("no /dev/zero on this system")
        with pytest.raises(ImageUnreadable, match="device"):
            FileSource("/dev/zero").read()

    @pytest.mark.parametrize("name", ["nowhere.jpg", "no/where.jpg", "a\0b.jpg"])
    def test_a_missing_file_is_an_error(self, tmp_path, name):
        with pytest.raises(ImageNotFound, match="There is no file"):
            FileSource(f"{tmp_path}/{name}").read()

    def test_a_file_below_a_file_is_missing(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(b"")
        with pytest.raises(ImageNotFound, match="There is no file"):
            FileSource(tmp_path / "a.jpg" / "b.jpg").read()

    @pytest.mark.parametrize("address", ["https://example.org/cat.jpg", "http://example.org/a"])
    def test_a_web_address_is_an_error(self, address):
        with pytest.raises(ImageNotFound, match="web address"):
            FileSource(address).read()

    def test_links_in_a_circle_are_an_error(self, tmp_path):
        (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
        (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
        with pytest.raises(ImageUnreadable, match="could not be opened"):
            FileSource(tmp_path / "a.jpg").read()

    def test_an_error_while_reading_is_an_image_error(self, tmp_path, monkeypatch):
        def fail(_):
            raise OSError(5, "Input/output error")

        (tmp_path / "a.jpg").write_bytes(b"x")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fstat", fail)
            with pytest.raises(ImageUnreadable, match="Input/output"):
                FileSource(tmp_path / "a.jpg").read()

    def test_a_name_that_is_too_long_is_an_error(self, tmp_path):
        for name in ("a" * 300 + ".jpg", "a/" * 5000 + "b.jpg"):
            with pytest.raises(ImageError, match=r"longer than the system allows|no file"):
                FileSource(tmp_path / name).read()

    @pytest.mark.parametrize(
        ("number", "error", "says"),
        [
            (errno.EACCES, ImageUnreadable, "it, or a folder that it is in, may not be read"),
            (errno.ENAMETOOLONG, ImageUnreadable, "its name is longer than the system allows"),
            (errno.EIO, ImageUnreadable, "Input/output error"),
            (errno.ENXIO, ImageUnreadable, "No such device"),
            (errno.ENOENT, ImageNotFound, "There is no file"),
            (errno.ENOTDIR, ImageNotFound, "There is no file"),
        ],
    )
    def test_the_error_of_the_system_decides(self, monkeypatch, number, error, says):
        """Also if nothing else can be learnt of the file, as in a folder one may not enter."""

        def fail(*_, **__):
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            for name in ("open", "stat", "lstat", "readlink"):
                patch.setattr(os, name, fail)
            with pytest.raises(error, match=says):
                FileSource("locked/a.jpg").read()

    def test_a_file_in_a_folder_one_may_not_enter_is_an_error(self, tmp_path):
        if getattr(os, "geteuid", lambda: 0)() == 0:
            pytest.skip("the administrator may enter every folder, and Windows has other rights")
        folder = tmp_path / "locked"
        folder.mkdir()
        (folder / "a.jpg").write_bytes(png())
        folder.chmod(0)
        try:
            with pytest.raises(ImageUnreadable, match="a folder that it is in"):
                FileSource(folder / "a.jpg").read()
        finally:
            folder.chmod(0o700)

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
    def test_a_file_that_says_that_it_is_empty_is_read(self):
        assert b"Name:" in FileSource("/proc/self/status").read()

    def test_a_file_that_does_not_end_is_too_large(self, tmp_path, monkeypatch):
        file, empty = tmp_path / "a.jpg", tmp_path / "empty"
        file.write_bytes(bytes(3 * 1024**2))
        empty.touch()
        said = empty.stat()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fstat", lambda _: said)
            assert FileSource(file).read() == bytes(3 * 1024**2)
            patch.setattr(sources, "MAX_BYTES", 2 * 1024**2)
            with pytest.raises(ImageTooLarge, match="at most 2 MiB"):
                FileSource(file).read()

    @pytest.mark.skipif(not hasattr(os, "set_blocking"), reason="no such files on this system")
    def test_a_file_that_has_nothing_to_read_yet_is_not_waited_for(self, tmp_path, monkeypatch):
        (tmp_path / "empty").touch()
        said = (tmp_path / "empty").stat()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        with monkeypatch.context() as patch:
            patch.setattr(sources, "open_at_once", lambda *_: reading)
            patch.setattr(os, "fstat", lambda _: said)
            with pytest.raises(ImageUnreadable, match="nothing to read yet"):
                FileSource("kmsg").read()
        os.close(writing)

    def test_a_name_that_is_not_unicode_can_be_printed(self):
        assert FileSource(os.fsdecode(b"b\xe9b\xe9.jpg")).name == r"b\xe9b\xe9.jpg"


def test_bytes_are_returned_and_limited():
    assert BytesSource("x", b"content").read() == b"content"
    with pytest.raises(ImageTooLarge, match="256 MiB"):
        BytesSource("x", bytes(257 * 1024**2)).read()


def test_the_limit_on_bytes_includes_the_limit():
    check_bytes(256 * 1024**2, "x")
    with pytest.raises(ImageTooLarge, match=r"x must hold at most 256 MiB. Received: 257 MiB"):
        check_bytes(257 * 1024**2, "x")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_pixels_of_an_array_are_kept(mode):
    image = photo().convert(mode)
    source = ArraySource("image 3", np.asarray(image))
    decoded = decode(source.read(), name=source.name)
    assert np.array_equal(np.asarray(decoded.image), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(
    ("array", "remedy"),
    [
        (np.zeros((4, 4, 3)), r"astype\('uint8'\)"),
        (np.zeros((3, 8, 8), np.uint8), r"np\.moveaxis\(image, 0, -1\)"),
        (np.zeros((3, 8, 8)), r"np\.moveaxis.*astype"),
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)\.$"),
        (np.zeros((1, 4, 4, 3), np.uint8), ""),
        (np.zeros(4, np.uint8), ""),
        (np.zeros((0, 4, 3), np.uint8), ""),
    ],
)
def test_an_array_that_is_not_an_image_is_an_error(array, remedy):
    with pytest.raises(UsageError, match=rf"image 7 must be a uint8 array.*{remedy}"):
        as_source(array, 7)


class TestPillowSource:
    @pytest.mark.parametrize(
        "image",
        [
            scene(),
            scene().convert("L"),
            scene().quantize(8),
            half_transparent(),
            scene().convert("CMYK"),
            deep(np.uint16, 65535),
            deep(np.int32, 900),
            deep(np.float32, 0.7),
        ],
        ids=lambda image: image.mode,
    )
    def test_decodes_like_a_file_of_the_same_image(self, image):
        kind = "PNG" if image.mode in {"RGB", "L", "P", "RGBA", "I;16"} else "TIFF"
        expected = decode(encoded(image, kind), name="x")
        decoded = decode(PillowSource("x", image).read(), name="x")
        assert np.array_equal(np.asarray(decoded.image), np.asarray(expected.image))
        assert decoded.notes == expected.notes

    def test_ycbcr_is_read_as_pillow_converts_it(self):
        image = scene().convert("YCbCr")
        decoded = decode(PillowSource("x", image).read(), name="x")
        assert np.array_equal(np.asarray(decoded.image), np.asarray(image.convert("RGB")))

    @pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L", "I;16N"])
    def test_16_bit_grey_is_the_same_in_every_order_of_bytes(self, mode):
        grey = np.asarray(photo().convert("L"))
        little = mode in {"I;16", "I;16L"} or (mode == "I;16N" and sys.byteorder == "little")
        stored = (grey.astype(np.uint16) * 16).astype("<u2" if little else ">u2")
        image = Image.frombytes(mode, photo().size, stored.tobytes())
        decoded = decode(PillowSource("x", image).read(), name="x")
        assert "12 bits used" in decoded.notes[0]
        assert np.abs(np.asarray(decoded.image, int)[..., 0] - grey).max() <= 1

    def test_multiplied_transparency_is_undone(self):
        image = half_transparent().convert("LA").convert("La")
        decoded = decode(PillowSource("x", image).read(), name="x")
        assert decoded.notes == ("transparent: shown on white",)

    def test_unusual_modes_are_converted_to_rgba(self):
        decoded = decode(PillowSource("x", half_transparent().convert("RGBa")).read(), name="x")
        assert decoded.notes == ("transparent: shown on white",)

    def test_the_orientation_of_an_opened_file_is_applied(self):
        data = oriented(6)
        decoded = decode(PillowSource("x", Image.open(io.BytesIO(data))).read(), name="x")
        expected = decode(data, name="x").image
        assert np.array_equal(np.asarray(decoded.image), np.asarray(expected))

    def test_a_truncated_file_is_an_error_when_it_is_read(self):
        source = PillowSource("image 2", Image.open(io.BytesIO(truncated_jpeg())))
        with pytest.raises(ImageDamaged, match="image 2"):
            source.read()


def test_an_unreadable_source_raises_its_error():
    error = ImageNotFound("gone")
    with pytest.raises(ImageNotFound, match="gone") as caught:
        UnreadableSource("x", error).read()
    assert caught.value is error


def test_every_kind_of_image_becomes_its_source(tmp_path):
    path = tmp_path / "a.png"
    source = FileSource(path)
    assert as_source(str(path)) == FileSource(str(path))
    assert as_source(path) == source
    assert as_source(source) is source
    assert as_source(b"data", 4) == BytesSource("image 4", b"data")
    assert isinstance(as_source(np.zeros((2, 2), np.uint8)), ArraySource)
    assert as_source(scene(), 5).name == "image 5"


@pytest.mark.parametrize("thing", [None, 3, ["a.jpg"], object()])
def test_other_types_are_an_error(thing):
    with pytest.raises(UsageError, match=f"image 1 must be.*Received: {type(thing).__name__}"):
        as_source(thing, 1)


def test_the_content_hash_is_of_the_bytes_alone(tmp_path):
    (tmp_path / "a").write_bytes(png())
    assert content_hash(FileSource(tmp_path / "a").read()) == content_hash(png())
    assert content_hash(png()) != content_hash(png() + b"\0")
    # The keys of existing caches depend on it.
    assert content_hash(b"headstart") == "25eba00861693ed9d4b899d805c9a570"


def test_a_file_that_memory_can_not_hold_is_too_large(tmp_path, monkeypatch):
    def refuse(*_):
        raise MemoryError

    source = FileSource(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(b"x")
    monkeypatch.setattr(FileSource, "_read_regular", refuse)
    with pytest.raises(ImageTooLarge, match="needs too much memory"):
        source.read()
