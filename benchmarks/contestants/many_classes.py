"""Compute the features of a dataset once, for `head.py`; also with each class parted in five.

The parts are those along the direction in which the features of the class vary most. They are as
hard to tell apart as real classes that are alike.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from headstart import Embedder
from headstart.data.datasets import read_dataset

EACH, PARTS = 250, 5


def main() -> None:
    """Write ``features.npz`` and ``parted.npz``, and print their sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    dataset = read_dataset(options.dataset)
    images = dataset if dataset.split is None else dataset.part("train")
    labels = np.array(images.labels)
    rows = np.concatenate([np.flatnonzero(labels == name)[:EACH] for name in np.unique(labels)])
    embedder = Embedder(
        options.model,
        weights=options.weights,
        size=(options.size, options.size),
        precision="f32",
        cache=False,
    )
    features, labels = embedder.transform([images.sources[row] for row in rows]), labels[rows]
    np.savez(options.out / "features.npz", features=features, labels=labels)
    parted = np.concatenate(list(_parted(features, labels)))
    np.savez(options.out / "parted.npz", features=features, labels=parted)
    print(json.dumps({"images": len(rows), "classes": len(np.unique(labels))}))


def _parted(features: np.ndarray, labels: np.ndarray) -> Iterator[np.ndarray]:
    for name in np.unique(labels):  # the rows are sorted by class
        centred = features[labels == name] - features[labels == name].mean(axis=0)
        along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
        rank = along.argsort().argsort()
        yield np.array([f"{name} {place * PARTS // len(rank)}" for place in rank])


if __name__ == "__main__":
    main()
