"""Repeat 10-fold cross-validation of an `ImageClassifier` on a labelled folder."""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from headstart import ImageClassifier
from headstart.data.datasets import read_dataset
from headstart.data.splits import folds
from headstart.evaluation.metrics import summarise_cross_validation

FOLDS, REPEATS = 10, 10


def main() -> None:
    """Fit a hundred classifiers on cached features, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--head", default="logistic")
    parser.add_argument("--size", type=int, help="image size in pixels")
    parser.add_argument("--resize", default="auto", help="the resize rule")
    parser.add_argument(
        "--mirror",
        action="store_true",
        help="average the features of each image and its mirror image",
    )
    options = parser.parse_args()
    images = read_dataset(options.folder)
    began = time.perf_counter()
    size = None if options.size is None else (options.size, options.size)
    classifier = ImageClassifier(
        options.model,
        head=options.head,
        weights=options.weights,
        size=size,
        resize=options.resize,
        mirror=options.mirror,
    )
    classifier.fit(images.sources, images.labels)
    # Decided once. It depends on the images only, never on labels.
    classifier.set_params(precision=classifier.precision_.precision)

    def score(train: np.ndarray, test: np.ndarray) -> float:
        classifier.fit(images.subset(train))
        held_out = images.subset(test)
        return float(classifier.score(held_out.sources, held_out.labels))

    splits = folds(images.labels, FOLDS, seed=0, repeats=REPEATS)
    scores = np.reshape([score(train, test) for train, test in splits], (REPEATS, FOLDS))
    found = summarise_cross_validation(scores, len(images))
    record = {
        "mean": found.mean,
        "interval": found.interval,
        "spread_of_repeats": found.spread,
        "n": found.n,
        "seconds": time.perf_counter() - began,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
