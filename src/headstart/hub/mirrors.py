"""Where files of the hubs are fetched from: the hub itself, or what the user names instead."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

HUGGING_FACE = "https://huggingface.co"
KAGGLE = "https://www.kaggle.com"
TENSORFLOW_HUB = "https://tfhub.dev"

# The variables with which the hubs' own programs are sent elsewhere.
_ENDPOINTS = {HUGGING_FACE: "HF_ENDPOINT", KAGGLE: "KAGGLE_API_ENDPOINT"}


def endpoint(hub: str) -> str:
    """Return the address that a hub's own programs ask: the hub's, or that of ``$HF_ENDPOINT``.

    Parameters
    ----------
    hub : str
        `HUGGING_FACE`, `KAGGLE` or `TENSORFLOW_HUB`.
    """
    named = os.environ.get(_ENDPOINTS.get(hub, ""), "")
    return (named or hub).rstrip("/")


def mirrored(url: str) -> str:
    """Return the address that a file is fetched from.

    If ``$HEADSTART_MIRROR`` is set, it is there: with the same path below it for a file of a hub,
    with the same name for any other. A copy of an archive of TensorFlow Hub ends in ``.tar.gz``, as
    in the folders that it was published from.
    """
    mirror = os.environ.get("HEADSTART_MIRROR", "").rstrip("/")
    hub = next((hub for hub in (*_ENDPOINTS, TENSORFLOW_HUB) if url.startswith(f"{hub}/")), None)
    if not mirror:
        return url if hub is None else endpoint(hub) + url.removeprefix(hub)
    if hub is None:
        return f"{mirror}/{url.rpartition('/')[2]}"
    path, query, asked = url.removeprefix(hub).partition("?")
    if hub == TENSORFLOW_HUB:
        return mirror + path + (".tflite" if asked.startswith("lite-format") else ".tar.gz")
    is_folder = urlsplit(mirror).scheme == "file"
    return mirror + path + ("" if is_folder else query + asked)
