import io
import threading
import warnings

import pytest
from PIL import Image
from tests.data.odd_images import bad_exif, encoded, png, scene

from headstart.data.decoding import decode
from headstart.data.decoding_errors import image_errors
from headstart.errors import ImageDamaged, ImageTooLarge, ImageUnsupported


@pytest.mark.parametrize(
    ("raised", "becomes", "says"),
    [
        (ValueError("odd"), ImageDamaged, "x must be a whole PNG file, .* corrupt: odd. Fetch"),
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


def test_warnings_are_hidden_inside_and_shown_afterwards():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with image_errors("x", "PNG"), image_errors("y", "PNG"):
            warnings.warn("inside", UserWarning, stacklevel=1)
        warnings.warn("after", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in shown] == ["after"]


def test_other_warnings_are_shown():
    decode(png(), name="x")
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", UserWarning, stacklevel=1)


def test_warnings_of_pillow_are_hidden_on_every_thread():
    data = bad_exif()
    with pytest.warns(UserWarning, match="larger than file|Truncated File"):
        Image.open(io.BytesIO(data)).getexif()
    failed = []

    def run():
        try:
            for _ in range(20):
                decode(data, name="x")
        except Exception as error:  # noqa: BLE001 - an error on a thread would be lost
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_messages_that_pillow_logs_are_hidden(caplog):
    # The tag for samples per pixel (277), a short, set to 255.
    data = bytearray(encoded(scene(), "TIFF"))
    entry = data.index(b"\x15\x01\x03\x00\x01\x00\x00\x00\x03\x00")
    data[entry + 8] = 255
    with pytest.raises(ImageDamaged):
        decode(bytes(data), name="x")
    assert caplog.records == []
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(data), formats=("TIFF",))
    assert "More samples per pixel" in caplog.text
