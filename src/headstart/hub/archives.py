"""Unpack archives of strangers: plain files in plain folders, within limits, or nothing.

Read are tar archives, compressed by gzip or not: what the hubs send. The headers are read by
`tarfile`; all that decides what is written, and where, is decided here.
"""

from __future__ import annotations

import gzip
import tarfile
import unicodedata
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from headstart.errors import DownloadError
from headstart.escaping import quoted
from headstart.storage.device_names import is_device
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILES = 10_000
MAX_BYTES = 2**33  # as much as a file may have that is hashed
MAX_DEPTH = 20
# Weights hardly get smaller; what unpacks to far more than its size is a bomb.
_MAX_RATIO, _RATIO_COUNTS_FROM = 100, 2**28
_MAX_NAME = 255
# Headers for each file or folder: its own, and those that extend it.
_HEADERS = 4
# Of a header's extension: names and times, never much.
_MAX_EXTENSION = 2**16
_LONGEST_PADDING = 2**20
_PIECE = 2**18
_GZIP = b"\x1f\x8b"
_BLOCK = tarfile.BLOCKSIZE


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a tar archive into an empty folder.

    The caller deletes what is in the folder if this fails.

    Parameters
    ----------
    archive : Path
        A file that nobody else writes to.
    folder : Path

    Raises
    ------
    DownloadError
        If it is no archive, is cut short or damaged; holds a link, a device or anything else that
        is neither file nor folder; a name that leads elsewhere or that not every system can write;
        two files of one name; or more files or bytes than the limits.
    StorageError
        If the folder can't be written.
    """
    try:
        with open_regular(archive) as file:
            _Unpacking(archive.name, _most(file), folder).run(_decompressed(file))
    except (EOFError, gzip.BadGzipFile, tarfile.HeaderError, zlib.error) as error:
        raise _refused(archive.name, f"be whole. Received: {error or 'a damaged file'}") from error


def portable_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a relative path that every system can write.

    Raises
    ------
    ValueError
        If it is anything else, such as a path that leads out of its folder.
    """
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or len(parts) > MAX_DEPTH:
        raise ValueError("an absolute or very long path")
    for part in parts:
        if (
            part == ".."
            or not part.isprintable()
            or any(sign in part for sign in '\\:*?"<>|')
            or part.endswith((".", " "))
            or len(part.encode()) > _MAX_NAME
            or is_device(part)
        ):
            raise ValueError(f"{quoted(part)} is no name that every system can write")
    return parts


class _Unpacking:
    """The unpacking of one archive, and what was unpacked so far."""

    def __init__(self, name: str, most: int, folder: Path) -> None:
        self._name, self._most, self._folder = name, most, folder
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._bytes = 0

    def run(self, file: IO[bytes]) -> None:
        for member, name in _members(file, self._name):
            try:
                parts = portable_parts(name)
            except ValueError as error:
                raise self._refused(f"hold relative paths. Received: {error}") from error
            if member.type == tarfile.DIRTYPE:
                self._add_folders(parts)
            elif member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and parts:
                self._add_folders(parts[:-1])
                self._add_file(parts, member.size)
                self._write(file, member.size, self._folder.joinpath(*parts))
            else:
                raise self._refused(
                    f"hold files and folders only. Received: {quoted(name)}, which is a link, a "
                    "device or something else"
                )
        if not self._files:
            raise self._refused("hold a file. Received: none")

    def _add_folders(self, parts: tuple[str, ...]) -> None:
        for n in range(1, len(parts) + 1):
            key = _key(parts[:n])
            if key in self._files:
                raise self._refused(f"hold each name once. Received: {quoted(parts[n - 1])} twice")
            if key not in self._folders:
                self._folders.add(key)
                self._check_count()
        self._folder.joinpath(*parts).mkdir(parents=True, exist_ok=True)

    def _add_file(self, parts: tuple[str, ...], size: int) -> None:
        key = _key(parts)
        if key in self._files or key in self._folders:
            raise self._refused(f"hold each name once. Received: {quoted('/'.join(parts))} twice")
        self._files.add(key)
        self._check_count()
        self._bytes += size
        if self._bytes > self._most:
            raise self._refused(f"hold at most {self._most:,} bytes. Received: more")

    def _check_count(self) -> None:
        if len(self._files) + len(self._folders) > MAX_FILES:
            raise self._refused(f"hold at most {MAX_FILES:,} files and folders. Received: more")

    def _write(self, file: IO[bytes], size: int, path: Path) -> None:
        with path.open("xb") as written:
            left = size
            while left:
                piece = _read(file, min(left, _PIECE))
                written.write(piece)
                left -= len(piece)
        _read(file, -size % _BLOCK)

    def _refused(self, why: str) -> DownloadError:
        return _refused(self._name, why)


