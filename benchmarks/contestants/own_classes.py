"""Measure the accuracy of a backbone on the validation set of its own training."""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.datasets import read_dataset
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings


def main() -> None:
    """Predict one view of each validation image in float32, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    network = find_network(NetworkSpec(options.model))
    images = read_dataset(options.folder).part("valid")
    index = {name.id: number for number, name in enumerate(network.classes or ())}
    began = time.perf_counter()
    settings = FeatureSettings(precision="f32", cache=False)
    stream = FeatureExtractor.open(network, settings, output="probabilities").stream(images.sources)
    order = np.array([item.required().argsort()[::-1][:5] for item in stream])
    truth = np.array([index[str(label)] for label in images.labels])[:, np.newaxis]
    record = {
        "top1": float((order[:, :1] == truth).any(axis=1).mean()),
        "top5": float((order == truth).any(axis=1).mean()),
        "n": len(images),
        "seconds": time.perf_counter() - began,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
