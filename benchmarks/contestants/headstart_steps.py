"""Time the steps of `headstart.fine_tune` on all of a network: what an epoch after the first takes.

An epoch includes all that a user waits for: views, upload, validation on a few images, checkpoints.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import numpy as np

CLASSES, EPOCHS, N_VALIDATION = 10, 3, 32
# Height and width of the images before they are resized, as CIFAR-10 has them.
SIDE = 32


def main() -> None:
    """Fine-tune on random images, and print the record."""
    options = _options()
    if options.backend:
        os.environ["KERAS_BACKEND"] = options.backend
    import headstart as hs
    from headstart.training.backend import start_keras

    began = time.perf_counter()
    random = np.random.default_rng(0)
    n = options.steps * options.batch
    images = list(random.integers(0, 256, (n + N_VALIDATION, SIDE, SIDE, 3), np.uint8))
    labels = [str(number % CLASSES) for number in range(len(images))]
    classifier = hs.ImageClassifier(
        options.model,
        weights=options.weights,
        size=options.size,
        cache=False,
        device=options.device,
        head="ridge",
    )
    settings = hs.FineTuning(
        where="all",
        epochs=EPOCHS,
        batch_size=options.batch,
        learning_rate=1e-5,
        validation=N_VALIDATION / len(images),
        precision=options.precision,
    )
    tuned = hs.fine_tune(classifier, images, labels, settings)
    history = tuned.fine_tuning_.history
    seconds = statistics.median(epoch.seconds for epoch in history[1:])
    record = {
        "images_per_second": n / seconds,
        "step_seconds": seconds / options.steps,
        "epochs": [epoch.seconds for epoch in history],
        "precision": tuned.fine_tuning_.precision,
        "backend": start_keras().backend.backend(),
        "whole": time.perf_counter() - began,
    }
    print(json.dumps(record))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=("auto", "f32", "bf16"), default="auto")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
