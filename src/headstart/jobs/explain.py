"""Explain: which parts of images speak for a class."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headstart.arguments import checked
from headstart.data.inputs import image_sources
from headstart.data.output_places import refuse_among_images
from headstart.errors import UsageError
from headstart.explaining.drawing import save_explanation
from headstart.explaining.explainer import Explainer
from headstart.features.settings import FeatureSettings, PrecisionRule, ResizeRule
from headstart.images.reader import usable_cores
from headstart.jobs.predict import open_predictor
from headstart.jobs.sorting import folder_names
from headstart.progress import track
from headstart.storage.disk import check_room

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from headstart.data.inputs import Images
    from headstart.explaining.explanation import Explanation
    from headstart.images.sources import ImageSource
    from headstart.jobs.predict import Named
    from headstart.progress import Progress

# Of the drawing of one image, as far as room on the disk is checked before.
_BYTES = 600_000


@checked
def explain(  # noqa: PLR0913 - all are named, and each has a default
    images: Images,
    model: Named = "auto",
    *,
    label: Hashable | None = None,
    out: str | Path | None = None,
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    accept_truncated: bool = False,
    on_error: Literal["raise", "return"] = "raise",
    progress: Progress | None = None,
) -> list[Explanation]:
    """Show which parts of images speak for a class.

    Where the head of the model is linear and the features are pooled from a feature map, the
    explanation is the class activation map, which is exact; for every other model, parts of the
    image are covered one after the other. The network runs on the processor.

    Parameters
    ----------
    images : str, Path, list or array
        Images, as `predict` takes them.
    model : str, Path, NetworkSpec, SavedModel, ImageClassifier or Predictor, default="auto"
        A trained model or its folder, or a pre-trained network, whose own classes are explained.
    label : hashable, optional
        The class to explain: its label or identifier. The default is the most probable class of
        each image.
    out : str or Path, optional
        A new or empty folder, for a PNG file for each image.
    resize : {"auto", "crop", "squash", "pad", "keras"}, default="auto"
        How an image is brought to the network's size. "auto" is the rule of the network or model.
    precision : {"auto", "f32", "bf16"}, default="auto"
        What the network computes in. See `predict`.
    accept_truncated : bool, default=False
        Whether to read JPEGs that are cut short, if at most a tenth of their rows are missing.
    on_error : {"raise", "return"}, default="raise"
        What becomes of an image that can't be read: its `ImageError` is raised, or kept in
        `Explanation.error`.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    list of Explanation
        Each holds its image, at most 480 pixels wide and high. For very many images, use
        ``headstart explain``, or ``Explainer.of(predictor).stream(images)``.

    Raises
    ------
    ImageError
        For the first image that can't be read, unless ``on_error="return"``.
    UsageError
        If the model has no such class, or the folder holds something else.
    WeightsError, ConversionError, SavedModelError
        See `open_predictor`.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.explain("photos/", "my-model/", out="explained/")  # doctest: +SKIP
    """
    sources = image_sources(images)
    settings = FeatureSettings(
        resize=resize, precision=precision, accept_truncated=accept_truncated
    )
    drawings = None if out is None else Drawings(Path(out), sources, images)
    explainer = Explainer.of(open_predictor(model, settings, images=sources, progress=progress))
    stream = (
        explainer.stream(sources, label)
        if drawings is None
        else (each for each, _ in explained(explainer, sources, label, drawings))
    )
    found = []
    for explanation in track(progress, stream, "explaining", len(sources)):
        if explanation.error is not None and on_error == "raise":
            raise explanation.error
        found.append(explanation)
    return found


class Drawings:
    """The folder of the drawings: a PNG file for each image, named after it.

    Parameters
    ----------
    folder : Path
        New or empty.
    sources : sequence of ImageSource
        The images that will be explained.
    given : object
        What the user gave as images: the folder must lie outside of it.

    Raises
    ------
    UsageError
        If there is something in the folder, or it lies among the images.
    StorageError
        If there is no room for the drawings.
    """

    def __init__(self, folder: Path, sources: Sequence[ImageSource], given: object) -> None:
        refuse_among_images(folder, given if isinstance(given, list) else [given], "Explanations")
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise UsageError(
                f"The folder of the explanations must be new or empty. Received: {folder}, which "
                "holds something else. Choose another folder."
            )
        check_room(folder, len(sources) * _BYTES, "the explanations")
        self._folder = folder
        stems = (Path(source.name.replace("#", "-")).stem for source in sources)
        self._names = [f"{name}.png" for name in folder_names(stems)]

    def add(self, explanation: Explanation) -> Path | None:
        """Draw the explanation of an image, and return the file; None for an unreadable image."""
        if explanation.error is not None:
            return None
        path = self._folder / self._names[explanation.index]
        save_explanation(explanation, path)
        return path


def explained(
    explainer: Explainer,
    sources: Sequence[ImageSource],
    label: Hashable | None,
    drawings: Drawings,
) -> Iterator[tuple[Explanation, Path | None]]:
    """Yield each explanation with its drawing, in order, with only a few images in memory.

    A drawing takes longer than its map, so drawings are made on threads.
    """
    n_threads = usable_cores()
    waiting: deque[tuple[Explanation, Future[Path | None]]] = deque()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="headstart-drawing") as pool:
        for explanation in explainer.stream(sources, label):
            waiting.append((explanation, pool.submit(drawings.add, explanation)))
            if len(waiting) > n_threads:
                yield _drawn(*waiting.popleft())
        while waiting:
            yield _drawn(*waiting.popleft())


def _drawn(explanation: Explanation, path: Future[Path | None]) -> tuple[Explanation, Path | None]:
    return explanation, path.result()
