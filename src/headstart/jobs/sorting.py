"""Copy images into one folder for each class that was predicted."""

from __future__ import annotations

import contextlib
import csv
import errno
import filecmp
import io
import itertools
import os
import re
import shutil
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from headstart.data.output_places import refuse_among_images
from headstart.display.text import no_formula
from headstart.errors import ImageError, UsageError
from headstart.escaping import printable
from headstart.images.signatures import SIGNATURES
from headstart.images.sources import ArraySource, BytesSource, FileSource, PillowSource
from headstart.storage.device_names import is_device
from headstart.storage.disk import writing
from headstart.storage.whole_files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from headstart.images.sources import ImageSource
    from headstart.prediction.answer import Answer

TABLE = "sorted.csv"
COLUMNS = ("original", "copy", "label", "probability")
UNSURE, UNREADABLE = "unsure", "unreadable"

# What Windows does not allow in names, and a slash; and what a spreadsheet takes for a formula.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]|^[=+@\uff1d\uff0b\uff0d\uff20-]')
# In bytes of UTF-8; names may have 255, on many systems.
_LONGEST = 200
_WITHOUT_PATH = (ArraySource, BytesSource, PillowSource)
_SUFFIXES = {"JPEG": ".jpg", "TIFF": ".tif", "JPEG 2000": ".jp2", "DICOM": ".dcm"}


