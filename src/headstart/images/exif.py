"""Read from an image file when and with which camera it was taken."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.images.heic import heic_exif
from headstart.images.in_flight import room
from headstart.images.opening import open_image
from headstart.images.signatures import identify
from headstart.images.tags import Directory

if TYPE_CHECKING:
    from headstart.images.sources import ImageSource

_MAKE, _MODEL, _EXIF = 271, 272, 34665
# When the image was taken, and when it was digitised. The date of the last change is not asked.
_DATES = (36867, 36868)


@dataclass(frozen=True, slots=True)
class Exif:
    """When and with which camera an image was taken.

    Attributes
    ----------
    date_taken : datetime or None
        In the camera's own time. None if the file does not say it.
    camera : str
        Make and model; empty if the file does not say it.
    """

    date_taken: dt.datetime | None = None
    camera: str = ""


def read_exif(source: ImageSource) -> Exif:
    """Return what EXIF, or the tags of a TIFF, say of an image.

    Nothing is known of an image that can't be read, or whose EXIF is damaged.
    """
    try:
        with room():
            directory = _directory(source)
    except Exception:  # noqa: BLE001 - reading a header may raise anything
        return Exif()
    if directory is None:
        return Exif()
    below = directory.below(_EXIF)
    dates = (_date(below.text(tag)) for tag in _DATES) if below else ()
    taken = next((date for date in dates if date is not None), None)
    return Exif(taken, _camera(directory.text(_MAKE), directory.text(_MODEL)))


def _directory(source: ImageSource) -> Directory | None:
    data = source.read()
    signature = identify(data, source.name)
    if signature.kind == "TIFF":
        return Directory.first(data)
    if signature.kind == "DICOM":
        # What its elements say is about a patient.
        return None
    if signature.kind == "HEIC":
        exif: object = heic_exif(data, source.name)
    else:
        exif = open_image(data, source.name, signature).image.info.get("exif")
    return Directory.first(exif.removeprefix(b"Exif\0\0")) if isinstance(exif, bytes) else None


def _date(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _camera(make: str, model: str) -> str:
    # Most models begin with their make, or with its first word: NIKON CORPORATION, NIKON D850.
    first = make.casefold().partition(" ")[0]
    return model if model.casefold().startswith(first) else f"{make} {model}".strip()
