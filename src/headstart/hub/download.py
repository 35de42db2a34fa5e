"""Download a file over HTTP: resumed, checked, and whole or absent."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import queue
import threading
import urllib.error
from http.client import HTTPException
from typing import TYPE_CHECKING

import filelock

from headstart.errors import DownloadError, HeadstartError, WeightsMismatch
from headstart.escaping import printable
from headstart.hub.connections import (
    ATTEMPTS,
    BROKEN,
    may_succeed_later,
    open_address,
    shown,
    stated_length,
    wait,
)
from headstart.hub.mirrors import mirrored
from headstart.progress import Bars
from headstart.storage.disk import hash_file, writing
from headstart.untrusted.hashed_files import LARGEST
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from pathlib import Path

    from headstart.progress import Progress

_logger = logging.getLogger("headstart")

PIECE = 1 << 18  # bytes read at once


def fetch(
    url: str,
    target: Path,
    digest: str | None,
    *,
    progress: Progress | None = None,
    instructions: str = "",
    most: int = LARGEST,
) -> Path:
    """Download `url` to `target`, unless another process has done so.

    The bytes received are kept in ``<target>.part`` until the file is complete. The next attempt,
    in this process or another, resumes there. Two processes that want the same file take turns.

    Parameters
    ----------
    url : str
        It may be that of a hub; then the hub's token is sent. If ``$HEADSTART_MIRROR`` is set, the
        file is fetched from there; see `headstart.hub.mirrors.mirrored`.
    target : Path
        The file to write.
    digest : str or None
        The published hash: 32 hexadecimal digits are MD5, 40 the name of the file in Git, 64
        SHA-256. None: not checked.
    progress : Progress, optional
        Shows the bytes received.
    instructions : str
        The end of the message of a `DownloadError`: how to get the file by hand.
    most : int
        How many bytes the file may have.

    Raises
    ------
    DownloadError
        If the server can't be reached, refuses (the error's `status` says how) or sends more bytes,
        or the connection breaks each time.
    WeightsMismatch
        If the complete file has another hash; it is deleted.
    StorageError
        If the folder can't be written.
    """
    part = target.with_name(f"{target.name}.part")
    with writing(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{target}.lock"):
            if not target.is_file():
                # Not the address: that of a mirror may hold a password.
                _logger.info("downloading %s", printable(str(target)))
                _download(mirrored(url), part, progress, instructions, most)
                _check(part, digest, url)
                part.replace(target)
    return target


def check_reach(address: str, seconds: float) -> None:
    """Check that something answers at an address; a refusal is an answer as well.

    Raises
    ------
    DownloadError
        If nothing answers within `seconds`. This includes looking up the name, which has no time
        limit of its own.
    """
    problems: queue.SimpleQueue[str] = queue.SimpleQueue()
    asking = threading.Thread(target=_ask, args=(address, seconds, problems), daemon=True)
    asking.start()
    try:
        problem = problems.get(timeout=seconds)
    except queue.Empty:
        problem = f"nothing answered within {seconds:g} seconds"
    if problem:
        raise DownloadError(f"Could not reach {shown(address)}: {problem}.")


def _ask(address: str, seconds: float, problems: queue.SimpleQueue[str]) -> None:
    """Put the problem into `problems`, or an empty text."""
    problem = ""
    try:
        open_address(address, {}, method="HEAD", timeout=seconds).close()
    except urllib.error.HTTPError:
        pass
    except (HTTPException, OSError, HeadstartError) as error:
        problem = str(getattr(error, "reason", error))
    problems.put(problem)


def hash_as(digest: str, path: Path) -> str:
    """Return the hash of a file, of the same kind as the published one; its length tells."""
    if len(digest) == 40:
        return _git_hash(path)
    return hash_file(path, {32: "md5", 64: "sha256"}[len(digest)])


def _git_hash(path: Path) -> str:
    """Return what Git calls a file: the SHA-1 of its length and its content."""
    with open_regular(path) as file:
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def _download(
    url: str, part: Path, progress: Progress | None, instructions: str, most: int
) -> None:
    """Resume until the file is complete; give up after `ATTEMPTS` in a row without a byte."""
    failures = 0
    while True:
        before = _size(part)
        try:
            return _resume(url, part, progress, most)
        except BROKEN as error:
            last = error
        failures = 1 if _size(part) > before else failures + 1
        if failures == ATTEMPTS or not may_succeed_later(last):
            raise _failed(url, last, instructions) from last
        wait(failures, last)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _failed(url: str, error: Exception, instructions: str) -> DownloadError:
    status = error.code if isinstance(error, urllib.error.HTTPError) else None
    why = f"the server answered {status}" if status else str(getattr(error, "reason", error))
    return DownloadError(
        f"Could not download {_name(url)}: {why}. The bytes received are kept.\n{instructions}",
        status=status,
    )


def _resume(url: str, part: Path, progress: Progress | None, most: int) -> None:
    """Download the bytes that `part` still lacks."""
    have = _size(part)
    try:
        response = open_address(url, {"Range": f"bytes={have}-"} if have else {})
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        _accept_if_complete(part, error.headers.get("Content-Range"))
    else:
        with contextlib.closing(response):
            _check_range(response, part, have)
            _receive(response, part, have if response.status == 206 else 0, progress, most)


def _check_range(response: HTTPResponse, part: Path, have: int) -> None:
    """Check that a server which sends a part of a file sends the one that was asked for."""
    sent = response.headers.get("Content-Range")
    if response.status == 206 and sent is not None and not sent.startswith(f"bytes {have}-"):
        part.unlink(missing_ok=True)
        raise ConnectionError("the server sent another part of the file; starting again")


def _accept_if_complete(part: Path, content_range: str | None) -> None:
    """Handle a server that has no more bytes: `part` is complete, or of another file."""
    if content_range != f"bytes */{_size(part)}":
        part.unlink()
        raise ConnectionError(
            "the server's file is shorter than the bytes received; starting again"
        )


def _receive(
    response: HTTPResponse, part: Path, have: int, progress: Progress | None, most: int
) -> None:
    length = stated_length(response)
    total = None if length is None else have + length
    _check_size(part, total or 0, most)
    what = f"downloading {part.stem}"
    with (
        part.open("ab" if have else "wb") as file,
        (progress or Bars()).bar(what, total, unit="B") as advance,
    ):
        advance(have)
        while have <= most and (piece := _read(response)):
            file.write(piece)
            have += len(piece)
            advance(len(piece))
    _check_size(part, have, most)
    if total is not None and have < total:
        raise ConnectionError(f"the connection broke after {have:,} of {total:,} bytes")


def _check_size(part: Path, size: int, most: int) -> None:
    if size > most:
        part.unlink(missing_ok=True)
        raise DownloadError(
            f"{part.stem} must have at most {most:,} bytes. Received: {size:,} or more. It is not "
            "what it should be."
        )


def _read(response: HTTPResponse) -> bytes:
    # An error of the connection must not look like an error of the disk.
    try:
        return response.read1(PIECE)
    except OSError as error:
        raise ConnectionError(f"the connection broke: {error}") from error


def _check(part: Path, digest: str | None, url: str) -> None:
    if digest is None:
        return
    found = hash_as(digest, part)
    if found != digest:
        part.unlink()
        raise WeightsMismatch(
            f"{_name(url)} must have the published hash {digest}. Received a file with "
            f"{found}, which was deleted. Try again; if the hash is the same, the server "
            "or mirror has another file."
        )
