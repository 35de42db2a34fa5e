"""Images in zip archives, which are read without unpacking: nothing is written anywhere."""

import contextlib
import io
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

from headstart.data.file_names import is_image_name, is_parquet_name
from headstart.data.folders import MAX_DEPTH, Entry, Folder, TreeReader
from headstart.data.image_names import MAX_PATH
from headstart.data.rows import is_table_name
from headstart.errors import DatasetError, ImageDamaged, ImageNotFound
from headstart.escaping import quoted
from headstart.images.decoding_errors import too_large
from headstart.images.sources import FileSource, ImageSource, check_bytes
from headstart.untrusted.regular_files import open_regular

#: More files than this are not listed.
MAX_MEMBERS = 2_000_000
# Images hardly get smaller by packing. An archive that promises more is made to fill a computer.
_MAX_RATIO, _RATIO_COUNTS_FROM = 200, 4 * 1024**3
# What begins the entry of a member in the list of all members, and how much of it is read.
_ENTRY, _MAX_READ = b"PK\x01\x02", 256 * 1024**2
# No file system takes longer names, which would take minutes to compare.
_MAX_NAME = 255
# How much of a member is read at a time. Some methods unpack what they read without a limit.
_UNPACKED_BY_STEPS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_STEP, _SHORT_STEP = 2**20, 64
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_SLASH = re.compile(r"[/\\]")
_OTHER_ARCHIVES = re.compile(r"\.(7z|rar|tar|tar\.\w+|tgz|tbz2?|txz|zst)$", re.IGNORECASE)


def is_archive_name(name: str) -> bool:
    """Tell whether a file of this name is an archive, of whatever kind."""
    return name.lower().endswith(".zip") or _OTHER_ARCHIVES.search(name) is not None


class ZipImages:
    """The members of one zip archive.

    Several threads may read it. A process that was forked opens the file again, because the parent
    would move its place in the file.

    Parameters
    ----------
    path : str or Path
        The archive.

    Raises
    ------
    DatasetError
        It is damaged, encrypted, or holds more than a computer can read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = os.fspath(path)
        self.name = FileSource(path).name
        self._files: dict[int, zipfile.ZipFile] = {}
        self._check()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the path only, so that another process opens the file itself."""
        return ZipImages, (self.path,)

    def names(self) -> Iterator[tuple[int, str, bool]]:
        """Yield number, path and whether it is a folder, of each member."""
        for number, member in enumerate(self._file().infolist()):
            name = _path_of(member)
            yield number, name, name.endswith("/")

    def has_tables(self) -> bool:
        """Tell whether a member is a table of images, or of parquet."""
        return any(is_table_name(name) or is_parquet_name(name) for _, name, _ in self.names())

    def read(self, number: int, name: str) -> bytes:
        """Return the content of a member.

        Parameters
        ----------
        number : int
            Its place in the archive.
        name : str
            Its name, for messages.

        Raises
        ------
        ImageNotFound
            The archive is gone or has changed.
        ImageTooLarge
            The member says that it has more bytes than the limit, or there is not enough memory. It
            can't give more than it says.
        ImageDamaged
            The member is damaged.
        """
        try:
            file = self._file()
            member = file.infolist()[number]
        except (OSError, zipfile.BadZipFile, IndexError) as error:
            raise ImageNotFound(f"{name} is not there any more: {error}.") from error
        check_bytes(member.file_size, name)
        try:
            # Read as a whole, a member that says to be small would be unpacked to its real size.
            step = _STEP if member.compress_type in _UNPACKED_BY_STEPS else _SHORT_STEP
            with file.open(member) as opened:
                opened.MIN_READ_SIZE = _SHORT_STEP  # type: ignore[attr-defined]
                return b"".join(iter(partial(opened.read, step), b""))
        except MemoryError as error:
            raise too_large(name, error) from error
        except Exception as error:
            # Which one depends on how the member was packed.
            raise ImageDamaged(
                f"{name} could not be read: {error}. The archive is damaged. Fetch it again."
            ) from error

    def _file(self) -> zipfile.ZipFile:
        process = os.getpid()
        if process not in self._files:
            self._files = {process: zipfile.ZipFile(_bounded(self.path))}
        return self._files[process]

    def _check(self) -> None:
        try:
            members = self._file().infolist()
            size = Path(self.path).stat().st_size
        except _TooManyMembers as error:
            raise DatasetError(
                f"{self.name} must hold at most {MAX_MEMBERS:,} files. Received: more. It holds no "
                "usual images."
            ) from error
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise DatasetError(
                f"{self.name} must be a whole zip archive. Received: {error}. Fetch it again."
            ) from error
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise DatasetError(
                f"{self.name} must not be encrypted, because headstart asks for no passwords. "
                "Unpack it, and name the folder that it makes."
            )
        long = next((member for member in members if _is_too_long(member.filename)), None)
        if long is not None:
            raise DatasetError(
                f"{self.name} must hold files whose names any system can write: of at most "
                f"{_MAX_NAME} characters, with paths of at most {MAX_PATH:,}. Received: "
                f"{quoted(long.filename)}."
            )
        total = sum(member.file_size for member in members)
        if total > max(_RATIO_COUNTS_FROM, _MAX_RATIO * size):
            raise DatasetError(
                f"{self.name} must hold at most {_MAX_RATIO} times its own size. Received: "
                f"{total / 1024**3:,.0f} GiB in {size / 1024**3:.3f} GiB. It holds no usual images."
            )


