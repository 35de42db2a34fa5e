"""Repeated 10-fold cross-validation of a head on the features of a labelled folder."""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from headstart.data import folds, read_labelled
from headstart.evaluation import summarise_cross_validation
from headstart.features.embedder import Embedder
from headstart.training.heads import get_head

FOLDS, REPEATS = 10, 10


def main() -> None:
    """Embed once, fit a hundred heads, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--head", default="logistic")
    options = parser.parse_args()
    images = read_labelled(options.folder)
    embedder = Embedder(options.model, weights=options.weights)
    features = embedder.fit_transform(images.sources)
    labels = np.array(images.labels)
    began = time.perf_counter()
    scores = [
        get_head(options.head)()
        .fit(features[train], labels[train])
        .score(features[test], labels[test])
        for train, test in folds(images.labels, FOLDS, seed=0, repeats=REPEATS)
    ]
    found = summarise_cross_validation(np.reshape(scores, (REPEATS, FOLDS)), len(labels))
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
