"""Compare the predictions with Keras's: the same photos, resized as Keras does, in float32."""

from collections.abc import Iterator

import numpy as np

from finding import Finding
from settings import Settings, say


def measure(settings: Settings) -> Iterator[Finding]:
    """Compare all probabilities of all photos."""
    say("agreement with Keras")
    keras, ours = settings.work / "keras.npy", settings.work / "headstart.npy"
    settings.compete("keras_batched", "--seconds", "0", "--probabilities", keras)
    exact = ("--precision", "f32", "--resize", "keras")
    settings.compete("headstart_folder", "--seconds", "0", "--probabilities", ours, *exact)
    expected, found = np.load(keras), np.load(ours)
    same = float((expected.argmax(axis=1) == found.argmax(axis=1)).mean())
    largest = float(np.abs(expected - found).max())
    details = {"images": len(expected)}
    yield Finding(
        "share of photos with the same top-1 class as Keras", "share", [same], 1.0, details=details
    )
    yield Finding(
        "largest difference of a probability", "", [largest], at_most=1e-4, details=details
    )
