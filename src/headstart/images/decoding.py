"""Decode the bytes of an image file into upright RGB pixels, by fixed rules."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from headstart.display.text import percent, whole_percent
from headstart.errors import ImageDamaged, ImageUnsupported
from headstart.images.decoding_errors import image_errors, one_image
from headstart.images.depth import bit_table, scaled, stretched
from headstart.images.in_flight import room, take_pixels
from headstart.images.jpeg import unusual_process
from headstart.images.limits import check_pixels
from headstart.images.notes import Notes
from headstart.images.opening import Opened, open_image
from headstart.images.orientation import orientation, upright, upright_size
from headstart.images.signatures import identify
from headstart.images.sources import ImageSource, check_bytes
from headstart.images.truncation import MOST_MISSING, completed, missing_share

Samples = NDArray[np.uint16]

_ON_WHITE = "transparent: shown on white"
_UPPER_BITS = "16-bit colour: the upper 8 bits"
# Bytes for each pixel: as decoded, as RGB (4 in Pillow), and as RGB that is turned upright. Wide
# numbers are an array besides.
_USUAL, _WIDE = 12, 18
# Pixels that are converted at once, where that takes more memory than the result.
_STRIP = 2**22
_WITHOUT_NOTE = ("RGB", "L", "P", "1", "RGBX")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded image.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode RGB.
    size : tuple of int
        (width, height) of the whole upright image; `image` may be smaller (see `decode`).
    notes : tuple of str
        Changes that a user may not expect, such as "transparent: shown on white".
    truncated : bool
        Whether a part of the image is missing, and that was accepted.
    """

    image: Image.Image
    size: tuple[int, int]
    notes: Notes
    truncated: bool = False


def decode(
    data: bytes,
    *,
    name: str,
    at_least: tuple[int, int] | None = None,
    as_stored: bool = False,
    accept_truncated: bool = False,
) -> Decoded:
    """Decode the bytes of an image file.

    The content decides the format: JPEG (and MPO), PNG, WebP, GIF, TIFF, AVIF, BMP, PPM,
    JPEG 2000, HEIC or DICOM. ``docs/images.md`` has the rules in a table. In short, where
    `Decoded.notes` names those marked (noted):

    - the EXIF orientation is applied;
    - grey, black-and-white and palette images become RGB;
    - transparent parts become white (noted);
    - Pillow converts CMYK, YCbCr and LAB (noted); embedded colour profiles are not applied;
    - of 16-bit grey and colour, the smallest of 8, 10, 12, 14 or 16 bits that holds the brightest
      value is scaled to 255 (noted); where zero is white, the image is inverted;
    - 32-bit integers and floats are stretched: the smallest value becomes 0 and the largest 255. If
      all floats lie between 0 and 1, then 0 stays 0 and 1 becomes 255. NaN and infinity become 0
      (noted);
    - animations and files of several pages are reduced to the first frame or page (noted).

    Parameters
    ----------
    data : bytes
        A whole image file.
    name : str
        The name for messages.
    at_least : tuple of int, optional
        (height, width). A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which is faster, if
        neither side of the upright result becomes smaller than this.
    as_stored : bool
        Whether to do what ``keras.utils.load_img`` does instead: ignore the orientation and let
        Pillow's ``convert("RGB")`` drop transparency and clip wide integers.
    accept_truncated : bool
        Whether to read a JPEG that is cut short, if at most a tenth of its rows are missing. They
        become grey (noted). Progressive JPEGs are never accepted: they lack detail everywhere.

    Raises
    ------
    ImageUnsupported
        It is not an image, or its format is not supported.
    ImageDamaged
        It is empty, truncated or corrupt, as far as the decoder can tell.
    ImageTooLarge
        It has more bytes than `sources.MAX_BYTES`, more pixels than `limits.MAX_PIXELS`, a side
        longer than `limits.MAX_SIDE`, or needs more memory than `in_flight.PIXELS_IN_FLIGHT`. This
        is checked before memory is allocated for the pixels.
    """
    check_bytes(len(data), name)
    signature = identify(data, name)
    try:
        with image_errors(name, signature.kind):
            opened = open_image(data, name, signature)
            return _decoded(opened, name, at_least, as_stored=as_stored)
    except ImageDamaged as error:
        if signature.kind != "JPEG":
            raise
        if process := unusual_process(data):
            raise ImageUnsupported(
                f"{name} must be JPEG of a variant that can be read. Received: {process} JPEG. "
                "Save it as an ordinary JPEG or PNG."
            ) from error
        if not accept_truncated:
            raise
        return _truncated(data, name, error, as_stored=as_stored)


