"""Handles: what names a network on a hub, as its owner, its name and its version.

They are written as the hubs write them, or as the address of the page::

    hf:owner/repository[@revision][/file]
    kaggle:owner/model/framework/variation[/version[/file]]
    https://huggingface.co/owner/repository[/tree/revision | /blob/revision/file]
    https://www.kaggle.com/models/owner/model/framework/variation[/version]
    https://tfhub.dev/publisher/.../version

A revision of Hugging Face is a branch, a tag or a commit; '/' in its name is written %2F.
"""

from __future__ import annotations

import abc
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORMS = (
    "hf:owner/repository[@revision][/file], kaggle:owner/model/framework/variation[/version], or "
    "an https address of huggingface.co, kaggle.com or tfhub.dev"
)
# The names that hubs allow. None begins with a dot, so that none leads to another folder.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LONGEST = 1000
_HUGGING_FACE = ("huggingface.co", "www.huggingface.co", "hf.co")
_KAGGLE = ("www.kaggle.com", "kaggle.com")
_TENSORFLOW_HUB = ("tfhub.dev", "www.tfhub.dev")


@dataclass(frozen=True, slots=True)
class Handle(abc.ABC):
    """What names a network on a hub; see the subclasses."""

    #: The name of the hub, for messages.
    hub: ClassVar[str] = ""

    @property
    @abc.abstractmethod
    def page(self) -> str:
        """The address of the page that describes the network."""


@dataclass(frozen=True, slots=True)
class HuggingFaceHandle(Handle):
    """A repository of Hugging Face, or a file in it.

    Parameters
    ----------
    owner, repository : str
    revision : str, optional
        A branch, a tag or a commit; None stands for the branch "main".
    file : str, optional
        The path of a file, or of a SavedModel's folder, in the repository.
    """

    hub: ClassVar[str] = "Hugging Face"

    owner: str
    repository: str
    revision: str | None = None
    file: str | None = None

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    @property
    def page(self) -> str:
        """The address of the page that describes the network."""
        return f"https://huggingface.co/{self.owner}/{self.repository}"

    def __str__(self) -> str:
        """Return the handle as it is written."""
        revision = "" if self.revision is None else f"@{quote(self.revision, safe='')}"
        file = "" if self.file is None else f"/{self.file}"
        return f"hf:{self.owner}/{self.repository}{revision}{file}"


@dataclass(frozen=True, slots=True)
class KaggleHandle(Handle):
    """A variation of a model of Kaggle, or a file in it.

    Parameters
    ----------
    owner, model, framework, variation : str
    version : int, optional
        None stands for the latest one.
    file : str, optional
        The path of a file, or of a SavedModel's folder, in the variation.
    """

    hub: ClassVar[str] = "Kaggle"

    owner: str
    model: str
    framework: str
    variation: str
    version: int | None = None
    file: str | None = None

    @property
    def page(self) -> str:
        """The address of the page that describes the network."""
        path = "/".join((self.owner, self.model, self.framework, self.variation))
        version = "" if self.version is None else f"/{self.version}"
        return f"https://www.kaggle.com/models/{path}{version}"

    def __str__(self) -> str:
        """Return the handle as it is written."""
        path = "/".join((self.owner, self.model, self.framework, self.variation))
        rest = [str(each) for each in (self.version, self.file) if each is not None]
        return "/".join([f"kaggle:{path}", *rest])


@dataclass(frozen=True, slots=True)
class TensorFlowHubHandle(Handle):
    """An address of TensorFlow Hub; it leads to Kaggle today, where the networks are kept.

    Parameters
    ----------
    path : str
        What follows tfhub.dev/, such as ``google/imagenet/inception_v3/classification/4``.
    lite : bool
        Whether it is a TFLite file; otherwise it is a SavedModel.
    """

    hub: ClassVar[str] = "TensorFlow Hub"

    path: str
    lite: bool = False

    @property
    def page(self) -> str:
        """The address of the page that describes the network."""
        return f"https://tfhub.dev/{self.path}"

    def __str__(self) -> str:
        """Return the handle as it is written."""
        return self.page + ("?lite-format=tflite" if self.lite else "")


