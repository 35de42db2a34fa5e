"""Download a file over HTTP: resumed, checked, and whole or absent."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

import filelock

from headstart.errors import DownloadError, WeightsMismatch
from headstart.escaping import printable
from headstart.progress import Bars
from headstart.storage.disk import hash_file, writing

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from pathlib import Path

    from headstart.progress import Progress

_logger = logging.getLogger("headstart")

ATTEMPTS = 4
PAUSE = 1.0  # seconds before the second attempt; doubled for each further one
TIMEOUT = 30  # seconds without a byte
PIECE = 1 << 18  # bytes read at once


def fetch(
    url: str,
    target: Path,
    digest: str | None,
    *,
    progress: Progress | None = None,
    instructions: str = "",
) -> Path:
    """Download `url` to `target`, unless another process has done so.

    The bytes received are kept in ``<target>.part`` until the file is complete. The next attempt,
    in this process or another, resumes there. Two processes that want the same file take turns.

    Parameters
    ----------
    url : str
        If ``$HEADSTART_MIRROR`` is set, the file with the same name is fetched from there.
    target : Path
        The file to write.
    digest : str or None
        The published hash: 32 hexadecimal digits are MD5, 64 are SHA-256. None: not checked.
    progress : Progress, optional
        Shows the bytes received.
    instructions : str
        The end of the message of a `DownloadError`: how to get the file by hand.

    Raises
    ------
    DownloadError
        If the server can't be reached, refuses, or the connection breaks each time.
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
                _download(mirrored(url), part, progress, instructions)
                _check(part, digest, mirrored(url))
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
        raise DownloadError(f"Could not reach {address}: {problem}.")


def _ask(address: str, seconds: float, problems: queue.SimpleQueue[str]) -> None:
    """Put the problem into `problems`, or an empty text."""
    problem = ""
    try:
        asked = urllib.request.Request(address, method="HEAD")  # noqa: S310 - as in `_resume`
        urllib.request.urlopen(asked, timeout=seconds).close()  # noqa: S310 - the same
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except (HTTPException, OSError, ValueError) as error:
        problem = str(getattr(error, "reason", error))
    problems.put(problem)


def mirrored(url: str) -> str:
    """Return the address of the same file on the mirror, if one is set."""
    mirror = os.environ.get("HEADSTART_MIRROR")
    if not mirror:
        return url
    return f"{mirror.rstrip('/')}/{_name(url)}"


def hash_as(digest: str, path: Path) -> str:
    """Return the hash of a file, of the same kind as the published one; its length tells."""
    return hash_file(path, {32: "md5", 64: "sha256"}[len(digest)])


def _download(url: str, part: Path, progress: Progress | None, instructions: str) -> None:
    """Resume until the file is complete; give up after `ATTEMPTS` in a row without a byte."""
    failures = 0
    while True:
        before = _size(part)
        try:
            return _resume(url, part, progress)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise _failed(url, f"the server answered {error.code}", instructions) from error
            last: Exception = error
        except (HTTPException, urllib.error.URLError, ConnectionError, TimeoutError) as error:
            last = error
        failures = 1 if _size(part) > before else failures + 1
        if failures == ATTEMPTS:
            raise _failed(url, str(getattr(last, "reason", last)), instructions) from last
        time.sleep(PAUSE * 2 ** (failures - 1))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _failed(url: str, why: str, instructions: str) -> DownloadError:
    return DownloadError(
        f"Could not download {_name(url)}: {why}. The bytes received are kept.\n{instructions}"
    )


def _resume(url: str, part: Path, progress: Progress | None) -> None:
    """Download the bytes that `part` still lacks."""
    have = _size(part)
    asked = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - the catalogue's or the user's own address
    try:
        response = urllib.request.urlopen(asked, timeout=TIMEOUT)  # noqa: S310 - the same
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416:
            raise
        _accept_if_complete(part, error.headers.get("Content-Range"))
    else:
        with contextlib.closing(response):
            _receive(response, part, have if response.status == 206 else 0, progress)


def _accept_if_complete(part: Path, content_range: str | None) -> None:
    """Handle a server that has no more bytes: `part` is complete, or of another file."""
    if content_range != f"bytes */{_size(part)}":
        part.unlink()
        raise ConnectionError(
            "the server's file is shorter than the bytes received; starting again"
        )


def _receive(response: HTTPResponse, part: Path, have: int, progress: Progress | None) -> None:
    length = response.headers.get("Content-Length")
    total = None if length is None else have + int(length)
    what = f"downloading {part.stem}"
    with (
        part.open("ab" if have else "wb") as file,
        (progress or Bars()).bar(what, total, unit="B") as advance,
    ):
        advance(have)
        while piece := _read(response):
            file.write(piece)
            have += len(piece)
            advance(len(piece))
    if total is not None and have < total:
        raise ConnectionError(f"the connection broke after {have:,} of {total:,} bytes")


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
            f"{url} must have the published hash {digest}. Received a file with {found}, which was "
            "deleted. Try again; if the hash is the same, the server or mirror has another file."
        )
