"""Odd and broken images of every kind, generated for the tests.

`ODD` has the images that are readable, with the expected note, and `BROKEN` those that are
unreadable, with the expected error. `write_all` fills a folder with both, and with the odd things
that only a file system can hold.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from headstart.errors import (
    ImageDamaged,
    ImageError,
    ImageNotFound,
    ImageTooLarge,
    ImageUnreadable,
    ImageUnsupported,
)

WIDTH, HEIGHT = 64, 48


@dataclass(frozen=True)
class Odd:
    """A readable image: `note` is part of one of its notes, or None if it has no notes."""

    make: Callable[[], bytes]
    suffix: str
    note: str | None = None


@dataclass(frozen=True)
class Broken:
    """An unreadable image: decoding raises `error`, whose message contains `says`."""

    make: Callable[[], bytes]
    suffix: str
    error: type[ImageError]
    says: str


def scene(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """An image whose corners are red, green, blue and yellow, from the top left."""
    corners = np.array([[[220, 20, 20], [20, 200, 20]], [[20, 20, 220], [230, 220, 20]]], np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.NEAREST)


def photo(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Image.Image:
    """An image with texture at every scale, like a photo."""
    random = np.random.default_rng(seed)
    image = np.zeros((height, width, 3))
    for cells in (3, 9, 27):
        noise = random.integers(0, 256, (cells, cells, 3), np.uint8)
        image += np.asarray(Image.fromarray(noise).resize((width, height)), float) / 3
    return Image.fromarray(image.astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(**options: object) -> bytes:
    return encoded(scene(), "JPEG", quality=95, subsampling=0, **options)


def truncated_jpeg() -> bytes:
    whole = encoded(photo(), "JPEG")
    return whole[: len(whole) - 300]


def png() -> bytes:
    return encoded(scene(), "PNG")


def half_transparent() -> Image.Image:
    image = scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    return image


def transparent_palette() -> bytes:
    image = scene().quantize(8)
    corner = image.getpixel((0, 0))
    return encoded(image, "PNG", transparency=corner)


def deep(dtype: type, top: float) -> Image.Image:
    ramp = np.linspace(0, top, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
    return Image.fromarray(ramp.astype(dtype))


def animated(kind: str, frames: int = 3) -> bytes:
    more = [photo(seed=seed) for seed in range(1, frames)]
    return encoded(scene(), kind, save_all=True, append_images=more, duration=50)


def oriented(orientation: int, kind: str = "JPEG") -> bytes:
    """`scene` as a turned camera stores it: upright again once the orientation is applied."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = scene() if undo is None else scene().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, kind, exif=exif)


def bad_exif() -> bytes:
    """A JPEG whose EXIF entries lie beyond its end, which makes Pillow warn."""
    entries = b"".join(bytes([0x10 + i, 1, 2, 0, 200, 0, 0, 0, 90, 0, 0, 0]) for i in range(3))
    return jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\x03\0" + entries + bytes(4))


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def deep_colour(top: float, bands: int = 3) -> np.ndarray:
    """`photo` as 16-bit integers up to `top`; a fourth band makes its left half transparent."""
    values = np.asarray(photo()) * (top / 255)
    if bands == 4:
        alpha = np.broadcast_to(np.where(np.arange(WIDTH) < WIDTH // 2, 0, top), (HEIGHT, WIDTH))
        values = np.dstack([values, alpha])
    return values.round().astype(np.uint16)


def png_of(values: np.ndarray, *chunks: bytes) -> bytes:
    """A PNG of 16-bit colours, which Pillow does not write."""
    height, width, bands = values.shape
    kind = {3: 2, 4: 6}[bands]
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    pixels = png_chunk(b"IDAT", zlib.compress(rows))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *chunks, pixels, png_chunk(b"IEND", b"")])


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that claims to be `width` by `height`."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(4096)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + png_chunk(b"IEND", b"")


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
HTML = b"<!DOCTYPE html><html><title>404</title><body>Not found</body></html>"

