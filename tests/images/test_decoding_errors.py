import io
import logging
import pickle
import threading
import warnings

import pytest
from PIL import Image, ImageFile
from tests.images.odd_images import (
    BROKEN,
    ODD,
    bad_exif,
    encoded,
    jpeg,
    photo,
    png,
    png_chunk,
    scene,
)

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported
from headstart.images.decoding import decode
from headstart.images.decoding_errors import image_errors


@pytest.mark.parametrize(
    ("raised", "becomes", "says"),
    [
        (ValueError("odd"), ImageDamaged, "x must be a whole PNG file, .* corrupt: odd. Fetch"),
        (OSError("file is truncated"), ImageDamaged, "but is truncated: file is truncated. F"),
        (EOFError(), ImageDamaged, "but is truncated: EOFError. F"),
        (SyntaxError("unknown pixel mode"), ImageUnsupported, "x must be PNG of a variant .*mode"),
        (OSError("bad <_io.BytesIO object at 0x7f3a12>"), ImageDamaged, "corrupt: bad. Fetch"),
        (Image.DecompressionBombError("huge."), ImageTooLarge, "x needs too much memory: huge. S"),
        (MemoryError(), ImageTooLarge, "x needs too much memory. Save"),
        (ImageUnsupported("mine"), ImageUnsupported, "^mine$"),
    ],
)
def test_exceptions_become_image_errors(raised, becomes, says):
    with pytest.raises(becomes, match=says), image_errors("x", "PNG"):
        raise raised


def test_interrupts_stay_as_they_are():
    with pytest.raises(KeyboardInterrupt), image_errors("x", "PNG"):
        raise KeyboardInterrupt


def process_state():
    """What decoding could change for everything else in the process."""
    return (
        list(warnings.filters),
        warnings.showwarning,
        Image.MAX_IMAGE_PIXELS,
        ImageFile.LOAD_TRUNCATED_IMAGES,
        [(name, list(logging.getLogger(name).filters)) for name in ("PIL", "PIL.TiffImagePlugin")],
        threading.active_count(),
    )


@pytest.mark.parametrize("made", [*ODD.values(), *BROKEN.values()], ids=[*ODD, *BROKEN])
@pytest.mark.parametrize("as_stored", [False, True])
def test_decoding_changes_nothing_in_the_process_and_warns_of_nothing(made, as_stored, caplog):
    before = process_state()
    # scikit-learn and others send the filters to their workers.
    pickle.dumps(warnings.filters)
    try:
        decode(made.make(), name="x", at_least=(16, 16), as_stored=as_stored)
    except ImageError:
        assert made in BROKEN.values()
    assert process_state() == before
    pickle.dumps(warnings.filters)
    assert caplog.records == []


def test_limits_of_the_process_do_not_apply(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert decode(png(), name="x").size == scene().size
    assert decode(jpeg(), name="x").size == scene().size


def test_a_cut_jpeg_is_unreadable_whatever_the_process_has_set(monkeypatch):
    data = encoded(photo(), "JPEG")[:-300]
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    with pytest.raises(ImageDamaged, match="truncated"):
        decode(data, name="x")


def test_odd_exif_warns_of_nothing_on_any_thread():
    data = bad_exif()
    failed = []

    def run():
        try:
            for _ in range(20):
                decode(data, name="x", at_least=(9, 9))
        except Exception as error:  # noqa: BLE001 - an error on a thread would be lost
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_tiff_with_more_bands_than_pillow_knows_logs_nothing(caplog):
    # The tag for samples per pixel (277), a short, set to 255.
    data = bytearray(encoded(scene(), "TIFF"))
    entry = data.index(b"\x15\x01\x03\x00\x01\x00\x00\x00\x03\x00")
    data[entry + 8] = 255
    with pytest.raises(ImageError, match=r"255 bands|failed to read"):
        decode(bytes(data), name="x")
    assert caplog.records == []


def test_tags_that_pillow_warns_of_are_not_read():
    # The tag for the resolution (282) becomes one whose values lie beyond the end.
    data = bytearray(encoded(scene(), "TIFF", dpi=(72, 72)))
    entry = data.index(b"\x1a\x01\x05\x00\x01\x00\x00\x00")
    data[entry + 8 : entry + 12] = b"\xf0\xff\xff\x7f"
    assert decode(bytes(data), name="x").notes == ()


def test_an_animation_that_pillow_warns_of_is_read_as_a_still_image():
    whole = png()
    header = whole.index(b"IDAT") - 4
    odd = png_chunk(b"acTL", bytes(8))
    assert decode(whole[:header] + odd + odd + whole[header:], name="x").notes == ()
