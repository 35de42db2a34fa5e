r"""Compare exported models, in the programs they are for, with the models here.

    HEADSTART_WEIGHTS=weights/ python benchmarks/exporting.py --vehicles vehicles/ \
        --formats onnx openvino keras litert

Trains models on all images of a folder, on MobileNetV2: one for each head, one that is mirrored,
one that pads and one of 8 bits; with --fine-tune, one that is fine-tuned; with --foreign, one on a
network in a file of another program. Exports each, runs the files in their own runtimes, and
OpenVINO's files in Model API as well, on the same pixels. Prints on how many images the top class
is the same, how far the worst probability is off, and on how many images Model API shows the same
label: of the same pixels, and of images that it resizes itself. One run: nothing in it is random.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

import headstart as hs
from headstart.exporting.export import export
from headstart.exporting.exported_model import ExportedModel
from headstart.exporting.formats import FORMATS
from headstart.exporting.model_info import joined
from headstart.images.reader import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from headstart.data.labelled_images import LabelledImages
    from headstart.prediction.predictor import Predictor

_BATCH = 32
# Of two classes whose neighbours are as many, each program takes another first.
_ROUNDING = 1e-6
_SETTINGS: dict[str, dict[str, Any]] = {
    "logistic": {},
    "ridge": {"head": "ridge"},
    "nearest_mean": {"head": "nearest_mean"},
    "knn": {"head": "knn"},
    "dense": {"head": "dense"},
    "mirrored": {"mirror": True},
    "padded": {"resize": "pad"},
    "int8": {"precision": "int8"},
}


class Agreement(NamedTuple):
    """How well a file agrees with its model: images with the same top class, worst difference."""

    same: int
    difference: float


def models(
    dataset: LabelledImages,
    names: list[str],
    *,
    fine_tune: bool = False,
    foreign: Path | None = None,
) -> Iterator[tuple[str, Predictor]]:
    """Yield a model of each kind."""
    for name in names:
        settings = {"resize": "squash", "precision": "f32", **_SETTINGS[name]}
        classifier = hs.ImageClassifier("mobilenet_v2", **settings)
        yield name, classifier.fit(dataset).predictor_
    if fine_tune:
        classifier = hs.ImageClassifier("mobilenet_v2", resize="squash", precision="f32")
        yield "fine-tuned", hs.fine_tune(classifier, dataset).predictor_
    if foreign is not None:
        classifier = hs.ImageClassifier(foreign, resize="squash", precision="f32")
        yield "foreign", classifier.fit(dataset).predictor_


def pixels_of(predictor: Predictor, dataset: LabelledImages) -> NDArray[np.uint8]:
    """Return all images as the network sees them."""
    sources = enumerate(dataset.sources)
    loaded = (load(i, each, predictor.resize, lambda _: False) for i, each in sources)
    return np.stack([each.pixels for each in loaded if each.pixels is not None])


def agreement(
    run: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    pixels: NDArray[np.uint8],
    expected: NDArray[np.float32],
) -> Agreement:
    """Run a file on pixels, and compare its probabilities with those expected."""
    starts = range(0, len(pixels), _BATCH)
    found = np.concatenate([run(pixels[start : start + _BATCH]) for start in starts])
    same = (found.argmax(axis=1) == expected.argmax(axis=1)).sum()
    return Agreement(int(same), float(np.abs(found - expected).max()))


def expected_of(predictor: Predictor, dataset: LabelledImages) -> NDArray[np.float32]:
    """Return the probabilities of the model, in the precision that is exported."""
    extractor = replace(predictor.extractor, cache=None, device="cpu")
    if not predictor.network.quantised:
        extractor = extractor.computed_in("f32")
    return replace(predictor, extractor=extractor).predict_proba(dataset.sources)


def model_api(path: Path) -> Callable[[NDArray[np.uint8]], str]:
    """Return what gives the label that OpenVINO's Model API shows for an image (RGB)."""
    from model_api.adapters import OpenvinoAdapter, create_core
    from model_api.models import ClassificationModel

    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    adapter = OpenvinoAdapter(create_core(), str(path), device="CPU", plugin_config=hint)
    model = ClassificationModel.create_model(adapter)
    # It takes images as OpenCV reads them.
    return lambda image: str(model(np.ascontiguousarray(image[:, :, ::-1])).top_labels[0].name)


def shown_alike(
    path: Path,
    images: list[NDArray[np.uint8]],
    expected: NDArray[np.float32],
    labels: tuple[str, ...],
) -> int:
    """Return for how many images Model API shows the label of the model, or one as probable."""
    show, words = model_api(path), np.array([joined(label) for label in labels])
    best = expected >= expected.max(axis=1, keepdims=True) - _ROUNDING
    return sum(show(image) in words[row] for image, row in zip(images, best, strict=True))


def originals(dataset: LabelledImages) -> list[NDArray[np.uint8]]:
    """Return all images in their own sizes."""
    found = []
    for source in dataset.sources:
        with Image.open(source.name) as opened:
            found.append(np.asarray(opened.convert("RGB")))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--vehicles", type=Path, required=True)
    parser.add_argument("--formats", nargs="+", default=["onnx", "openvino"], choices=FORMATS)
    parser.add_argument("--models", nargs="*", default=list(_SETTINGS), choices=_SETTINGS)
    parser.add_argument("--fine-tune", action="store_true")
    parser.add_argument("--foreign", type=Path, metavar="FILE")
    given = parser.parse_args()
    dataset = hs.read_dataset(given.vehicles)
    full = originals(dataset)
    how = {"fine_tune": given.fine_tune, "foreign": given.foreign}
    for name, predictor in models(dataset, given.models, **how):
        expected, pixels = expected_of(predictor, dataset), pixels_of(predictor, dataset)
        with tempfile.TemporaryDirectory() as folder:
            for to in given.formats:
                kind = FORMATS[to]
                try:
                    path = export(predictor, to, Path(folder) / f"net{kind.suffixes[0]}").path
                except hs.ConversionError as error:
                    print(f"{name} {kind.title}: {error}")
                    continue
                found = agreement(functools.partial(kind.run, path), pixels, expected)
                same = f"{found.same} of {len(pixels)}"
                print(f"{name} {kind.runtime}: {same}, {found.difference:.1e}")
                if to in ("openvino", "onnx"):
                    labels = ExportedModel.of(predictor).labels
                    alike = shown_alike(path, list(pixels), expected, labels)
                    own = shown_alike(path, full, expected, labels)
                    print(f"{name} Model API, {to}: {alike}, {own} where it resizes")


if __name__ == "__main__":
    main()