ODD: dict[str, Odd] = {
    "grey_png": Odd(lambda: encoded(scene().convert("L"), "PNG"), ".png"),
    "grey_jpeg": Odd(lambda: encoded(scene().convert("L"), "JPEG"), ".jpg"),
    "black_and_white": Odd(lambda: encoded(scene().convert("1"), "PNG"), ".png"),
    "grey_alpha": Odd(
        lambda: encoded(half_transparent().convert("LA"), "PNG"), ".png", "shown on white"
    ),
    "palette": Odd(lambda: encoded(scene().quantize(8), "PNG"), ".png"),
    "palette_transparent": Odd(transparent_palette, ".png", "shown on white"),
    "rgb_with_transparent_colour": Odd(
        lambda: encoded(scene(), "PNG", transparency=(220, 20, 20)), ".png", "shown on white"
    ),
    "rgba": Odd(lambda: encoded(half_transparent(), "PNG"), ".png", "shown on white"),
    "rgba_opaque": Odd(lambda: encoded(scene().convert("RGBA"), "PNG"), ".png"),
    "rgba_webp": Odd(lambda: encoded(half_transparent(), "WEBP"), ".webp", "shown on white"),
    "cmyk_jpeg": Odd(lambda: encoded(scene().convert("CMYK"), "JPEG"), ".jpg", "CMYK converted"),
    "cmyk_tiff": Odd(lambda: encoded(scene().convert("CMYK"), "TIFF"), ".tif", "CMYK converted"),
    "lab_tiff": Odd(lambda: encoded(Image.new("LAB", (9, 9)), "TIFF"), ".tif", "LAB converted"),
    "16_bit_png": Odd(lambda: encoded(deep(np.uint16, 65535), "PNG"), ".png", "16-bit grey: 65535"),
    "16_bit_png_transparent": Odd(
        lambda: encoded(deep(np.uint16, 65535), "PNG", transparency=0), ".png", "shown on white"
    ),
    "16_bit_tiff": Odd(
        lambda: encoded(deep(np.uint16, 4095), "TIFF"), ".tiff", "brightest is 4095"
    ),
    "16_bit_pgm": Odd(lambda: encoded(deep(np.uint16, 65535), "PPM"), ".pgm", "16-bit grey: 65535"),
    "32_bit_tiff": Odd(
        lambda: encoded(deep(np.int32, 1e6), "TIFF"), ".tif", "32-bit integers stretched"
    ),
    "float_tiff": Odd(
        lambda: encoded(deep(np.float32, 1.0), "TIFF"), ".tif", "floats: 1 became 255"
    ),
    "float_tiff_wide": Odd(
        lambda: encoded(deep(np.float32, 500.0), "TIFF"), ".tif", "500 became 255"
    ),
    "animated_gif": Odd(lambda: animated("GIF"), ".gif", "first frame; 3 in all"),
    "animated_webp": Odd(lambda: animated("WEBP"), ".webp", "first frame; 3 in all"),
    "animated_png": Odd(lambda: animated("PNG"), ".png", "first frame; 3 in all"),
    "still_gif": Odd(lambda: encoded(scene(), "GIF"), ".gif"),
    "pages_tiff": Odd(lambda: animated("TIFF"), ".tif", "the first; 3 in all"),
    "mpo": Odd(lambda: animated("MPO", 2), ".mpo", "the first; 2 in all"),
    **{f"orientation_{turn}": Odd(lambda t=turn: oriented(t), ".jpg") for turn in range(1, 9)},
    "orientation_in_png": Odd(lambda: oriented(6, "PNG"), ".png"),
    "orientation_in_tiff": Odd(lambda: oriented(8, "TIFF"), ".tif"),
    "bad_exif": Odd(bad_exif, ".jpg"),
    "progressive_jpeg": Odd(lambda: jpeg(progressive=True), ".jpg"),
    "jpeg_2000": Odd(lambda: encoded(scene(), "JPEG2000"), ".jp2"),
    "jpeg_2000_codestream": Odd(lambda: encoded(scene(), "JPEG2000", no_jp2=True), ".j2k"),
    "jpeg_2000_16_bit": Odd(
        lambda: encoded(deep(np.uint16, 65535), "JPEG2000"), ".jp2", "16-bit grey: 65535"
    ),
    "16_bit_colour_png": Odd(
        lambda: png_of(deep_colour(65535)), ".png", "16-bit colour: 65535 became 255"
    ),
    "12_bit_colour_png": Odd(
        lambda: png_of(deep_colour(4095)), ".png", "16-bit colour with 12 bits used: 4095"
    ),
    "bmp": Odd(lambda: encoded(scene(), "BMP"), ".bmp"),
    "ppm": Odd(lambda: encoded(scene(), "PPM"), ".ppm"),
    "avif": Odd(lambda: encoded(scene(), "AVIF"), ".avif"),
    "webp": Odd(lambda: encoded(scene(), "WEBP"), ".webp"),
    "png_named_jpg": Odd(png, ".jpg"),
    "upper_case_name": Odd(jpeg, ".JPEG"),
    "one_pixel": Odd(lambda: encoded(scene(2, 2).resize((1, 1)), "PNG"), ".png"),
    "very_tall": Odd(lambda: encoded(scene(1, 5000), "PNG"), ".png"),
    "very_wide": Odd(lambda: encoded(scene(5000, 1), "PNG"), ".png"),
}

