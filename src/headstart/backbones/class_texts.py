"""Classes that are given as texts: the vectors that images are compared with."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.catalogue import backbones
from headstart.backbones.text_tower import read_tokenizer, text_vectors, tokens
from headstart.errors import UsageError, WeightsMismatch
from headstart.escaping import quoted
from headstart.hub import download as downloads
from headstart.storage.cache_folder import cache_dir
from headstart.storage.clearing import hold
from headstart.storage.disk import hash_file, writing
from headstart.storage.whole_files import whole_file
from headstart.untrusted.array_files import read_arrays
from headstart.untrusted.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone, Texts
    from headstart.backbones.weights import WeightsFile
    from headstart.progress import Progress

    Array = NDArray[np.float32]

# Part of the key of what is kept: raise it whenever vectors come out differently.
_FORMAT = 1
_ARTICLE = re.compile(r"(an?|the)\s+(?=\S)", re.IGNORECASE)
# They take minutes.
_MOST_TEXTS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class ClassVectors:
    """What images are compared with.

    Attributes
    ----------
    vectors : ndarray of float32, shape (n_classes, d)
        Each of length 1.
    scale : float
        What the products of features and vectors are multiplied by before the softmax.
    """

    vectors: Array
    scale: float


def texts_of(row: Backbone) -> Texts:
    """Return how a backbone reads texts.

    Raises
    ------
    UsageError
        If it reads none; with the names of those that do.
    """
    if row.texts is None:
        able = " or ".join(other.name for other in backbones() if other.texts is not None)
        raise UsageError(
            "Classes that are texts need a backbone that was trained on images with their texts: "
            f"{able}. Received: {row.name}. Name one of them, or train a head on {row.name} with "
            "images of your classes."
        )
    return row.texts


def prompts(classes: Sequence[str], templates: Sequence[str]) -> list[str]:
    """Return the texts for classes: all templates for the first class, then the second, ...

    The published templates have an article, so that of a class ("a rickshaw") is left out.

    Raises
    ------
    UsageError
        If there are fewer than two classes, two are the same, one is empty, a template has not one
        place for the class, or there are too many texts.
    """
    named = [text.strip() for text in classes]
    bare = [_ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text for text in named]
    if len(named) < 2 or not all(named) or len({text.lower() for text in bare}) < len(bare):
        raise UsageError(
            "Classes must be at least two different texts, and none may be empty. Received: "
            f"{', '.join(map(quoted, classes)) or 'none'}. Give each class as a text of its own: "
            "--classes TEXT TEXT (classes=[...] in Python)."
        )
    for template in templates:
        if template.count("{}") != 1:
            raise UsageError(
                "A template must have {} once, in the place of the class, as in 'a photo of a {}.'."
                f" Received: {quoted(template)}."
            )
    if not templates or len(bare) * len(templates) > _MOST_TEXTS:
        raise UsageError(
            f"There must be from one to {_MOST_TEXTS:,} texts. Received: {len(bare):,} classes "
            f"with {len(templates):,} templates."
        )
    return [template.replace("{}", text) for text in bare for template in templates]


def class_vectors(
    row: Backbone,
    weights: WeightsFile,
    classes: Sequence[str],
    templates: Sequence[str] = (),
    *,
    progress: Progress | None = None,
) -> ClassVectors:
    """Return the vectors of classes that are texts; they are kept in the cache.

    Parameters
    ----------
    row : Backbone
    weights : WeightsFile
        With both towers.
    classes : sequence of str
    templates : sequence of str
        Texts with ``{}`` in the place of the class, instead of the published one. With several, the
        vector of a class is the mean of theirs (Radford et al. 2021, arXiv:2103.00020, 3.1.4).
    progress : Progress, optional
        Shows the download of the tokenizer.

    Raises
    ------
    UsageError
        If the backbone reads no texts, or see `prompts`.
    MissingExtra
        If the package tokenizers is not installed.
    WeightsMismatch
        If the weights have no text tower, or the tokenizer is damaged or another one.
    DownloadError, StorageError
        If the tokenizer can't be downloaded, or the vectors can't be kept.
    """
    how = texts_of(row)
    templates = tuple(templates) or (how.template,)
    texts = prompts(classes, templates)
    tokenizer = _find_tokenizer(row, how, weights, progress)
    facts = [_FORMAT, weights.sha256, hash_file(tokenizer), texts, len(templates)]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    path = cache_dir() / "texts" / f"{key}.npz"
    kept = _kept(path, len(classes))
    if kept is None:
        ids = tokens(read_tokenizer(tokenizer), texts, how)
        vectors, scale = text_vectors(weights.path, ids, how)
        mean = vectors.reshape(len(classes), len(templates), -1).mean(axis=1)
        kept = ClassVectors(mean / np.linalg.norm(mean, axis=1, keepdims=True), scale)
        _keep(path, kept)
    return kept


def _kept(path: Path, n_classes: int) -> ClassVectors | None:
    """Return the vectors in the cache, or None."""
    if not hold(path):
        return None
    try:
        with open_regular(path) as file:
            arrays = read_arrays(file)
        vectors, scale = arrays["vectors"], float(arrays["scale"].item())
    except (KeyError, OSError, ValueError):
        return None  # damaged: it is made again
    fits = vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == n_classes
    return ClassVectors(vectors, scale) if fits and np.isfinite(vectors).all() else None


def _keep(path: Path, found: ClassVectors) -> None:
    with writing(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as new, new.open("wb") as file:
            np.savez(file, vectors=found.vectors, scale=np.array(found.scale))


def _find_tokenizer(
    row: Backbone, how: Texts, weights: WeightsFile, progress: Progress | None
) -> Path:
    """Return the tokenizer beside the weights or in the cache, or download it."""
    official, folder = how.tokenizer, weights.path.parent
    kept = cache_dir() / "weights" / official.filename
    places = [folder / official.filename, kept]
    if weights.origin == "given":
        places.insert(0, folder / "tokenizer.json")  # its name in the repository
    for place in places:
        if place.is_file() and (place != kept or hold(place)):
            return _checked(place, official.filename, official.digest)
    path = downloads.fetch(
        official.url,
        kept,
        official.digest,
        progress=progress,
        instructions=(
            f"To continue, fetch {official.url} on another machine, and copy it as "
            f"{official.filename} into the folder of the weights of {row.name}, {folder}."
        ),
    )
    hold(path)
    return path


def _checked(path: Path, filename: str, digest: str | None) -> Path:
    if path.name == filename and digest is not None:
        found = downloads.hash_as(digest, path)
        if found != digest:
            raise WeightsMismatch(
                f"{path} must have the published hash {digest}. Received {found}: the file is cut "
                "short or altered. Delete it and try again."
            )
    return path
