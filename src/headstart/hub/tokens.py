"""The tokens with which hubs know their users.

They are taken from where the hubs' own programs take them. They are sent to the hub that they
belong to, and to no other host; and they are part of no message, file or log.
"""

from __future__ import annotations

import base64
import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

from headstart.errors import UsageError
from headstart.hub import folders
from headstart.hub.mirrors import HUGGING_FACE, KAGGLE, endpoint
from headstart.untrusted.json_text import parse_json
from headstart.untrusted.regular_files import read_bytes

# No token is longer; a file with more is something else.
_LONGEST = 8192


def authorization(url: str) -> str | None:
    """Return the value of the header ``Authorization`` for an address; None for no header.

    Raises
    ------
    UsageError
        If a token can't be sent: it must be one line of ASCII.
    """
    if not _is_private(url):
        return None
    origin = origin_of(url)
    if origin in (origin_of(HUGGING_FACE), origin_of(endpoint(HUGGING_FACE))):
        return _hugging_face()
    if origin in (origin_of(KAGGLE), origin_of(endpoint(KAGGLE))):
        return _kaggle()
    return None


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: what a token belongs to."""
    try:
        address = urlsplit(url)
        scheme = address.scheme.lower()
        port = address.port or {"https": 443, "http": 80}.get(scheme)
        return scheme, (address.hostname or "").lower(), port
    except ValueError:
        return "", url, None


def _is_private(url: str) -> bool:
    """Tell whether nobody on the way can read what is sent."""
    scheme, host, _ = origin_of(url)
    if scheme == "https" or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hugging_face() -> str | None:
    if folders.is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        return None
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        token = os.environ.get(variable, "").strip()
        if token:
            return f"Bearer {_checked(token, variable)}"
    path = os.environ.get("HF_TOKEN_PATH") or folders.hugging_face_home() / "token"
    token = _read(Path(path)).decode("ascii", "replace").strip()
    return f"Bearer {_checked(token, str(path))}" if token else None


def _kaggle() -> str | None:
    token = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if token:
        return f"Bearer {_checked(token, 'KAGGLE_API_TOKEN')}"
    user, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    where = "KAGGLE_USERNAME or KAGGLE_KEY"
    if not (user and key):
        path = folders.kaggle_settings() / "kaggle.json"
        user, key = _from_kaggle_file(path)
        where = str(path)
    if not (user and key):
        return None
    both = f"{_checked(user, where)}:{_checked(key, where)}"
    return f"Basic {base64.b64encode(both.encode()).decode()}"


def _from_kaggle_file(path: Path) -> tuple[str | None, str | None]:
    content = _read(path)
    if not content:
        return None, None
    try:
        entries = parse_json(content)
        return str(entries["username"]), str(entries["key"])
    except (ValueError, TypeError, LookupError):
        # Not the error itself: it may show what is in the file.
        raise UsageError(
            f"{path} must hold the entries 'username' and 'key' as JSON, as Kaggle writes it. "
            "Received: something else. Fetch it again from your settings at kaggle.com."
        ) from None


def _read(path: Path) -> bytes:
    """Return the content of a file; nothing if it can't be read."""
    try:
        return read_bytes(path, _LONGEST)
    except (OSError, ValueError):
        return b""


def _checked(token: str, where: str) -> str:
    # The module http would show the token in its error.
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"{where} must hold one word of ASCII characters. Received: something else (not shown, "
            "because it may be secret). Copy the token again."
        )
    return token
