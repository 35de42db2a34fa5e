"""Compare the frozen and the fine-tuned network on the same 90 % / 10 % splits of a folder."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

import headstart as hs
from headstart.data.splits import stratified_split

TEST_FRACTION = 0.1


def main() -> None:
    """Train both on each split, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--splits", type=int, default=10)
    options = parser.parse_args()
    images = hs.read_dataset(options.folder)
    began = time.perf_counter()
    rows = []
    for seed in range(options.splits):
        split = stratified_split(images.labels, TEST_FRACTION, seed)
        training, test = map(images.subset, split)
        frozen = hs.ImageClassifier(options.model, weights=options.weights).fit(training)
        tuned = hs.fine_tune(frozen, training, settings=hs.FineTuning(seed=seed))
        comparison = tuned.fine_tuning_.comparison
        rows.append({
            "frozen": frozen.score(test.sources, test.labels),
            "kept": tuned.score(test.sources, test.labels),
            "is_tuned": tuned.fine_tuning_.kept,
            "cross_validation": [comparison.frozen, comparison.tuned],
            "seconds": tuned.fine_tuning_.seconds,
        })  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    record = {
        "frozen": float(np.mean([row["frozen"] for row in rows])),
        "kept": float(np.mean([row["kept"] for row in rows])),
        "n_test": len(test),
        "splits": rows,
        "seconds": time.perf_counter() - began,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
