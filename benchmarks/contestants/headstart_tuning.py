"""Time epochs of `headstart.fine_tune`, with training, validation and checkpoint."""

import argparse
import json
import statistics
import time
from pathlib import Path

import headstart as hs

EPOCHS, BATCH, VALIDATION = 6, 32, 0.1


def main() -> None:
    """Fine-tune for some epochs, and print the median time without the first epoch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--where", required=True)
    options = parser.parse_args()
    images = hs.read_dataset(options.folder)
    began = time.perf_counter()
    tuned = hs.fine_tune(
        hs.ImageClassifier(options.model, weights=options.weights, precision="f32"),
        images,
        settings=hs.FineTuning(
            where=options.where,
            epochs=EPOCHS,
            batch_size=BATCH,
            validation=VALIDATION,
            precision="f32",
        ),
    )
    epochs = [epoch.seconds for epoch in tuned.fine_tuning_.history]
    record = {
        "seconds": statistics.median(epochs[1:]),
        "epochs": epochs,
        "n_views": tuned.fine_tuning_.n_views,
        "n_learning": tuned.fine_tuning_.n_learning,
        "whole": time.perf_counter() - began,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
