"""Frozen and fine-tuned on the same divisions of a labelled folder: 90 % to learn, 10 % to test."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

import headstart as hs
from headstart.data import read_dataset, stratified_split

TESTED = 0.1


def main() -> None:
    """Train both on each division, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--splits", type=int, default=10)
    options = parser.parse_args()
    images = read_dataset(options.folder)
    began = time.perf_counter()
    rows = []
    for seed in range(options.splits):
        learnt, tested = (
            images.subset(part) for part in stratified_split(images.labels, TESTED, seed)
        )
        frozen = hs.ImageClassifier(options.model, weights=options.weights)
        frozen.fit(learnt.sources, learnt.labels)
        tuned = hs.fine_tune(frozen, learnt.sources, learnt.labels, hs.FineTuning(seed=seed))
        comparison = tuned.fine_tuning_.comparison
        rows.append({
            "frozen": frozen.score(tested.sources, tested.labels),
            "kept": tuned.score(tested.sources, tested.labels),
            "is_tuned": tuned.fine_tuning_.kept,
            "cross_validation": [comparison.frozen, comparison.tuned],
            "seconds": tuned.fine_tuning_.seconds,
        })  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    record = {
        "frozen": float(np.mean([row["frozen"] for row in rows])),
        "kept": float(np.mean([row["kept"] for row in rows])),
        "n_test": len(tested),
        "divisions": rows,
        "seconds": time.perf_counter() - began,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
