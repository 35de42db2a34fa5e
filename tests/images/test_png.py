import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from tests.images.odd_images import (
    animated,
    deep,
    encoded,
    half_transparent,
    oriented,
    png,
    png_chunk,
    scene,
)

from headstart.errors import ImageUnsupported
from headstart.images.decoding import decode
from headstart.images.png import MAX_CHUNKS, png_parts


def with_chunk(name, content):
    """A whole PNG with one more chunk before its pixels."""
    whole = png()
    place = whole.index(b"IDAT") - 4
    return whole[:place] + png_chunk(name, content) + whole[place:]


def with_text(**options):
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", "a" * 2_000_000, **options)
    return encoded(scene(), "PNG", pnginfo=info)


@pytest.mark.parametrize(
    "data",
    [
        with_text(zip=True),
        with_text(zip=False),
        with_chunk(b"iTXt", b"key\0\1\0\0\0not compressed"),
        with_chunk(b"iCCP", b"profile\0\0not compressed"),
        with_chunk(b"gAMA", b"1"),
        with_chunk(b"pHYs", b"1"),
    ],
    ids=["long zTXt", "long tEXt", "bad iTXt", "bad iCCP", "short gAMA", "short pHYs"],
)
def test_what_is_no_pixel_does_not_matter(data):
    decoded = decode(data, name="x")
    assert decoded.notes == ()
    assert np.array_equal(np.asarray(decoded.image), np.asarray(scene()))


@pytest.mark.parametrize(
    "image", [scene(), half_transparent(), scene().quantize(8), deep(np.uint16, 65535)]
)
def test_the_pixels_stay_as_they_are(image):
    data = encoded(image, "PNG")
    with Image.open(io.BytesIO(png_parts(data).pixels)) as kept:
        assert np.array_equal(np.asarray(kept), np.asarray(image))


def test_facts_are_read():
    assert png_parts(oriented(6, "PNG")).exif
    assert png_parts(animated("PNG")).frames == 3
    assert png_parts(encoded(deep(np.uint16, 9), "PNG")).bits == 16
    assert png_parts(png()).exif == png_parts(png()).xmp == b""


def test_exif_in_a_compressed_text_is_read():
    with Image.open(io.BytesIO(oriented(8))) as image:
        exif = image.info["exif"]
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(exif)}\n{exif.hex()}", zip=True)
    stored = scene().transpose(Image.Transpose.ROTATE_270)
    decoded = decode(encoded(stored, "PNG", pnginfo=info), name="x")
    assert decoded.size == scene().size
    assert np.array_equal(np.asarray(decoded.image), np.asarray(scene()))


def test_xmp_is_read():
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    assert decode(encoded(scene(), "PNG", pnginfo=info), name="x").size == scene().size[::-1]


def test_chunks_are_limited():
    whole, place = png(), png().index(b"IDAT") - 4
    more = png_chunk(b"teXt", b"") * (MAX_CHUNKS + 1)
    with pytest.raises(ImageUnsupported, match="at most 200,000 chunks"):
        decode(whole[:place] + more + whole[place:], name="x")


def test_of_several_compressed_texts_the_first_is_read(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "headstart.images.png._exif_of_text", lambda text: asked.append(text) or b""
    )
    whole, place = png(), png().index(b"IDAT") - 4
    texts = [png_chunk(b"zTXt", b"Raw profile type exif\0\0" + each) for each in (b"a", b"b")]
    png_parts(whole[:place] + b"".join(texts) + whole[place:])
    assert asked == [b"a"]


@settings(max_examples=200)
@given(st.binary(max_size=120))
def test_any_bytes_are_read_without_an_exception(data):
    assert png_parts(b"\x89PNG\r\n\x1a\n" + data).pixels.startswith(b"\x89PNG")


@settings(max_examples=100)
@given(
    chunks=st.lists(
        st.tuples(st.sampled_from([b"zTXt", b"acTL", b"eXIf", b"iTXt"]), st.binary(max_size=60)),
        max_size=3,
    )
)
def test_any_chunks_beside_the_pixels_leave_them_alone(chunks):
    whole = png()
    place = whole.index(b"IDAT") - 4
    more = b"".join(png_chunk(*chunk) for chunk in chunks)
    assert png_parts(whole[:place] + more + whole[place:]).pixels == whole