BROKEN: dict[str, Broken] = {
    "empty": Broken(bytes, ".jpg", ImageDamaged, "empty"),
    "truncated_jpeg": Broken(truncated_jpeg, ".jpg", ImageDamaged, "truncated"),
    "jpeg_header_only": Broken(lambda: jpeg()[:20], ".jpg", ImageDamaged, "JPEG"),
    "truncated_png": Broken(lambda: png()[:-40], ".png", ImageDamaged, "truncated"),
    "corrupt_png": Broken(
        lambda: png()[:60] + bytes(40) + png()[100:], ".png", ImageDamaged, "corrupt"
    ),
    "truncated_webp": Broken(lambda: encoded(photo(), "WEBP")[:100], ".webp", ImageDamaged, "WebP"),
    "truncated_gif": Broken(lambda: encoded(photo(), "GIF")[:900], ".gif", ImageDamaged, "GIF"),
    "truncated_tiff": Broken(lambda: encoded(photo(), "TIFF")[:60], ".tif", ImageDamaged, "TIFF"),
    "text": Broken(lambda: b"not an image, only words\n", ".jpg", ImageUnsupported, "text"),
    "html": Broken(lambda: HTML, ".jpg", ImageUnsupported, "web page"),
    "svg": Broken(lambda: SVG, ".svg", ImageUnsupported, "SVG"),
    "zeros": Broken(lambda: bytes(500), ".jpg", ImageUnsupported, "unknown bytes"),
    "icon": Broken(lambda: encoded(scene(), "ICO"), ".ico", ImageUnsupported, "icon"),
    "bomb": Broken(bomb, ".png", ImageTooLarge, "60000 x 60000"),
}

#: The error for each of the files that `write_special` writes.
SPECIAL: dict[str, tuple[type[ImageError], str]] = {
    "pipe.jpg": (ImageUnreadable, "pipe"),
    "dangling.jpg": (ImageNotFound, "link to"),
    "huge.jpg": (ImageTooLarge, "256 MiB"),
}


def write_special(folder: Path) -> dict[str, tuple[type[ImageError], str]]:
    """Write pipes, links and the like into `folder`, and return the expected errors."""
    written = dict(SPECIAL)
    (folder / "dangling.jpg").symlink_to(folder / "nowhere.jpg")
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(257 * 1024**2)  # sparse: it takes no space
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.jpg")
    else:
        del written["pipe.jpg"]
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        locked = folder / "locked.jpg"
        locked.write_bytes(jpeg())
        locked.chmod(0)
        written["locked.jpg"] = (ImageUnreadable, "could not be opened")
    return written


def write_all(folder: Path) -> dict[str, type[ImageError] | None]:
    """Fill `folder` with everything odd and broken.

    Returns
    -------
    dict
        The expected error by file name, or None if the image is readable.
    """
    expected: dict[str, type[ImageError] | None] = {}
    for name, odd in ODD.items():
        (folder / f"{name}{odd.suffix}").write_bytes(odd.make())
        expected[f"{name}{odd.suffix}"] = None
    for name, broken in BROKEN.items():
        (folder / f"{name}{broken.suffix}").write_bytes(broken.make())
        expected[f"{name}{broken.suffix}"] = broken.error
    for name, (error, _) in write_special(folder).items():
        expected[name] = error
    (folder / "a_folder.jpg").mkdir()
    return expected
