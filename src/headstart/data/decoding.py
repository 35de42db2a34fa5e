"""Decode the bytes of an image file into upright RGB pixels, by fixed rules."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin

from headstart.data.decoding_errors import image_errors
from headstart.data.opening import Notes, Opened, open_image
from headstart.data.orientation import orientation, upright, upright_size
from headstart.data.signatures import identify
from headstart.data.sources import check_bytes
from headstart.errors import ImageTooLarge

#: The largest image that is decoded, in pixels: Pillow's own limit.
MAX_PIXELS = 178_956_970

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
    """

    image: Image.Image
    size: tuple[int, int]
    notes: Notes


def decode(
    data: bytes, *, name: str, at_least: tuple[int, int] | None = None, as_stored: bool = False
) -> Decoded:
    """Decode the bytes of an image file.

    The content decides the format: JPEG (and MPO), PNG, WebP, GIF, TIFF, AVIF, BMP or PPM. These
    are the rules; `Decoded.notes` names those marked (noted):

    - the EXIF orientation is applied;
    - grey, black-and-white and palette images become RGB;
    - transparent parts become white (noted);
    - Pillow converts CMYK, YCbCr and LAB (noted); embedded colour profiles are not applied;
    - 16-bit grey is scaled so that 65535 becomes 255 (noted); 16-bit colour keeps its upper 8 bits;
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

    Raises
    ------
    ImageUnsupported
        It is not an image, or its format is not supported.
    ImageDamaged
        It is empty, truncated or corrupt, as far as the decoder can tell.
    ImageTooLarge
        It has more bytes than `sources.MAX_BYTES` or more pixels than `MAX_PIXELS`. This is
        checked before memory is allocated for the pixels.
    """
    check_bytes(len(data), name)
    signature = identify(data, name)
    with image_errors(name, signature.kind):
        opened = open_image(data, name, signature)
        _check_pixels(opened.image.size, name)
        return _decoded(opened, at_least, as_stored=as_stored)


def _decoded(opened: Opened, at_least: tuple[int, int] | None, *, as_stored: bool) -> Decoded:
    image = opened.image
    size = image.size
    if at_least is not None:
        _reduce(image, at_least)
    image.load()
    turn = orientation(image.info)
    if as_stored:
        rgb, notes = _as_keras_converts(image)
        ignored = (f"EXIF orientation {turn} ignored",) if turn not in {None, 1} else ()
        return Decoded(rgb, size, opened.notes + notes + ignored)
    rgb, notes = _to_rgb(image, inverted=opened.inverted)
    unknown = ("EXIF unreadable: orientation unknown",) if turn is None else ()
    turn = turn or 1
    return Decoded(upright(rgb, turn), upright_size(size, turn), opened.notes + notes + unknown)


def _check_pixels(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"{name} must have at most {MAX_PIXELS / 1e6:.3g} million pixels. "
            f"Received: {width} x {height}. Save it smaller."
        )


def _reduce(image: Image.Image, at_least: tuple[int, int]) -> None:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        turn = orientation(image.info) or 1
        image.draft(None, upright_size((at_least[1], at_least[0]), turn))


def _as_keras_converts(image: Image.Image) -> tuple[Image.Image, Notes]:
    if image.mode == "RGB":
        return image, ()
    notes: Notes = ("transparency dropped",) if image.has_transparency_data else ()
    notes += (f"{image.mode} clipped to 8 bits",) if image.mode[0] in "IF" else ()
    if image.mode == "P" and notes:
        # The same colours, but Pillow warns when it drops the transparency of a palette at once.
        image = image.convert("RGBA")
    return image.convert("RGB"), notes


def _to_rgb(image: Image.Image, *, inverted: bool) -> tuple[Image.Image, Notes]:
    if image.mode[0] in "IF":
        grey, notes = _narrow(image)
        return (ImageChops.invert(grey) if inverted else grey), notes
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    notes = () if image.mode in _WITHOUT_NOTE else (f"{image.mode} converted",)
    return (image if image.mode == "RGB" else image.convert("RGB")), notes


def _on_white(image: Image.Image) -> tuple[Image.Image, Notes]:
    alpha = image.getchannel("A")
    rgb = image.convert("RGB")
    if alpha.getextrema() == (255, 255):
        return rgb, ()
    white = Image.new("RGB", image.size, "white")
    white.paste(rgb, mask=alpha)
    return white, ("transparent: shown on white",)


def _narrow(image: Image.Image) -> tuple[Image.Image, Notes]:
    values = np.asarray(image)
    low, high, note = _range(image, values)
    scale = 255 / (high - low) if high > low else 0.0
    finite = np.nan_to_num(values.astype(np.float32), nan=low, posinf=low, neginf=low)
    grey = np.rint((finite - low) * scale).clip(0, 255).astype(np.uint8)
    key = image.info.get("transparency")
    if isinstance(key, int):
        grey = np.where(values == key, np.uint8(255), grey)
        note += ", transparent: shown on white"
    return Image.fromarray(grey).convert("RGB"), (note,)


def _range(image: Image.Image, values: np.ndarray) -> tuple[float, float, str]:
    # Pillow reads 16-bit PPM as 32-bit pixels, scaled to 0..65535.
    if image.mode.startswith("I;16") or (image.format == "PPM" and image.mode == "I"):
        return 0.0, 65535.0, f"16-bit scaled: 65535 became 255 (the brightest is {values.max()})"
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if image.mode == "F" and low >= 0 and high <= 1:
        return 0.0, 1.0, "float scaled: 1 became 255"
    kind = "float" if image.mode == "F" else "32-bit"
    return low, high, f"{kind} stretched: {low:g} became 0, {high:g} became 255"