def parse_handle(text: str) -> Handle | None:
    """Return the handle that a text is, or None if it is none: a name, or the path of a file.

    Parameters
    ----------
    text : str

    Raises
    ------
    UsageError
        If it begins as a handle or an address does, and is none that headstart knows.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind.lower() not in _PARSERS:
        return None
    if len(text) > _LONGEST:
        raise UsageError(
            f"A handle must have at most {_LONGEST} characters. Received: {len(text)}."
        )
    return _PARSERS[kind.lower()](text, rest)


def pinned(handle: HuggingFaceHandle, commit: str) -> HuggingFaceHandle:
    """Return the handle with a commit for its revision.

    Raises
    ------
    ValueError
        If it is no commit.
    """
    if _COMMIT.fullmatch(commit) is None:
        raise ValueError(f"{commit!r} is no commit")
    return replace(handle, revision=commit)


def _hugging_face(text: str, rest: str) -> HuggingFaceHandle:
    owner, _, rest = rest.removeprefix("//").partition("/")
    repository, _, file = rest.partition("/")
    repository, at, revision = repository.partition("@")
    return _checked_hugging_face(text, owner, repository, unquote(revision) if at else None, file)


def _checked_hugging_face(
    text: str, owner: str, repository: str, revision: str | None, file: str
) -> HuggingFaceHandle:
    _check_names(text, owner, repository)
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise _no_handle(text)
    return HuggingFaceHandle(owner, repository, revision, _file(text, file))


def _kaggle(text: str, rest: str) -> KaggleHandle:
    return _kaggle_from(text, rest.removeprefix("//").split("/"))


def _kaggle_from(text: str, parts: Sequence[str]) -> KaggleHandle:
    if len(parts) < 4:
        raise _no_handle(text)
    _check_names(text, *parts[:4])
    version, *file = parts[4:] or [""]
    if version and not _VERSION.fullmatch(version):
        raise _no_handle(text)
    owner, model, framework, variation = parts[:4]
    number = int(version) if version else None
    return KaggleHandle(owner, model, framework, variation, number, _file(text, "/".join(file)))


def _address(text: str, _: str) -> Handle:
    try:
        address = urlsplit(text)
        host, port = (address.hostname or "").lower(), address.port
    except ValueError:
        raise _no_handle(text) from None
    parts = [unquote(part) for part in address.path.split("/") if part]
    if address.scheme.lower() == "https" and port in (None, 443) and "@" not in address.netloc:
        if host in _HUGGING_FACE:
            return _from_hugging_face_page(text, parts)
        if host in _KAGGLE and parts[:1] == ["models"]:
            return _from_kaggle_page(text, parts[1:])
        if host in _TENSORFLOW_HUB:
            return _from_tensorflow_hub(text, parts, address.query)
    raise _no_handle(text)


def _from_hugging_face_page(text: str, parts: list[str]) -> HuggingFaceHandle:
    match parts:
        case [owner, repository]:
            return _checked_hugging_face(text, owner, repository, None, "")
        case [owner, repository, "tree" | "blob" | "resolve" | "raw", revision, *file]:
            return _checked_hugging_face(text, owner, repository, revision, "/".join(file))
    raise _no_handle(text)


def _from_kaggle_page(text: str, parts: list[str]) -> KaggleHandle:
    match parts:
        case [owner, model, "frameworks", framework, "variations", variation]:
            return _kaggle_from(text, (owner, model, framework, variation))
        case [owner, model, "frameworks", framework, "variations", variation, "versions", version]:
            return _kaggle_from(text, (owner, model, framework, variation, version))
    return _kaggle_from(text, parts)


def _from_tensorflow_hub(text: str, parts: list[str], query: str) -> TensorFlowHubHandle:
    _check_names(text, *parts)
    if len(parts) < 3 or not _VERSION.fullmatch(parts[-1]):
        raise UsageError(
            "An address of tfhub.dev must end with a version, such as "
            "https://tfhub.dev/google/imagenet/inception_v3/classification/4. "
            f"Received: {text}."
        )
    lite = "lite-model" in parts or "tflite" in parse_qs(query).get("lite-format", ())
    return TensorFlowHubHandle("/".join(parts), lite)


def _check_names(text: str, *names: str) -> None:
    if not all(_NAME.fullmatch(name) and ".." not in name for name in names):
        raise _no_handle(text)


def _file(text: str, path: str) -> str | None:
    """Return the path in a repository, or None; no part of it may lead elsewhere."""
    path = path.rstrip("/")
    if not path:
        return None
    parts = path.split("/")
    if "\\" in path or not path.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise _no_handle(text)
    return path


def _no_handle(text: str) -> UsageError:
    return UsageError(
        f"A network on a hub is named {_FORMS}. Received: {text}. To use a file that is elsewhere, "
        "download it and give its path."
    )


_PARSERS = {"hf": _hugging_face, "kaggle": _kaggle, "https": _address, "http": _address}