class SortedCopies:
    """Copies of images, in a folder for each class.

    Nothing is moved, and no original is changed. Each copy is whole or not there. The file
    ``sorted.csv`` says of each copy where the original is. Images of which the predictor is unsure
    are copied into ``unsure``, unreadable ones into ``unreadable``.

    Parameters
    ----------
    folder : Path
        The folder of the copies. It is new, empty, or holds copies of an earlier run, to which this
        one adds.
    inputs : sequence of str or Path
        The paths that the user named.

    Attributes
    ----------
    copied : int
        How many copies have been made.
    there : int
        How many images had been copied into the same folder before.
    table : Path
        The table of the copies.

    Raises
    ------
    UsageError
        `folder` holds something else, or lies inside a folder of images.
    StorageError
        `folder` can't be written.
    """

    def __init__(self, folder: Path, inputs: Sequence[str | Path] = ()) -> None:
        self._folder, self.table = folder, folder / TABLE
        refuse_among_images(folder, inputs, "The folder of the copies")
        rows = list(_earlier(folder))
        self._earlier = {(original, copy.partition("/")[0]) for original, copy in rows}
        self._listed = {copy for _, copy in rows}
        self._is_new = not self.table.exists()
        self._names: dict[str, str] = {}
        self._taken: dict[str, set[str]] = {}
        self._left: set[str] = set()
        self.copied = self.there = 0
        with writing(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            # Without a buffer: what could not be written is not tried again.
            self._file = self.table.open("ab", buffering=0)
            with contextlib.ExitStack() as stack:
                stack.callback(self.close)
                if not self._file.tell():
                    self._write_row(COLUMNS)
                elif not self.table.read_bytes().endswith(b"\n"):
                    self._write_row([])  # ends a row that was cut short
                stack.pop_all()

    def close(self) -> None:
        """Close the table; without any copy, remove what was made for it."""
        self._file.close()
        if self._is_new and not self.copied:
            self.table.unlink()
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def add(self, answer: Answer) -> None:
        """Copy one image; one that is not there or can't be read at all has no copy.

        Raises
        ------
        UsageError
            The image lies inside the folder of the copies.
        StorageError
            The copy can't be written.
        """
        original = _original(answer.source)
        if _inside(original, self._folder):
            raise UsageError(
                f"The images must not lie in the folder that takes their copies. Received: "
                f"{answer.path}. Choose another folder."
            )
        kind = self._folder_name(answer)
        if (_written(original), kind) in self._earlier:
            self.there += 1
            return
        copy = self._copy(answer.source, kind)
        if copy is not None:
            best = [
                [no_formula(str(found.label)), f"{found.probability:.6f}"]
                for found in answer.predictions(1)
            ]
            self.copied += 1
            self._write_row([original, f"{kind}/{copy}", *(best[0] if best else ["", ""])])

    def _write_row(self, row: Iterable[object]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerow(row)
        data = text.getvalue().encode("utf-8", "backslashreplace")
        with writing(str(self.table)):
            before, is_whole = self._file.tell(), False
            try:
                # At once: after an interruption, too, the table must know every copy.
                is_whole = self._file.write(data) == len(data)
            finally:
                if not is_whole:
                    # No half row, which the next one would continue.
                    with contextlib.suppress(OSError):
                        self._file.truncate(before)
            if not is_whole:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _folder_name(self, answer: Answer) -> str:
        if answer.error is not None:
            return UNREADABLE
        if answer.unsure:
            return UNSURE
        if not self._names:
            labels = [str(known.label) for known in answer.classes]
            self._names = dict(zip(labels, folder_names(labels), strict=True))
        return self._names[str(answer.predictions(1)[0].label)]

    def _copy(self, source: ImageSource, kind: str) -> str | None:
        """Copy an image into the folder of its class; return its name there."""
        file = Path(source.path) if isinstance(source, FileSource) else None
        if file is not None and not file.is_file():
            return None
        try:
            data = b"" if file else source.read()
        except ImageError:
            return None
        name = file.name if file else _file_name(source, data)
        name, is_left = self._free_name(kind, name, data if file is None else file)
        if is_left:
            return name
        with whole_file(self._folder / kind / name, sync=False) as temporary:
            if file:
                shutil.copyfile(file, temporary)
                # Many programs sort images by their date.
                status = file.stat()
                os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
            else:
                temporary.write_bytes(data)
        return name

    def _free_name(self, kind: str, name: str, content: bytes | Path) -> tuple[str, bool]:
        """Return `name`, with a number where another image has it; small and capital are alike.

        A copy of the same content that the table lacks was made by a process that was killed before
        it could list it: its name is returned, and True.
        """
        folder = self._folder / kind
        if kind not in self._taken:
            there = [each.name for each in folder.iterdir()] if folder.is_dir() else []
            self._taken[kind] = {each.casefold() for each in there}
            self._left |= {f"{kind}/{each}" for each in there} - self._listed
        path = PurePath(name)
        numbered = (f"{path.stem}-{n}{path.suffix}" for n in itertools.count(2))
        for each in itertools.chain([name], numbered):
            copy = f"{kind}/{each}"
            if copy in self._left and _has_content(self._folder / copy, content):
                self._left.remove(copy)
                return each, True
            if each.casefold() not in self._taken[kind]:
                break
        self._taken[kind].add(each.casefold())
        return each, False


def folder_names(labels: Iterable[str]) -> list[str]:
    """Return a name for the folder of each class, which every system takes.

    Letters that a system does not allow become ``_``. Names that differ only in such letters, or in
    small and capital letters, get a number.

    Examples
    --------
    >>> folder_names(["red fox", "and/or", "and:or", "con", "Unsure"])
    ['red fox', 'and_or', 'and_or-2', '_con', 'Unsure-2']
    """
    taken, names = {UNSURE, UNREADABLE, TABLE}, []
    for label in labels:
        plain = _safe(label)
        numbered = (f"{plain}-{n}" for n in itertools.count(2))
        name = next(
            each for each in itertools.chain([plain], numbered) if each.casefold() not in taken
        )
        taken.add(name.casefold())
        names.append(name)
    return names


def _safe(label: str) -> str:
    short = printable(label).encode()[:_LONGEST].decode(errors="ignore")
    # First: what stands behind spaces would else begin the name.
    name = _FORBIDDEN.sub("_", short.strip()).strip().rstrip(". ") or "_"
    # A name that begins with a dot is hidden.
    return f"_{name}" if is_device(name) or name.startswith(".") else name


def _inside(path: str, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _earlier(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each image that was copied by an earlier run, with its copy."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        with (folder / TABLE).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error):
        rows = []
    if not rows or tuple(rows[0]) != COLUMNS:
        raise UsageError(
            f"The folder of the copies must be new or empty, or hold copies of an earlier run. "
            f"Received: {folder}, which holds something else. Choose another folder."
        )
    for original, copy, *_ in (row for row in rows[1:] if len(row) == len(COLUMNS)):
        if (folder / copy).is_file():
            yield original, copy


def _has_content(copy: Path, content: bytes | Path) -> bool:
    if isinstance(content, Path):
        return copy.is_file() and filecmp.cmp(copy, content, shallow=False)
    return copy.is_file() and copy.read_bytes() == content


def _original(source: ImageSource) -> str:
    if isinstance(source, _WITHOUT_PATH):
        return source.name
    path = source.path if isinstance(source, FileSource) else source.name
    # Links stay as they are: the user knows the image by this name.
    return os.path.abspath(path)  # noqa: PTH100 - Path.resolve() follows links


def _written(text: str) -> str:
    """Return text as it is read from the table again."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _file_name(source: ImageSource, data: bytes) -> str:
    """Return a file name for an image that is no file: a row of a parquet file."""
    name = _safe(PurePath(source.name).name.replace("#", "-"))
    kind = next((known.kind for known in SIGNATURES if known.begins.match(data)), "")
    suffix = _SUFFIXES.get(kind, f".{kind.lower()}" if kind.isalnum() else "")
    return name if name.lower().endswith(suffix) else f"{name}{suffix}"
