"""What the name of a file or folder tells: what it holds, who made it; and the order."""

import os
import re
from typing import Any

_READ = (
    "apng avif bmp dcm dib dicom gif heic heics heif heifs hif j2c j2k jfif jp2 jpc jpe jpeg jpf "
    "jpg jpx mpo pbm pgm png pnm ppm tif tiff webp"
)
# Images of formats that are not supported: they are tried, so that the user hears about them.
_UNSUPPORTED = "arw cr2 cr3 dng ico jxl nef orf psd raf raw svg tga"

#: Suffixes, in lower case, of the files in a folder that are taken for images.
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in f"{_READ} {_UNSUPPORTED}".split())

#: Suffixes of the workbooks of spreadsheets, which are no tables in text.
WORKBOOKS = frozenset((".ods", ".xls", ".xlsb", ".xlsm", ".xlsx"))

# What operating systems, network storage and notebooks put between the user's own files, such as
# thumbnails and what was deleted. In lower case.
_SYSTEM = frozenset(
    {
        *("@eadir", "@recently-snapshot", "@recycle", "@tmp", ".@__thumb", "#recycle", "#snapshot"),
        *("$recycle.bin", "recycler", "system volume information", "lost+found"),
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".picasa.ini"),
        *("__macosx", ".appledouble", ".ds_store", ".fseventsd", ".spotlight-v100", ".trashes"),
        *(".thumbnails", ".thumb", ".trash", ".directory", "icon\r"),
        *(".ipynb_checkpoints", "__pycache__"),
    }
)
# The resource fork that macOS writes beside a file on a foreign disk.
_RESOURCE_FORK = "._"

_DIGITS = re.compile(r"(\d+)")


def is_image_name(name: str) -> bool:
    """Tell whether a file of this name is taken for an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 - not a path


def is_parquet_name(name: str) -> bool:
    """Tell whether a file of this name is a parquet file."""
    return name.lower().endswith(".parquet")


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder of this name is skipped."""
    return why_skipped(name) is not None


def why_skipped(name: str) -> str | None:
    """Return why a file or folder of this name is skipped, as it is counted; None if it is not."""
    if name.lower() in _SYSTEM or name.startswith(_RESOURCE_FORK):
        return "made by the system"
    return "hidden" if name.startswith(".") else None


def natural_key(name: str) -> tuple[list[Any], str]:
    """Return a sort key for natural order: ``image 2`` before ``image 10``.

    It compares numbers by value and ignores the case of letters. Names that differ only in case or
    leading zeros are sorted as plain strings.

    Examples
    --------
    >>> sorted(["b10", "B2", "a"], key=natural_key)
    ['a', 'B2', 'b10']
    """
    parts: list[Any] = _DIGITS.split(name.casefold())
    # Every second part is a number, so numbers are never compared with text.
    parts[1::2] = map(int, parts[1::2])
    return parts, name