@contextlib.contextmanager
def decoded_image(
    source: ImageSource,
    *,
    at_least: tuple[int, int] | None = None,
    as_stored: bool = False,
    accept_truncated: bool = False,
) -> Iterator[Decoded]:
    """Read and decode an image as `decode` does, and guard what is done with it in the context.

    Raises
    ------
    ImageError
        It can't be read, or something inside the context went wrong.
    """
    with room():
        data = source.read()
        with one_image(source.name):
            yield decode(
                data,
                name=source.name,
                at_least=at_least,
                as_stored=as_stored,
                accept_truncated=accept_truncated,
            )


def _truncated(data: bytes, name: str, error: ImageDamaged, *, as_stored: bool) -> Decoded:
    """Decode a JPEG that is cut short, or raise `error` if it is damaged in another way."""
    try:
        with image_errors(name, "JPEG"):
            opened = open_image(completed(data), name, identify(data, name))
            # In full size, so that the same rows are missing for every network.
            decoded = _decoded(opened, name, None, as_stored=as_stored)
    except ImageDamaged:
        raise error from None
    if "progressive" in opened.image.info:
        raise ImageDamaged(
            f"{name} must be a whole file, because it is a progressive JPEG: if it is cut, detail "
            "is missing everywhere. Fetch or export it again."
        ) from error
    share = missing_share(opened.image)
    if share > MOST_MISSING:
        raise ImageDamaged(
            f"{name} must have at least {whole_percent(1 - MOST_MISSING)} of its rows to be read "
            f"although it is truncated. Received: {whole_percent(1 - share)} of them. "
            "Fetch or export it again."
        ) from error
    note = f"truncated; {percent(share)} of the rows are missing and grey"
    return replace(decoded, notes=(*decoded.notes, note), truncated=True)


def _decoded(
    opened: Opened, name: str, at_least: tuple[int, int] | None, *, as_stored: bool
) -> Decoded:
    image = opened.image
    size = image.size
    check_pixels(size, name)
    if at_least is not None:
        _reduce(image, at_least)
    take_pixels(_bytes_needed(opened, size), name)
    _prepare_tiff(image)
    image.load()
    turn = orientation(image.info)
    if as_stored:
        rgb, notes = _as_keras_converts(opened)
        ignored = (f"EXIF orientation {turn} ignored",) if turn not in {None, 1} else ()
        return Decoded(rgb, size, opened.notes + notes + ignored)
    rgb, notes = _to_rgb(opened)
    unknown = ("EXIF unreadable: orientation unknown",) if turn is None else ()
    turn = turn or 1
    return Decoded(upright(rgb, turn), upright_size(size, turn), opened.notes + notes + unknown)


def _prepare_tiff(image: Image.Image) -> None:
    """Make room for a TIFF, as Pillow would, which warns of half the pixels that it reads."""
    stored = getattr(image, "_tile_size", None)
    if stored is not None:
        image.im = Image.new(image.mode, stored, None).im


def _bytes_needed(opened: Opened, size: tuple[int, int]) -> int:
    """Return how much memory an image of `size` needs at most, from decoding to upright RGB.

    `opened.image` may be set to be decoded smaller.
    """
    image = opened.image
    each = _WIDE if image.mode[0] in "IF" or opened.low is not None else _USUAL
    pixels = image.width * image.height
    return max(each * pixels, 4 * pixels + opened.bytes_to_decode * size[0] * size[1])


def _reduce(image: Image.Image, at_least: tuple[int, int]) -> None:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        turn = orientation(image.info) or 1
        image.draft(None, upright_size((at_least[1], at_least[0]), turn))


