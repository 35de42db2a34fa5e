import pytest

from headstart.errors import ImageDamaged, ImageUnsupported
from headstart.images.signatures import identify


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"RIFF\x0a\0\0\0WEBP", "WebP"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"MM\0+", "TIFF"),
        (b"\n\0\n\nftypavif", "AVIF"),
        (b"BM", "BMP"),
        (b"P6\n", "PPM"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miafavif", "AVIF"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"II*\0" + bytes(124) + b"DICM", "DICOM"),
        (b"\x08\0\5\0CS\n\0ISO_IR 100", "DICOM"),
        (b"\2\0\0\0UL\4\0", "DICOM"),
    ],
)
def test_supported_kinds_are_recognised(start, kind):
    assert identify(start + bytes(40), "x").kind == kind


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"\xff\x0a\0", "JPEG XL"),
        (b"8BPS", "Photoshop"),
        (b"\0\0\1\0\1\0", "icon"),
        (b"icns", "icon"),
        (b"\0\0\2\0\0\0\0\0", "Targa"),
        (b"\0\1\1\0", "Targa"),
        (b"II*\0\x10\0\0\0CR\2\0", "camera raw"),
        (b"\0\0\0\x18ftypcrx ", "camera raw"),
        (b"FUJIFILMCCD-RAW", "camera raw"),
        (b"IIU\0", "camera raw"),
        (b"RIFF\0\0\0\0AVI ", "video"),
        (b"\x1aE\xdf\xa3", "video"),
        (b"\x76\x2f\x31\x01", "OpenEXR"),
        (b"SIMPLE  =", "FITS"),
        (b"DDS ", "DirectDraw"),
        (b"qoif", "QOI"),
        (b"gimp xcf", "GIMP"),
        (b"\x93NUMPY", "NumPy array"),
        (b"\0\5\x16\7", "metadata of macOS"),
        (b"Rar!", "RAR or 7z"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "pointer of Git LFS"),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS", "PostScript"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89HDF", "HDF5"),
        (b"PAR1", "parquet"),
        (b"\n <svg width='9'>", "SVG"),
        (b"<!-- made by hand --><html>", "web page"),
        (b'{"error": "not found"}', "text"),
        (b"gone", "text"),
        (b"\x00\x01\x02\x03", "unknown bytes"),
        (b"RIFF\0\0\0\0WAVE", "unknown bytes"),
    ],
)
def test_other_kinds_are_named_in_the_error(start, kind):
    with pytest.raises(ImageUnsupported, match=rf"^a\.jpg must be.*Received: {kind}"):
        identify(start, "a.jpg")


def test_an_empty_file_is_damaged():
    with pytest.raises(ImageDamaged, match="empty"):
        identify(b"", "x")


def test_the_message_lists_what_is_supported():
    with pytest.raises(
        ImageUnsupported,
        match=r"JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PPM, JPEG 2000, HEIC, DICOM\. ",
    ):
        identify(b"gone", "x")
