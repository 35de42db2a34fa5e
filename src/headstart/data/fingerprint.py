"""A fingerprint of labelled images: it tells whether two datasets are the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


def fingerprint(images: Iterable[str], labels: Iterable[Hashable], *, ordered: bool = False) -> str:
    """Return the SHA-256 hash of images and their labels, as 64 hexadecimal digits.

    Parameters
    ----------
    images : iterable of str
        What identifies each image: the hash of its content (`content_hash`), which stays the same
        wherever the file lies, or its name where the content has not been read.
    labels : iterable of hashable
        The label of each image.
    ordered : bool
        Whether the order of the images counts. It does where results are kept by position.

    Raises
    ------
    ValueError
        If there are not as many labels as images.
    """
    lines = [f"{image}\t{_text(label)}\n" for image, label in zip(images, labels, strict=True)]
    text = "".join(lines if ordered else sorted(lines))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _text(label: Hashable) -> str:
    # The order of a set changes from process to process.
    return repr(sorted(map(repr, label))) if isinstance(label, frozenset) else repr(label)
