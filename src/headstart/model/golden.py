"""Golden images: images in the model whose probabilities are known. They check each machine.

They are drawn by a formula: nobody's images leave with a model. They go through the resize rule of
the model.
"""

from dataclasses import replace

import numpy as np

from headstart.prediction.drawn_images import OFF_WITH_8_BITS, drawn_images
from headstart.prediction.predictor import Predictor
from headstart.prediction.scoring import Arrays

# Rounding differs between processors, in float32 by far less than this.
_EXACT = 2e-3
# Each takes time whenever the model is loaded.
_MOST_IMAGES = 16


def golden_arrays(predictor: Predictor) -> Arrays:
    """Draw the images, and take the probabilities that `predictor` gives on this machine.

    Returns
    -------
    dict
        "images": uint8, shape (n, height, width, 3), RGB. "probabilities": float32, shape (n, k),
        as expected. "tolerance": how far a probability may be off; for bfloat16 more, by its
        difference from float32, and for 8 bits most.
    """
    images = drawn_images()
    found = predictor.predict_proba(list(images))
    tolerance = _EXACT
    if predictor.precision == "int8":
        tolerance = OFF_WITH_8_BITS
    elif predictor.precision == "bf16":
        exact = replace(predictor, extractor=predictor.extractor.computed_in("f32"))
        change = np.abs(found - exact.predict_proba(list(images))).max()
        tolerance += 0.02 + 2 * float(change)
    return {"images": images, "probabilities": found, "tolerance": np.array(tolerance)}


def golden_error(golden: Arrays, predictor: Predictor) -> tuple[float, float]:
    """Return how far the worst probability of `predictor` is off, and how far it may be.

    The first is infinite for probabilities of another shape.

    Raises
    ------
    KeyError, ValueError
        If `golden_arrays` did not return `golden`.
    """
    images, expected = golden["images"], golden["probabilities"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise ValueError(f"golden images must be uint8 RGB. Received: {images.shape}")
    tolerance = float(golden["tolerance"].item())
    if len(images) > _MOST_IMAGES or not 0 <= tolerance < 1:
        raise ValueError(f"{len(images)} golden images, and {tolerance} for rounding")
    found = predictor.predict_proba(list(images))
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf"), tolerance
    return float(np.abs(found - expected).max()), tolerance
