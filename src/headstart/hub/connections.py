"""Open addresses: with the token of their hub, and never with that of another."""

from __future__ import annotations

import base64
import contextlib
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPException, InvalidURL
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

from headstart.errors import DownloadError, UsageError
from headstart.hub.tokens import authorization, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPMessage, HTTPResponse
    from urllib.request import Request

ATTEMPTS = 4
PAUSE = 1.0  # seconds before the second attempt; doubled for each further one
TIMEOUT = 30  # seconds without a byte
# Seconds that a server may ask to wait; with more, the user had better come back later.
_LONGEST_WAIT = 60
_NUMBER = re.compile("[0-9]{1,18}")

#: What a connection that breaks raises, and a server that can't be reached.
BROKEN = (HTTPException, urllib.error.URLError, ConnectionError, TimeoutError)


def open_address(
    url: str, headers: Mapping[str, str], *, method: str = "GET", timeout: float = TIMEOUT
) -> HTTPResponse:
    """Open an address, and follow where it leads.

    Parameters
    ----------
    url : str
        It may have a user and a password before the host, as that of a mirror may.
    headers : mapping of str to str
    method : str
    timeout : float
        Seconds without a byte.

    Raises
    ------
    urllib.error.HTTPError
        If the server refuses; it is closed.
    URLError, HTTPException, ConnectionError, TimeoutError
        If it can't be reached, or the connection breaks.
    DownloadError
        If it leads to an address that is not encrypted, from one that is.
    UsageError
        If a token can't be sent, or it is no address.
    """
    plain, password = _without_password(url)
    try:
        asked = urllib.request.Request(plain, headers=dict(headers), method=method)  # noqa: S310 - the catalogue's or the user's own address
    except ValueError as error:
        raise UsageError(
            "An address must begin with https:, http: or file:. "
            f"Received: {shown(url)}. Check HEADSTART_MIRROR, HF_ENDPOINT and KAGGLE_API_ENDPOINT."
        ) from error
    _authorize(asked, password or authorization(plain))
    try:
        return urllib.request.build_opener(_Redirects).open(asked, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        raise


def shown(url: str) -> str:
    """Return an address for a message: without a password and what may be a token."""
    return _without_password(url)[0].partition("?")[0]


def stated_length(response: HTTPResponse) -> int | None:
    """Return how many bytes a server says that it sends; None if it does not, or no number."""
    stated = response.headers.get("Content-Length") or ""
    return int(stated) if _NUMBER.fullmatch(stated) else None


def wait(failures: int, error: Exception) -> None:
    """Wait before the next attempt: longer each time, or for as long as the server asks.

    Raises
    ------
    DownloadError
        If the server asks for more than a minute.
    """
    asked = 0
    if isinstance(error, urllib.error.HTTPError):
        with contextlib.suppress(ValueError):
            asked = int(error.headers.get("Retry-After") or 0)
    if asked > _LONGEST_WAIT:
        raise DownloadError(
            f"The server answered {error.code} and asks to wait {asked:,} seconds. "  # type: ignore[attr-defined]
            "Try again then."
        ) from error
    time.sleep(max(PAUSE * 2 ** (failures - 1), min(asked, PAUSE * _LONGEST_WAIT)))


def may_succeed_later(error: Exception) -> bool:
    """Tell whether a refusal is the server's state, and not a lasting one."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code == 429
    return not isinstance(error, InvalidURL)


def read_address(url: str, most: int) -> bytes:
    """Return what a small file at an address holds; repeat until it arrives whole.

    Parameters
    ----------
    url : str
    most : int
        How many bytes it may have.

    Raises
    ------
    DownloadError
        If the server refuses (its `status` says how), can't be reached, or sends more bytes.
    UsageError
        If a token can't be sent.
    """
    return _repeated(lambda: _read(url, most))


def _repeated(ask: Callable[[], bytes]) -> bytes:
    failures = 0
    while True:
        try:
            return ask()
        except BROKEN as error:
            failures += 1
            if failures == ATTEMPTS or not may_succeed_later(error):
                raise refusal(error) from error
            wait(failures, error)


def _read(url: str, most: int) -> bytes:
    with contextlib.closing(open_address(url, {"Accept": "application/json, */*"})) as response:
        length = stated_length(response)
        content = response.read(most + 1)
    if len(content) > most:
        raise DownloadError(f"An answer of the server must have at most {most:,} bytes.")
    if length is not None and len(content) < length:
        raise ConnectionError(f"the connection broke after {len(content):,} of {length:,} bytes")
    return content


def refusal(error: Exception) -> DownloadError:
    """Return the error for what a request has raised, without the address: it may hold a token."""
    code = error.code if isinstance(error, urllib.error.HTTPError) else None
    why = f"the server answered {code}" if code else str(getattr(error, "reason", error))
    return DownloadError(f"The request failed: {why}.", status=code)


def _without_password(url: str) -> tuple[str, str | None]:
    """Return an address without user and password, and the header for them."""
    beginning, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    user, at, host = host.rpartition("@")
    if not (slashes and at):
        return url, None
    encoded = base64.b64encode(unquote(user).encode()).decode()
    return f"{beginning}://{host}{slash}{path}", f"Basic {encoded}"


def _authorize(request: Request, value: str | None) -> None:
    if value is not None:
        # Not one of the headers that urllib hands on to wherever it is sent.
        request.add_unredirected_header("Authorization", value)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, without a token to other hosts, and to nothing but encrypted ones."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        scheme = origin_of(urljoin(req.full_url, newurl))[0]
        if scheme not in ("https", origin_of(req.full_url)[0]):
            raise DownloadError(
                f"An address must lead to one that is as safe as itself. Received: the server "
                f"leads from {origin_of(req.full_url)[0]} to {scheme or 'nowhere'}."
            )
        new: Any = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and origin_of(new.full_url) == origin_of(req.full_url):
            _authorize(new, req.unredirected_hdrs.get("Authorization"))
        return new
