"""Recognise the kind of a file by its first bytes, never by its name."""

import re
from dataclasses import dataclass

from headstart.errors import ImageDamaged, ImageUnsupported


@dataclass(frozen=True, slots=True)
class Signature:
    """The first bytes of one kind of file.

    Parameters
    ----------
    kind : str
        The name of the kind, for messages.
    begins : re.Pattern
        Matches the first bytes.
    decoder : str
        What decodes it: mostly the beginning of the name of Pillow's plugin. Empty for a kind that
        is not supported.
    """

    kind: str
    begins: re.Pattern[bytes]
    decoder: str = ""


def _brand(*names: bytes) -> re.Pattern[bytes]:
    # ISO media files (AVIF, HEIC, videos): box length, "ftyp", the major brand.
    return re.compile(rb"(?s)....ftyp(?:" + b"|".join(names) + b")")


# Of HEIC and AVIF: a general brand, its version, and any number of other brands.
_GENERAL = rb"(?:mif1|msf1)....(?:....)"

# The supported kinds come first.
SIGNATURES = (
    Signature("JPEG", re.compile(rb"\xff\xd8\xff"), "Jpeg"),
    Signature("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), "Png"),
    Signature("WebP", re.compile(rb"(?s)RIFF....WEBP"), "WebP"),
    Signature("GIF", re.compile(rb"GIF8[79]a"), "Gif"),
    Signature("TIFF", re.compile(rb"(?s)(?!.{128}DICM|.{8}CR)(?:II[*+]\0|MM\0[*+])"), "Tiff"),
    Signature("AVIF", _brand(b"avif", b"avis", _GENERAL + rb"{0,15}?avi[fs]"), "Avif"),
    Signature("BMP", re.compile(rb"BM"), "Bmp"),
    Signature("PPM", re.compile(rb"P[1-6]\s"), "Ppm"),
    Signature("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"), "Jpeg2K"),
    Signature("HEIC", _brand(b"hei[cxms]", b"hev[cxms]", b"mif1", b"msf1"), "Heic"),
    # Old files begin with the first group of elements, and say how long or of what kind it is.
    Signature(
        "DICOM",
        re.compile(rb"(?s).{128}DICM|\x02\0\0\0UL\x04\0|\x08\0[\0\x05\x08\x16]\0[A-Z]{2}"),
        "Dicom",
    ),
    Signature("camera raw", _brand(b"crx ")),
    Signature("camera raw", re.compile(rb"(?s)II\*\0....CR|FUJIFILMCCD-RAW|II(?:RO|RS|U\0)|MMOR")),
    Signature("video", _brand(b"")),
    Signature("video", re.compile(rb"(?s)RIFF....AVI |\x1aE\xdf\xa3")),
    Signature("JPEG XL", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    Signature("Photoshop", re.compile(rb"8BPS")),
    Signature("icon", re.compile(rb"\0\0[\1\2]\0(?!\0\0)|icns")),
    Signature("Targa (TGA)", re.compile(rb"\0(?:\x01[\x01\x09]|\0[\x02\x03\x0a\x0b]\0{5})")),
    Signature("OpenEXR", re.compile(rb"\x76\x2f\x31\x01")),
    Signature("FITS", re.compile(rb"SIMPLE  =")),
    Signature("DirectDraw (DDS)", re.compile(rb"DDS ")),
    Signature("QOI", re.compile(rb"qoif")),
    Signature("GIMP (XCF)", re.compile(rb"gimp xcf")),
    Signature("NumPy array", re.compile(rb"\x93NUMPY")),
    Signature("metadata of macOS", re.compile(rb"\0\x05\x16\x07")),
    Signature("PDF", re.compile(rb"%PDF")),
    Signature("PostScript", re.compile(rb"%!PS")),
    Signature("ZIP", re.compile(rb"PK\x03\x04")),
    Signature("gzip", re.compile(rb"\x1f\x8b")),
    Signature("RAR or 7z", re.compile(rb"Rar!|7z\xbc\xaf")),
    Signature("HDF5", re.compile(rb"\x89HDF")),
    Signature("parquet", re.compile(rb"PAR1")),
    Signature("SVG", re.compile(rb"(?is)\s*(?:<\?xml.{0,900})?(?:<!--.{0,900})?<svg")),
    Signature("web page (HTML)", re.compile(rb"(?is)\s*(?:<!--.{0,900})?<(?:!doctype html|html)")),
    Signature(
        "pointer of Git LFS (git lfs pull fetches the file)",
        re.compile(rb"version https://git-lfs"),
    ),
    Signature("text", re.compile(rb"[\t\n\r\x20-\x7e]{16}|[\t\n\r\x20-\x7e]+$")),
)
_LONGEST = 1024


def identify(data: bytes, name: str) -> Signature:
    """Return the signature that `data` begins with.

    Parameters
    ----------
    data : bytes
        A file.
    name : str
        The file, as the user knows it.

    Raises
    ------
    ImageDamaged
        `data` is empty.
    ImageUnsupported
        `data` is not a supported image; the message says what it is, if known.
    """
    if not data:
        raise ImageDamaged(f"{name} is empty (0 bytes). Fetch or export it again.")
    start = bytes(data[:_LONGEST])
    found = next((known for known in SIGNATURES if known.begins.match(start)), None)
    if found is not None and found.decoder:
        return found
    supported = ", ".join(known.kind for known in SIGNATURES if known.decoder)
    kind = "unknown bytes" if found is None else found.kind
    raise ImageUnsupported(
        f"{name} must be one of {supported}. Received: {kind}. "
        "If it is an image, save it as JPEG or PNG."
    )
