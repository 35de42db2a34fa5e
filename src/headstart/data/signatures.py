"""What kind of file some bytes are, by how they begin and never by a file's name."""

import re
from dataclasses import dataclass

from headstart.errors import ImageDamaged, ImageUnsupported


@dataclass(frozen=True, slots=True)
class Signature:
    """How the files of one kind begin.

    Parameters
    ----------
    kind : str
        What to call it in a message.
    begins : re.Pattern
        Matches the first bytes.
    decoder : str
        How the name of Pillow's plugin begins; empty for a kind that is refused.
    """

    kind: str
    begins: re.Pattern[bytes]
    decoder: str = ""


def _brand(*names: bytes) -> re.Pattern[bytes]:
    # ISO media files (AVIF, HEIC, films): box length, "ftyp", the major brand.
    return re.compile(rb"(?s)....ftyp(?:" + b"|".join(names) + b")")


SUPPORTED = (
    Signature("JPEG", re.compile(rb"\xff\xd8\xff"), "Jpeg"),
    Signature("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), "Png"),
    Signature("WebP", re.compile(rb"(?s)RIFF....WEBP"), "WebP"),
    Signature("GIF", re.compile(rb"GIF8[79]a"), "Gif"),
    Signature("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]"), "Tiff"),
    Signature("AVIF", _brand(b"avif", b"avis"), "Avif"),
    Signature("BMP", re.compile(rb"BM"), "Bmp"),
    Signature("PPM", re.compile(rb"P[1-6]\s"), "Ppm"),
)
REFUSED = (
    Signature("HEIC", _brand(b"hei[cxms]", b"hev[cxms]", b"mif1", b"msf1")),
    Signature("film", _brand(b"")),
    Signature("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51")),
    Signature("JPEG XL", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    Signature("Photoshop", re.compile(rb"8BPS")),
    Signature("icon", re.compile(rb"\0\0[\1\2]\0")),
    Signature("PDF", re.compile(rb"%PDF")),
    Signature("PostScript", re.compile(rb"%!PS")),
    Signature("ZIP", re.compile(rb"PK\x03\x04")),
    Signature("gzip", re.compile(rb"\x1f\x8b")),
    Signature("HDF5", re.compile(rb"\x89HDF")),
    Signature("parquet", re.compile(rb"PAR1")),
    Signature("SVG", re.compile(rb"(?is)\s*(?:<\?xml.{0,900})?(?:<!--.{0,900})?<svg")),
    Signature("web page (HTML)", re.compile(rb"(?is)\s*(?:<!--.{0,900})?<(?:!doctype html|html)")),
    Signature("text", re.compile(rb"[\t\n\r\x20-\x7e]{16}|[\t\n\r\x20-\x7e]+$")),
)
_LONGEST = 1024


def supported_kinds() -> str:
    """Return the formats that are read, for a message."""
    return ", ".join(signature.kind for signature in SUPPORTED)


def identify(data: bytes, name: str) -> Signature:
    """Return which supported kind of image `data` is.

    Raises
    ------
    ImageDamaged
        `data` is empty.
    ImageUnsupported
        It is something else; the message says what, if that can be told.
    """
    if not data:
        raise ImageDamaged(f"{name} is empty (0 bytes). Fetch or export it again.")
    start = bytes(data[:_LONGEST])
    for signature in SUPPORTED:
        if signature.begins.match(start):
            return signature
    kind = next((known.kind for known in REFUSED if known.begins.match(start)), "unknown bytes")
    raise ImageUnsupported(
        f"{name} must be one of {supported_kinds()}. Received: {kind}. "
        "Save it as JPEG or PNG if it is a picture."
    )
