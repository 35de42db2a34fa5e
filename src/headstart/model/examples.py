"""Training images that a saved model carries: features, labels, names and small copies."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart.errors import DamagedModel, ImageError
from headstart.images.decoding import decoded_image
from headstart.model import parts
from headstart.model.description import UNSUITABLE
from headstart.networks.network import graph_key
from headstart.prediction.scoring import nearest, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from headstart.features.extractor import FeatureExtractor
    from headstart.images.sources import ImageSource
    from headstart.prediction.predictor import Predictor
    from headstart.prediction.scoring import Arrays

    Finder = Callable[[NDArray[np.float32]], tuple["Example", ...]]

#: The longest side of the small copies, in pixels; and how many images a model carries.
SIDE, MOST = 128, 10_000
_QUALITY = 80


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A training image that is near another image.

    Attributes
    ----------
    name : str
        The name of its file, without folders.
    place : int
        The number of its class.
    similarity : float
        From -1 to 1: the cosine of the angle between the features of the two, seen from the mean
        of the training images.
    thumbnail : bytes
        A small JPEG file.
    """

    name: str
    place: int
    similarity: float
    thumbnail: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The training images of a model, to show those that are nearest to an image.

    Attributes
    ----------
    features : ndarray of float16, shape (n, n_features)
    codes : ndarray of int64, shape (n,)
        The number of each image's class.
    names : ndarray of str, shape (n,)
        The names of the files, without folders.
    thumbnails : ndarray of uint8, shape (n_bytes,)
        JPEG files, one after the other.
    ends : ndarray of int64, shape (n,)
        Where each of them ends.
    """

    features: NDArray[np.float16]
    codes: NDArray[np.int64]
    names: NDArray[np.str_]
    thumbnails: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @classmethod
    def of(
        cls, extractor: FeatureExtractor, sources: Sequence[ImageSource], codes: Sequence[int]
    ) -> Self:
        """Return the images that can be read, with features from the cache where it has them."""
        small, kept = [], []
        extracted = extractor.extract_all(sources, skip_unreadable=True)
        for row, place in enumerate(extracted.places.tolist()):
            try:
                small.append(_thumbnail(sources[place]))
            except ImageError:
                continue  # deleted meanwhile, or it takes more memory in its own proportions
            kept.append((row, place))
        rows, places = np.array(kept, np.int64).reshape(-1, 2).T
        most = np.finfo(np.float16).max
        return cls(
            features=extracted.features[rows].clip(-most, most).astype(np.float16),
            codes=np.array([codes[place] for place in places], np.int64),
            names=np.array([PurePath(sources[place].name).name for place in places], np.str_),
            thumbnails=np.frombuffer(b"".join(small), np.uint8),
            ends=np.cumsum([len(each) for each in small], dtype=np.int64),
        )

    @property
    def n_bytes(self) -> int:
        """How much room they take in the saved model."""
        return sum(array.nbytes for array in self.arrays().values())

    def arrays(self) -> Arrays:
        """Return the arrays from which `from_arrays` makes the same examples."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_features: int, n_classes: int) -> Self:
        """Make examples from what `arrays` returned.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or they do not fit together.
        """
        found = cls(**{name: arrays[name] for name in cls.__slots__})
        n, kinds = len(found.features), {"codes": "i", "names": "U", "ends": "i"}
        fits = (
            n > 0
            and found.features.shape == (n, n_features)
            and found.features.dtype == np.float16
            and all(getattr(found, name).shape == (n,) for name in kinds)
            and all(getattr(found, name).dtype.kind == kind for name, kind in kinds.items())
            and found.thumbnails.dtype == np.uint8
            and found.thumbnails.shape == (found.ends[-1],)
            and (np.diff(found.ends, prepend=0) >= 0).all()
            and 0 <= found.codes.min() <= found.codes.max() < n_classes
        )
        if not fits:
            raise ValueError("examples must have features, codes, names and thumbnails alike")
        return found

    def finder(self, count: int) -> Finder:
        """Return what finds the training images that are most similar to an image.

        Parameters
        ----------
        count : int
            How many are found; fewer if there are fewer.

        Returns
        -------
        callable
            Takes the features of an image, float32 (n_features,), and returns a tuple of `Example`,
            the most similar first.
        """
        known = self.features.astype(np.float32)
        centre = known.mean(axis=0)
        known = unit(known - centre)
        starts = np.concatenate([[0], self.ends[:-1]])

        def find(features: NDArray[np.float32]) -> tuple[Example, ...]:
            asked = unit((features - centre)[None])
            places = nearest(asked, known, min(count, len(known)))[0]
            return tuple(
                Example(
                    str(self.names[place]),
                    int(self.codes[place]),
                    float(known[place] @ asked[0]),
                    self.thumbnails[starts[place] : self.ends[place]].tobytes(),
                )
                for place in places
            )

        return find


def saved_examples(predictor: Predictor) -> Examples | None:
    """Return the examples in the folder of a saved model; None if it has none.

    Raises
    ------
    DamagedModel
        If they are damaged.
    """
    network = predictor.network
    if predictor.scorer is None or not network.files or network.key != graph_key(network.files):
        return None
    try:
        arrays = parts.read_part(network.folder, "examples")
        if arrays is None:
            return None
        return Examples.from_arrays(arrays, *predictor.scorer.shape)
    except UNSUITABLE as error:
        raise DamagedModel(
            f"The training images that the saved model in {network.folder} carries are damaged: "
            f"{error}. Copy the model again, or train it again."
        ) from error


def _thumbnail(source: ImageSource) -> bytes:
    with decoded_image(source, at_least=(SIDE, SIDE), accept_truncated=True) as decoded:
        image: Any = decoded.image.copy()
        image.thumbnail((SIDE, SIDE))
        file = io.BytesIO()
        image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