def _members(file: IO[bytes], archive: str) -> Iterator[tuple[tarfile.TarInfo, str]]:
    """Yield the header and the path of each member; its content must be read before the next."""
    longer: dict[str, str] = {}
    for _ in range(_HEADERS * MAX_FILES):
        block = _read(file, _BLOCK)
        if not block.strip(b"\0"):
            _check_end(file, archive)
            return
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if member.size < 0:
            raise tarfile.HeaderError("a size below nothing")
        if member.type in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE):
            content = _extension(file, member, archive)
            if member.type == tarfile.GNUTYPE_LONGNAME:
                longer["path"] = content.rstrip(b"\0").decode("utf-8", "surrogateescape")
            elif member.type == tarfile.XHDTYPE:
                longer |= _records(content)
            continue
        if "size" in longer or any(key.startswith("GNU.sparse") for key in longer):
            raise _refused(
                archive, "hold plain files. Received: one of more than 8 GB, or a sparse one"
            )
        yield member, longer.pop("path", member.name)
        longer = {}
    raise _refused(archive, f"hold at most {MAX_FILES:,} files. Received: far more headers")


def _check_end(file: IO[bytes], archive: str) -> None:
    """Read the padding at the end: there, gzip keeps the sum of all that it held."""
    if any(file.read(_LONGEST_PADDING).strip(b"\0")) or file.read(1):
        raise _refused(archive, "end after its last file. Received: more")


def _extension(file: IO[bytes], member: tarfile.TarInfo, archive: str) -> bytes:
    if member.size > _MAX_EXTENSION:
        raise _refused(archive, f"have names of a usual length. Received: {member.size:,} bytes")
    content = _read(file, member.size)
    _read(file, -member.size % _BLOCK)
    return content


def _records(content: bytes) -> dict[str, str]:
    """Return the records of an extension in the format of POSIX: ``length key=value``."""
    found = {}
    while content:
        digits, _, _ = content.partition(b" ")
        length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        key, equals, value = content[len(digits) + 1 : length].partition(b"=")
        if not equals or not value.endswith(b"\n") or length > len(content):
            raise tarfile.HeaderError("a record of another format")
        found[key.decode("utf-8", "replace")] = value[:-1].decode("utf-8", "surrogateescape")
        content = content[length:]
    return found


def _decompressed(file: BinaryIO) -> IO[bytes]:
    begin = file.read(2)
    file.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if begin == _GZIP else file


def _most(file: IO[bytes]) -> int:
    """Return how many bytes an archive may hold."""
    size = file.seek(0, 2)
    file.seek(0)
    return min(MAX_BYTES, max(_RATIO_COUNTS_FROM, _MAX_RATIO * size))


def _read(file: IO[bytes], size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise EOFError("it is cut short")
    return content


def _key(parts: tuple[str, ...]) -> str:
    """Return a path as those systems see it that know no difference between a and A."""
    return unicodedata.normalize("NFC", "/".join(parts)).casefold()


def _refused(archive: str, why: str) -> DownloadError:
    return DownloadError(f"The archive {archive} must {why}. Nothing of it was kept.")