def _as_keras_converts(opened: Opened) -> tuple[Image.Image, Notes]:
    image = opened.image
    notes: Notes = (_UPPER_BITS,) if opened.deep else ()
    if image.mode == "RGB":
        return image, notes
    notes += ("transparency dropped",) if image.has_transparency_data else ()
    notes += (f"{image.mode} clipped to 8 bits",) if image.mode[0] in "IF" else ()
    if image.mode == "P" and image.has_transparency_data:
        # The same colours, but Pillow warns when it drops the transparency of a palette at once.
        image = image.convert("RGBA")
    return image.convert("RGB"), notes


def _to_rgb(opened: Opened) -> tuple[Image.Image, Notes]:
    image = opened.image
    if image.mode[0] in "IF":
        return _narrow_grey(opened)
    if opened.low is not None:
        return _narrow_colour(opened, opened.low)
    notes: Notes = (_UPPER_BITS,) if opened.deep else ()
    if image.has_transparency_data:
        rgb, more = _on_white(image)
        return rgb, notes + more
    notes += () if image.mode in _WITHOUT_NOTE else (f"{image.mode} converted",)
    return (image if image.mode == "RGB" else image.convert("RGB")), notes


def _on_white(image: Image.Image) -> tuple[Image.Image, Notes]:
    """Return an image of any mode that has transparency as RGB, and a note."""
    white = Image.new("RGB", image.size, "white")
    opaque = True
    for box in _strips(image):
        strip = image.crop(box).convert("RGBA")
        alpha = strip.getchannel("A")
        opaque = opaque and alpha.getextrema() == (255, 255)
        white.paste(strip.convert("RGB"), box, alpha)
    return white, () if opaque else (_ON_WHITE,)


def _strips(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        yield (0, top, image.width, min(top + rows, image.height))


def _narrow_grey(opened: Opened) -> tuple[Image.Image, Notes]:
    image = opened.image
    values = np.asarray(image)
    # Pillow reads 16-bit PPM as 32-bit pixels, scaled to 0..65535.
    if image.mode.startswith("I;16") or (image.format == "PPM" and image.mode == "I"):
        grey, note = scaled(values, "grey", opened.largest)
    else:
        grey, note = stretched(values.view(np.uint32) if _has_no_sign(opened) else values)
    if opened.inverted:
        grey = 255 - grey
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return Image.fromarray(grey).convert("RGB"), (note,)
    grey = np.where(values == key, np.uint8(255), grey)
    return Image.fromarray(grey).convert("RGB"), (note, _ON_WHITE)


def _has_no_sign(opened: Opened) -> bool:
    return opened.unsigned and opened.image.mode == "I"


def _narrow_colour(opened: Opened, low: Image.Image) -> tuple[Image.Image, Notes]:
    image = opened.image
    low.load()
    boxes = list(_strips(image))
    brightest = np.max([_deep(image, low, box).max((0, 1)) for box in boxes], axis=0)
    table, note = bit_table(int(brightest[:3].max()), "colour", opened.largest)
    of_alpha, _ = bit_table(int(brightest[3:].max(initial=0)), "alpha", opened.largest)
    key = image.info.get("transparency")
    has_alpha = image.mode == "RGBA" or isinstance(key, tuple)
    narrow = Image.new("RGBA" if has_alpha else "RGB", image.size)
    for box in boxes:
        values = _deep(image, low, box)
        bands = [table[values[..., :3]]]
        if image.mode == "RGBA":
            bands.append(of_alpha[values[..., 3:]])
        elif has_alpha:
            is_key = (values == np.array(key, np.uint16)).all(2, keepdims=True)
            bands.append(np.where(is_key, np.uint8(0), np.uint8(255)))
        narrow.paste(Image.fromarray(np.dstack(bands)), box)
    if not has_alpha:
        return narrow, (note,)
    rgb, notes = _on_white(narrow)
    return rgb, (note, *notes)


def _deep(image: Image.Image, low: Image.Image, box: tuple[int, int, int, int]) -> Samples:
    """Return the 16-bit samples of a part of an image."""
    values = np.asarray(image.crop(box)).astype(np.uint16)
    values <<= 8
    values |= np.asarray(low.crop(box))
    return values