class _TooManyMembers(zipfile.BadZipFile):
    """The list of members is longer than that of any archive of images."""


class _Bounded(io.BufferedReader):
    """A file of which nothing is read at once that no archive of images has.

    The names of all members are read at once, and take ten times as much memory.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        most = _MAX_READ + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        if len(data) >= most or data.count(_ENTRY) > MAX_MEMBERS:
            raise _TooManyMembers("more files than are listed")
        return data

    def __del__(self) -> None:
        """Close the file, as the module zipfile does with those that it has opened."""
        self.close()


@dataclass(frozen=True, slots=True)
class ZipSource(ImageSource):
    """An image in a zip archive.

    Parameters
    ----------
    name : str
        The path of the archive and the path in it.
    archive : ZipImages
    number : int
        The place of the image in the archive.
    """

    name: str = field()
    archive: ZipImages = field(repr=False, compare=False)
    number: int

    def read(self) -> bytes:
        """Return the content of the image file."""
        return self.archive.read(self.number, self.name)


def read_archive(path: str, skipped: Counter[str]) -> Folder:
    """Return a zip archive as a tree of folders.

    Parameters
    ----------
    path : str
        The archive.
    skipped : Counter of str
        Is increased for each entry that is skipped, by reason; see `read_folder`.

    Raises
    ------
    DatasetError
        See `ZipImages`; or the archive is of another kind.
    """
    if _OTHER_ARCHIVES.search(path):
        raise DatasetError(
            f"An archive must be a zip file to be read. Received: {FileSource(path).name}. Unpack "
            "it, and name the folder that it makes."
        )
    folder = Folder(Path(path).stem, path)
    _Members(ZipImages(path), skipped).fill(folder)
    return folder


class _Members(TreeReader):
    """Reads folders from an archive."""

    def __init__(self, archive: ZipImages, skipped: Counter[str]) -> None:
        super().__init__(skipped)
        self._archive = archive
        self._numbers: dict[str, int] = {}

    @cached_property
    def _folders(self) -> dict[str, dict[str, bool]]:
        """The names in each folder, and whether each is a folder."""
        folders: dict[str, dict[str, bool]] = {self._archive.path: {}}
        for number, name, is_folder in self._archive.names():
            above = self._archive.path
            # Names far down are not read, but must not take a day to list.
            parts = [part for part in name.split("/") if part not in ("", ".")][: MAX_DEPTH + 2]
            for place, part in enumerate(parts, 1):
                inner = is_folder or place < len(parts)
                folders[above][part] = folders[above].get(part, False) or inner
                above = f"{above}/{part}"
                if inner:
                    folders.setdefault(above, {})
            self._numbers[above] = number
        return folders

    def entries(self, path: str) -> list[Entry] | None:
        names = self._folders[path].items()
        return [Entry(name, f"{path}/{name}", is_folder) for name, is_folder in names]

    def sources(self, name: str, path: str) -> list[ImageSource]:
        if not is_image_name(name):
            return []
        return [ZipSource(FileSource(path).name, self._archive, self._numbers[path])]


def _bounded(path: str) -> _Bounded:
    file = open_regular(path)
    return _Bounded(cast("io.BufferedReader", file).detach())


def _is_too_long(name: str) -> bool:
    return len(name) > _MAX_NAME and (
        len(name) > MAX_PATH or max(map(len, _SLASH.split(name))) > _MAX_NAME
    )


def _path_of(member: zipfile.ZipInfo) -> str:
    """Return the path of a member, with forward slashes."""
    name = member.filename
    if not member.flag_bits & _UTF_8:
        # macOS writes UTF-8 without saying so; Python has read it as the code page of DOS.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name if "/" in name else name.replace("\\", "/")
