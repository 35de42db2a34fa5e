"""How training images are varied at random."""

# The command line imports this module, so NumPy and Pillow are imported once there are pixels.

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from headstart.arguments import Means, check_fields
from headstart.display.text import whole_percent
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator

    from headstart.augmentation.views import Box, Floats, Pixels


_LAYERS = Means("a list of layers or functions, such as [keras.layers.RandomContrast(0.2)]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How training images are varied at random: crop, rotation, flips, colours, Keras layers.

    Parameters
    ----------
    crop : tuple of float, default=(0.35, 1.0)
        The smallest and the largest share of the image's area that a view keeps, above 0 and at
        most 1. The position is random.
    aspect : float, default=4/3
        The largest ratio of the sides of a view, relative to the image; at least 1. Views are wider
        or higher than the image at random.
    rotation : float, default=0
        The largest angle in degrees that a view is turned by, to either side; 0 to 180. The image
        is continued by its mirror image where a turned view reaches beyond its edges.
    flip : float, default=0.5
        How often left and right are swapped, from 0 (never) to 1 (always). Do not use it for
        letters or anything else with a left and a right.
    vertical_flip : float, default=0
        How often top and bottom are swapped, from 0 (never) to 1 (always). Use it for images
        without an up and a down, such as those of microscopes and satellites.
    colour : float, default=0.2
        The largest change of brightness, contrast and saturation, from 0 to 1. Each is multiplied
        by a random factor between ``1 - colour`` and ``1 + colour``.
    layers : sequence of callable, default=()
        Image layers of Keras, such as ``keras.layers.RandomContrast(0.2)``, or functions. They are
        applied to whole batches, after everything else. Each receives and returns float32 RGB
        images of shape (n, height, width, 3), 0 to 255, on any backend of Keras.

    Raises
    ------
    UsageError
        A value is out of range.

    Notes
    -----
    The random numbers of Keras layers follow from the seed of the batch; their own ``seed`` is not
    used. Your own functions, and ``keras.layers.AugMix``, which also uses Python's ``random``, may
    give different results for the same seed.

    References
    ----------
    Szegedy et al. 2014, arXiv:1409.4842, section 6 (random resized crop); Howard 2013,
    arXiv:1312.5402 (colour); Simard et al. 2003, doi:10.1109/ICDAR.2003.1227801 (rotation).

    Examples
    --------
    >>> Augmentation(crop=(1, 1), rotation=10, colour=0).in_words()
    'the whole image, turned by up to 10°, mirrored 50 % of the time'
    >>> Augmentation.none().changes_nothing
    True
    """

    crop: tuple[float, float] = (0.35, 1.0)
    aspect: float = 4 / 3
    rotation: float = 0.0
    flip: float = 0.5
    vertical_flip: float = 0.0
    colour: float = 0.2
    layers: Annotated[Sequence[Callable[..., Any]], _LAYERS] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_fields(self)
        least, most = self.crop
        if not 0 < least <= most <= 1:
            raise UsageError(
                "crop must be the smallest and the largest share of the area, above 0 and at most "
                f"1. Received: {self.crop}."
            )
        if not self.aspect >= 1:
            raise UsageError(f"aspect must be at least 1. Received: {self.aspect}.")
        if not 0 <= self.rotation <= 180:
            raise UsageError(f"rotation must be from 0 to 180 degrees. Received: {self.rotation}.")
        for name in ("flip", "vertical_flip", "colour"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must be from 0 to 1. Received: {getattr(self, name)}.")
        object.__setattr__(self, "crop", (least, most))
        object.__setattr__(self, "layers", tuple(self.layers))

    @classmethod
    def none(cls) -> Augmentation:
        """Return the augmentation that only resizes."""
        return cls(crop=(1.0, 1.0), aspect=1.0, flip=0.0, colour=0.0)

    @classmethod
    def gentle(cls) -> Augmentation:
        """Return the default for fine-tuning, which hides less of an image."""
        return cls(crop=(0.6, 1.0), aspect=1.2, colour=0.1)

    @property
    def changes_nothing(self) -> bool:
        """Whether every view is the whole image, only resized."""
        return self == Augmentation.none()

    def described(self) -> dict[str, Any]:
        """Return the settings as JSON values, with layers by name and configuration."""
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        return settings | {"crop": list(self.crop), "layers": list(map(_described, self.layers))}

    def in_words(self) -> str:
        """Return the settings as a phrase for users."""
        if self.changes_nothing:
            return "the whole image, unchanged"
        least, most = self.crop
        parts = (
            (least < 1, f"{whole_percent(least)} to {whole_percent(most)} of an image's area"),
            (least == 1, "the whole image"),
            (self.rotation, f"turned by up to {self.rotation:g}°"),
            (self.flip, f"mirrored {whole_percent(self.flip)} of the time"),
            (self.vertical_flip, f"upside down {whole_percent(self.vertical_flip)} of the time"),
            (self.colour, f"colours changed by up to {whole_percent(self.colour)}"),
            *((True, _name(layer).rpartition(".")[2]) for layer in self.layers),
        )
        return ", ".join(phrase for applies, phrase in parts if applies)

    def __call__(self, pixels: Pixels, size: int, random: Generator) -> Pixels:
        """Return a random view of an image. `layers` are not applied; they are for batches.

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
        from headstart.augmentation.views import crop, recolour, rotated_crop

        box = self._box(pixels.shape[0], pixels.shape[1], random)
        # Settings that are off draw no random numbers, so that they do not change the others.
        if self.rotation:
            degrees = random.uniform(-self.rotation, self.rotation)
            view = rotated_crop(pixels, box, size, degrees)
        else:
            view = crop(pixels, box, size)
        if random.random() < self.flip:
            view = view[:, ::-1]
        if self.vertical_flip and random.random() < self.vertical_flip:
            view = view[::-1]
        if self.colour:
            view = recolour(view, *random.uniform(1 - self.colour, 1 + self.colour, 3))
        return view

    def batch(self, images: Sequence[Pixels], size: int, random: Generator) -> Pixels | Floats:
        """Return a random view of each image, with `layers` applied.

        Parameters
        ----------
        images : sequence of ndarray of uint8, each of shape (height, width, 3)
            RGB.
        size : int
            Height and width of the views, in pixels.
        random : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, size, size, 3)
            RGB, 0 to 255: uint8, or float32 if there are `layers`.

        Raises
        ------
        UsageError
            A layer changes the shape.
        """
        import numpy as np

        from headstart.augmentation.views import apply_layers

        views = np.empty((len(images), size, size, 3), np.uint8)
        for index, pixels in enumerate(images):
            views[index] = self(pixels, size, random)
        if not self.layers:
            return views
        return apply_layers(self.layers, views.astype(np.float32), random)

    def _box(self, height: int, width: int, random: Generator) -> Box:
        """Return left, top, right and bottom of a random crop."""
        area = random.uniform(*self.crop)
        stretch = math.exp(random.uniform(-1, 1) * math.log(self.aspect))
        crop_width = width * min(1.0, math.sqrt(area * stretch))
        crop_height = height * min(1.0, math.sqrt(area / stretch))
        left = random.uniform(0, width - crop_width)
        top = random.uniform(0, height - crop_height)
        return left, top, left + crop_width, top + crop_height


def _described(layer: Callable[..., Any]) -> dict[str, Any]:
    from headstart.augmentation.views import is_keras_layer

    if not is_keras_layer(layer):
        return {"name": _name(layer)}
    # Keras numbers the layers of a process, so the name of the same layer may differ.
    config = {name: value for name, value in layer.get_config().items() if name != "name"}  # type: ignore[attr-defined]
    return {"name": _name(layer), "config": json.loads(json.dumps(config, default=str))}


def _name(layer: Callable[..., Any]) -> str:
    if hasattr(layer, "__name__"):  # before NumPy 2.1 its functions had nothing but this
        module = getattr(layer, "__module__", type(layer).__module__)
        return f"{module}.{getattr(layer, '__qualname__', layer.__name__)}"
    return f"{type(layer).__module__}.{type(layer).__qualname__}"
