"""The `Explainer`: shows which parts of an image speak for a class."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from headstart.errors import ImageError, UsageError
from headstart.explaining.explanation import Explanation, Seen
from headstart.explaining.occlusion import occlusion_map
from headstart.features.compiling import compile_network
from headstart.images.decoding import decoded_image
from headstart.images.sources import as_source
from headstart.model.examples import saved_examples
from headstart.prediction.activation_map import activation_maps
from headstart.prediction.answer import Prediction

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from headstart.explaining.explanation import Method
    from headstart.features.engine import Engine, Values
    from headstart.images.sources import ImageLike, ImageSource
    from headstart.model.examples import Example, Finder
    from headstart.prediction.activation_map import ActivationMaps
    from headstart.prediction.predictor import Predictor

#: The longest side of the images that are shown, in pixels.
SHOWN = 480
#: How many of the nearest training images are shown.
NEAREST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Shows which parts of an image speak for a class. `of` makes one.

    The network runs on the processor, whatever the predictor runs on otherwise.

    Attributes
    ----------
    predictor : Predictor
    maps : ActivationMaps or None
        None where the scores of the predictor are no sum over the places of a feature map: then
        parts of the image are covered.
    engine : Engine
        Computes what is needed.
    finder : callable or None
        Finds the nearest of the training images that the model carries; None if it has none.
    """

    predictor: Predictor
    maps: ActivationMaps | None
    engine: Engine
    finder: Finder | None = None

    @classmethod
    def of(cls, predictor: Predictor) -> Self:
        """Return what explains the predictions of a predictor."""
        maps, extractor = activation_maps(predictor), predictor.extractor
        outputs = [extractor.output, *(["feature_map"] if maps else [])]
        engine = compile_network(
            predictor.network,
            precision=extractor.precision.precision,
            outputs=outputs,
            threads=extractor.threads,
        )
        examples = saved_examples(predictor)
        return cls(predictor, maps, engine, None if examples is None else examples.finder(NEAREST))

    @property
    def method(self) -> Method:
        """How predictions are explained."""
        return "occlusion" if self.maps is None else "activation map"

    def place(self, label: Hashable) -> int:
        """Return the number of a class, given its label or identifier, or either as text.

        Raises
        ------
        UsageError
            If the predictor has no such class.
        """
        for place, name in enumerate(self.predictor.classes):
            if label in (name.label, name.id, str(name.label)):
                return place
        names = [str(known) for known in self.predictor.labels]
        meant = difflib.get_close_matches(str(label), names)
        shown = ", ".join(repr(name) for name in meant or names[:10])
        more = "" if meant or len(names) <= len(names[:10]) else f" and {len(names) - 10:,} more"
        raise UsageError(
            f"The label must be one of the model's classes. Received: {label!r}. "
            f"{'Did you mean' if meant else 'Its classes are'} {shown}{more}{'?' if meant else '.'}"
        )

    def stream(
        self, sources: Iterable[ImageLike], label: Hashable | None = None
    ) -> Iterator[Explanation]:
        """Yield an explanation for each image, in order.

        Parameters
        ----------
        sources : iterable of ImageSource, or of whatever else an image may be
        label : hashable, optional
            The class to explain. The default is the most probable class of each image.

        Yields
        ------
        Explanation
            With an error if the image can't be read.

        Raises
        ------
        UsageError
            If the predictor has no such class.
        """
        place = None if label is None else self.place(label)
        images = (as_source(image, index) for index, image in enumerate(sources))
        seen = ((image, self._see(image)) for image in enumerate(images))
        tagged = (
            ((image, found), None if isinstance(found, ImageError) else found.pixels)
            for image, found in seen
        )
        for ((index, source), found), values in self.engine.stream(tagged):
            if isinstance(found, ImageError):
                yield Explanation(index, source, error=found)
            else:
                yield self._explain(index, source, found, values, place)

    def _see(self, image: tuple[int, ImageSource]) -> Seen | ImageError:
        extractor = self.predictor.extractor
        resize = extractor.resize
        try:
            with decoded_image(
                image[1],
                at_least=resize.source_size,
                as_stored=resize.as_stored,
                accept_truncated=extractor.accept_truncated,
            ) as decoded:
                pixels = resize(decoded.image)
                # A copy: the decoded image is given back at the end of this block.
                shown = decoded.image.copy()
                shown.thumbnail((SHOWN, SHOWN))
        except ImageError as error:
            return error
        return Seen(shown, pixels, resize.view(*shown.size))

    def _explain(
        self,
        index: int,
        source: ImageSource,
        seen: Seen,
        values: Values,
        place: int | None,
    ) -> Explanation:
        output = values[self.predictor.extractor.output]
        probabilities = self.predictor.probabilities(output[None])[0]
        if place is None:
            place = int(probabilities.argmax())
        return Explanation(
            index,
            source,
            Prediction(*self.predictor.classes[place], float(probabilities[place])),
            self.method,
            self._values(seen, values, place),
            seen,
            None if self.predictor.scorer is None else output,
            nearest=self._nearest(output),
        )

    def _nearest(self, features: NDArray[np.float32]) -> tuple[tuple[Example, str], ...]:
        if self.finder is None:
            return ()
        labels = self.predictor.labels
        return tuple((each, str(labels[each.place])) for each in self.finder(features))

    def _values(self, seen: Seen, values: Values, place: int) -> NDArray[np.float32]:
        if self.maps is None:
            return occlusion_map(self.predictor, self.engine, seen.pixels, place)
        return self.maps(values["feature_map"], place)


def heat_map(
    predictor: Predictor, source: ImageLike, label: Hashable | None = None
) -> NDArray[np.float32]:
    """Return which parts of one image speak for a class.

    For many images, use ``Explainer.of(predictor).stream(sources, label)``.

    Parameters
    ----------
    predictor : Predictor
    source : ImageSource, or whatever else an image may be
    label : hashable, optional
        The class. The default is the most probable one.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Positive where the image speaks for the class, negative where it speaks against it. It has
        the proportions of the image; no side is longer than `SHOWN` pixels.
        NaN where the network does not see the image. `overlay` draws it.

    Raises
    ------
    ImageError
        If the image can't be read.
    UsageError
        If the predictor has no such class.
    """
    (found,) = Explainer.of(predictor).stream([source], label)
    return found.heat
