"""Decode the bytes of an image file into upright RGB pixels, by fixed rules."""

import importlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, JpegImagePlugin, features

from headstart.data.decoding_errors import image_errors
from headstart.data.signatures import identify
from headstart.data.sources import check_bytes
from headstart.errors import ImageTooLarge, ImageUnsupported

#: The largest image that is decoded, in pixels: Pillow's own limit.
MAX_PIXELS = 178_956_970

Notes = tuple[str, ...]

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = (5, 6, 7, 8)
_WITHOUT_NOTE = ("RGB", "L", "P", "1", "RGBX")
# These count their frames in the header. For other formats Pillow walks through the file.
_HEADER_COUNTS_FRAMES = ("PNG", "WEBP", "AVIF", "MPO")


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
        image = _open(data, name, signature.decoder)
        _check_pixels(image.size, name)
        size = image.size
        if at_least is not None:
            _reduce(image, at_least)
        frames = _frame_notes(image, data)
        image.load()
        rgb, notes = _as_keras_converts(image) if as_stored else _to_rgb(image)
        turn, turn_notes = _orientation(image)
        if as_stored:
            ignored = (f"EXIF orientation {turn} ignored",) if turn in _UPRIGHT else ()
            return Decoded(rgb, size, frames + notes + ignored)
        upright = rgb.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else rgb
        return Decoded(upright, _turned(size, turn), frames + notes + turn_notes)


def _check_pixels(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"{name} must have at most {MAX_PIXELS / 1e6:.3g} million pixels. "
            f"Received: {width} x {height}. Save it smaller."
        )


def _open(data: bytes, name: str, decoder: str) -> Image.Image:
    if decoder == "Avif" and not features.check("avif"):
        raise ImageUnsupported(
            f"{name} is AVIF, which this build of Pillow can't read. Save it as JPEG or PNG, or "
            "install Pillow from PyPI."
        )
    # If a plugin were missing, Pillow would import the plugins of all fifty formats.
    importlib.import_module(f"PIL.{decoder}ImagePlugin")
    return Image.open(io.BytesIO(data), formats=(decoder.upper(),))


def _reduce(image: Image.Image, at_least: tuple[int, int]) -> None:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        turn, _ = _orientation(image)
        width, height = _turned((at_least[1], at_least[0]), turn)
        image.draft(None, (width, height))


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    return (size[1], size[0]) if orientation in _ON_ITS_SIDE else size


def _orientation(image: Image.Image) -> tuple[int, Notes]:
    try:
        return image.getexif().get(_ORIENTATION, 1), ()
    except Exception:  # noqa: BLE001 - parsing metadata may raise anything
        return 1, ("EXIF unreadable: orientation unknown",)


def _frame_notes(image: Image.Image, data: bytes) -> Notes:
    if image.format == "JPEG":
        return ()
    try:
        frames = _count_frames(image, data)
    except Exception:  # noqa: BLE001 - the first frame may be fine even so
        return ("animated or several pages: the first of an unknown number",)
    if frames == 1:
        return ()
    if image.format in {"TIFF", "MPO"}:
        return (f"several pages: the first of {frames}",)
    return (f"animated: first frame of {frames}",)


def _count_frames(image: Image.Image, data: bytes) -> int:
    if image.format not in _HEADER_COUNTS_FRAMES:
        # Opened a second time, because walking through the frames would leave the first one.
        image = Image.open(io.BytesIO(data), formats=(str(image.format),))
    return getattr(image, "n_frames", 1)


def _as_keras_converts(image: Image.Image) -> tuple[Image.Image, Notes]:
    if image.mode == "RGB":
        return image, ()
    notes: Notes = ("transparency dropped",) if image.has_transparency_data else ()
    notes += (f"{image.mode} clipped to 8 bits",) if image.mode[0] in "IF" else ()
    return image.convert("RGB"), notes


def _to_rgb(image: Image.Image) -> tuple[Image.Image, Notes]:
    if image.mode[0] in "IF":
        return _narrow(image)
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
