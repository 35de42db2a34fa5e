"""Random views of pictures: what a network should take for the same thing."""

# The command line's defaults are augmentations: NumPy and Pillow wait until there are pixels.

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """A random piece of the picture, perhaps turned or mirrored, in slightly other colours.

    Parameters
    ----------
    crop : tuple of float
        The least and the most of the picture's area that is kept, 0 to 1.
    aspect : float
        The piece is up to so many times as wide as high, or as high as wide, relative to the
        picture; 1 or more.
    rotation : float
        It is turned by up to so many degrees either way, 0 to 180; 180 is any angle. Where the
        picture ends, its mirror image goes on.
    flip : float
        How often left and right are swapped, 0 to 1.
    vertical_flip : float
        How often top and bottom are swapped, 0 to 1: for pictures without an upside, as those of
        microscopes and satellites.
    colour : float
        Brightness, contrast and saturation are multiplied by up to ``1 + colour`` or as little as
        ``1 - colour``; 0 to 1.
    layers : sequence of callable
        What else is done, to whole batches, after all that: image layers of Keras, such as
        ``keras.layers.RandomContrast(0.2)``, or functions. Each gets and returns float32 images,
        RGB, 0 to 255, shape (n, height, width, 3), on whichever backend Keras runs.

    Raises
    ------
    UsageError
        If a value is out of its range.

    Notes
    -----
    What a Keras layer draws follows from the batch's seed, as everything else does; its own
    ``seed`` is overridden. What draws elsewhere is not the same again for the same seed: functions
    of one's own, and ``keras.layers.AugMix``, which asks Python's ``random`` too.

    References
    ----------
    Szegedy et al. 2014, arXiv:1409.4842, section 6 (random resized crop); Howard 2013,
    arXiv:1312.5402 (colour); Simard et al. 2003, doi:10.1109/ICDAR.2003.1227801 (rotation).

    Examples
    --------
    >>> Augmentation(crop=(1, 1), rotation=10, colour=0).in_words()
    'the whole picture, turned by up to 10°, mirrored 50% of the time'
    >>> Augmentation.none().changes_nothing
    True
    """

    crop: tuple[float, float] = (0.35, 1.0)
    aspect: float = 4 / 3
    rotation: float = 0.0
    flip: float = 0.5
    vertical_flip: float = 0.0
    colour: float = 0.2
    layers: Sequence[Callable[..., Any]] = ()

    def __post_init__(self) -> None:
        """Refuse what makes no picture."""
        least, most = self.crop
        if not (0 < least <= most <= 1 and self.aspect >= 1):
            raise UsageError(
                "A crop must keep between 0 and 1 of the area, least first, and its aspect be at "
                f"least 1. Received: {self.crop} and {self.aspect}."
            )
        if not all(0 <= share <= 1 for share in (self.flip, self.vertical_flip, self.colour)):
            raise UsageError(
                "flip, vertical_flip and colour must be between 0 and 1. "
                f"Received: {self.flip}, {self.vertical_flip} and {self.colour}."
            )
        if not 0 <= self.rotation <= 180:
            raise UsageError(f"rotation must be from 0 to 180 degrees. Received: {self.rotation}.")
        if callable(self.layers) or not all(map(callable, self.layers)):
            raise UsageError(
                "layers must be a list of layers or functions, such as "
                f"[keras.layers.RandomContrast(0.2)]. Received: {self.layers!r}."
            )
        object.__setattr__(self, "crop", (least, most))
        object.__setattr__(self, "layers", tuple(self.layers))

    @classmethod
    def none(cls) -> Augmentation:
        """Return the augmentation that only resizes."""
        return cls(crop=(1.0, 1.0), aspect=1.0, flip=0.0, colour=0.0)

    @classmethod
    def gentle(cls) -> Augmentation:
        """Return what suits fine-tuning: nothing that hides much of a picture."""
        return cls(crop=(0.6, 1.0), aspect=1.2, colour=0.1)

    @property
    def changes_nothing(self) -> bool:
        """Whether every view is the whole picture, only resized."""
        return self == Augmentation.none()

    def described(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them, layers by name and configuration."""
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        return settings | {"crop": list(self.crop), "layers": list(map(_described, self.layers))}

    def in_words(self) -> str:
        """Return what is done, for people."""
        if self.changes_nothing:
            return "the whole picture, as it is"
        least, most = self.crop
        parts = (
            (least < 1, f"{least:.0%} to {most:.0%} of a picture's area"),
            (least == 1, "the whole picture"),
            (self.rotation, f"turned by up to {self.rotation:g}°"),
            (self.flip, f"mirrored {self.flip:.0%} of the time"),
            (self.vertical_flip, f"upside down {self.vertical_flip:.0%} of the time"),
            (self.colour, f"colours changed by up to {self.colour:.0%}"),
            *((True, _name(layer).rpartition(".")[2]) for layer in self.layers),
        )
        return ", ".join(words for happens, words in parts if happens)

    def __call__(self, pixels: Pixels, size: int, random: Generator) -> Pixels:
        """Return a view of `pixels`, without what `layers` do: that is for batches.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width, 3)
            RGB.
        size : int
            Height and width of the view, in pixels.
        random : numpy.random.Generator

        Returns
        -------
        ndarray of uint8, shape (size, size, 3)
            To be read only: it may be `pixels` itself.
        """
        from headstart.augmentation.views import cut_out, cut_out_turned, recoloured

        box = self._piece(pixels.shape[0], pixels.shape[1], random)
        # What is not asked for draws nothing, so that it leaves the other draws as they were.
        if self.rotation:
            degrees = random.uniform(-self.rotation, self.rotation)
            view = cut_out_turned(pixels, box, size, degrees)
        else:
            view = cut_out(pixels, box, size)
        if random.random() < self.flip:
            view = view[:, ::-1]
        if self.vertical_flip and random.random() < self.vertical_flip:
            view = view[::-1]
        if self.colour:
            view = recoloured(view, *random.uniform(1 - self.colour, 1 + self.colour, 3))
        return view

    def batch(
        self, pictures: Sequence[Pixels], size: int, random: Generator
    ) -> NDArray[np.float32]:
        """Return a view of each picture, with all that is asked for.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, each of shape (height, width, 3)
            RGB.
        size : int
            Height and width of the views, in pixels.
        random : numpy.random.Generator

        Returns
        -------
        ndarray of float32, shape (n, size, size, 3)
            RGB, 0 to 255.

        Raises
        ------
        UsageError
            If one of the layers changes the shape.
        """
        import numpy as np

        from headstart.augmentation.views import through_layers

        images = np.empty((len(pictures), size, size, 3), np.float32)
        for place, pixels in enumerate(pictures):
            images[place] = self(pixels, size, random)
        return through_layers(self.layers, images, random) if self.layers else images

    def _piece(
        self, height: int, width: int, random: Generator
    ) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the piece that is kept."""
        area = random.uniform(*self.crop)
        stretch = math.exp(random.uniform(-1, 1) * math.log(self.aspect))
        kept_width = width * min(1.0, math.sqrt(area * stretch))
        kept_height = height * min(1.0, math.sqrt(area / stretch))
        left = random.uniform(0, width - kept_width)
        top = random.uniform(0, height - kept_height)
        return left, top, left + kept_width, top + kept_height


def _described(layer: Callable[..., Any]) -> dict[str, Any]:
    from headstart.augmentation.views import is_keras_layer

    if not is_keras_layer(layer):
        return {"name": _name(layer)}
    # Keras numbers the layers of a process: the same layer may have another name the next time.
    config = {name: value for name, value in layer.get_config().items() if name != "name"}  # type: ignore[attr-defined]
    return {"name": _name(layer), "config": json.loads(json.dumps(config, default=str))}


def _name(layer: Callable[..., Any]) -> str:
    named = layer if hasattr(layer, "__qualname__") else type(layer)
    return f"{named.__module__}.{named.__qualname__}"
