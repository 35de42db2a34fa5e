"""Fetch a file over HTTP: resumed, checked, and whole or absent."""

from __future__ import annotations

import contextlib
import hashlib
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
from headstart.progress import Bars
from headstart.storage import writing

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from pathlib import Path

    from headstart.progress import Progress

ATTEMPTS = 4
TIMEOUT = 30  # seconds without a byte
PIECE = 1 << 18  # bytes read at once


def fetch(
    url: str,
    target: Path,
    digest: str | None,
    *,
    progress: Progress | None = None,
    instructions: str = "",
    pause: float = 1.0,
) -> Path:
    """Download `url` to `target`, unless another process did so meanwhile.

    What came is kept in ``<target>.part`` until the file is complete, so that the next attempt, in
    this run or another, goes on from there. Two processes that want the same file take turns.

    Parameters
    ----------
    url : str
        With ``$HEADSTART_MIRROR`` set, the file of the same name is fetched from there instead.
    target : Path
        Where the file shall be.
    digest : str or None
        Its published hash: 32 hexadecimal digits are MD5, 64 are SHA-256. None: not checked.
    progress : Progress, optional
        Shows how far it is.
    instructions : str
        Put at the end of a `DownloadError`: how to get the file by hand.
    pause : float
        Seconds to wait before the second attempt; doubled each time.

    Raises
    ------
    DownloadError
        If the server can't be reached, refuses, or the connection breaks each time.
    WeightsMismatch
        If the file is complete but has another hash; it is thrown away.
    StorageError
        If the folder can't be written.
    """
    part = target.with_name(f"{target.name}.part")
    with writing(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{target}.lock"):
            if not target.is_file():
                _attempts(mirrored(url), part, progress, instructions, pause)
                _check(part, digest, mirrored(url))
                part.replace(target)
    return target


def check_reach(address: str, seconds: float) -> None:
    """Find out whether something answers at an address, be it with a refusal.

    Raises
    ------
    DownloadError
        If nothing answers within `seconds`, whatever the time goes into: looking up a name has no
        time limit of its own.
    """
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    asking = threading.Thread(target=_ask, args=(address, seconds, answers), daemon=True)
    asking.start()
    try:
        trouble = answers.get(timeout=seconds)
    except queue.Empty:
        trouble = f"nothing answered within {seconds:g} seconds"
    if trouble:
        raise DownloadError(f"Could not reach {address}: {trouble}.")


def _ask(address: str, seconds: float, answers: queue.SimpleQueue[str]) -> None:
    """Put what went wrong into `answers`, or an empty text."""
    trouble = ""
    try:
        asked = urllib.request.Request(address, method="HEAD")  # noqa: S310 - as in `_go_on`
        urllib.request.urlopen(asked, timeout=seconds).close()  # noqa: S310 - the same
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except (HTTPException, OSError, ValueError) as error:
        trouble = str(getattr(error, "reason", error))
    answers.put(trouble)


def mirrored(url: str) -> str:
    """Return the address of the same file on the mirror, if one is set."""
    mirror = os.environ.get("HEADSTART_MIRROR")
    if not mirror:
        return url
    return f"{mirror.rstrip('/')}/{_name(url)}"


def algorithm(digest: str) -> str:
    """Tell from its length which hash Keras published."""
    return {32: "md5", 64: "sha256"}[len(digest)]


def _attempts(
    url: str, part: Path, progress: Progress | None, instructions: str, pause: float
) -> None:
    """Go on until the file is complete; give up when nothing came `ATTEMPTS` times in a row."""
    in_vain = 0
    while True:
        before = _size(part)
        try:
            return _go_on(url, part, progress)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise _failed(url, f"the server answered {error.code}", instructions) from error
            last: Exception = error
        except (HTTPException, urllib.error.URLError, ConnectionError, TimeoutError) as error:
            last = error
        in_vain = 1 if _size(part) > before else in_vain + 1
        if in_vain == ATTEMPTS:
            raise _failed(url, str(getattr(last, "reason", last)), instructions) from last
        time.sleep(pause * 2 ** (in_vain - 1))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _failed(url: str, why: str, instructions: str) -> DownloadError:
    return DownloadError(
        f"Could not download {_name(url)}: {why}. What came so far is kept.\n{instructions}"
    )


def _go_on(url: str, part: Path, progress: Progress | None) -> None:
    """Read from the server what `part` still lacks."""
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
    """Handle a server that has nothing to add: all is there, or something else is."""
    if content_range != f"bytes */{_size(part)}":
        part.unlink()
        raise ConnectionError("the server's file is shorter than what was kept; starting anew")


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
    # Trouble with the connection must not look like trouble with the disk.
    try:
        return response.read1(PIECE)
    except OSError as error:
        raise ConnectionError(f"the connection broke: {error}") from error


def _check(part: Path, digest: str | None, url: str) -> None:
    if digest is None:
        return
    with part.open("rb") as file:
        found = hashlib.file_digest(file, algorithm(digest)).hexdigest()
    if found != digest:
        part.unlink()
        raise WeightsMismatch(
            f"{url} must have the published hash {digest}. Received a file with {found}, which was "
            "thrown away. Try again; if it stays so, the mirror or the server has another file."
        )
