"""Count how often 95 % intervals hold the accuracy that a model has on the rest of a dataset."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.datasets import read_dataset
from headstart.data.splits import stratified_folds, stratified_sample, stratified_split
from headstart.evaluation import Evaluation
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.heads.table import get_head

FOLDS = 5


def main() -> None:
    """Resample subsets of one size, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--features", type=Path, required=True, help="made if it is not there")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--head", default="logistic")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first subset")
    options = parser.parse_args()
    if not options.features.exists():
        _extract(options)
    with np.load(options.features) as kept:
        chosen = kept["codes"] < options.classes
        features, codes = kept["features"][chosen], kept["codes"][chosen]
    found = [
        _once(features, codes, options, seed)
        for seed in range(options.seed, options.seed + options.splits)
    ]
    record = {name: float(np.mean([once[name] for once in found])) for name in found[0]}
    print(json.dumps(record))


def _extract(options: argparse.Namespace) -> None:
    images = read_dataset(options.dataset).part("test")
    network = find_network(NetworkSpec(options.model, weights=options.weights))
    extractor = FeatureExtractor.open(network, FeatureSettings(cache=False))
    codes = np.unique(np.array(images.labels), return_inverse=True)[1]
    np.savez(options.features, features=extractor.extract_all(images.sources).features, codes=codes)


def _once(
    features: np.ndarray, codes: np.ndarray, options: argparse.Namespace, seed: int
) -> dict[str, float]:
    """Draw a subset, measure on parts of it, and look up the truth on the rest."""
    subset = stratified_sample(codes, options.size, seed)
    rest = np.setdiff1d(np.arange(len(codes)), subset)
    k = options.classes

    def fitted(rows: np.ndarray) -> np.ndarray:
        head = get_head(options.head)().fit(features[rows], codes[rows])
        probabilities = np.zeros((len(codes), k), np.float32)
        others = np.setdiff1d(np.arange(len(codes)), rows)
        probabilities[np.ix_(others, head.classes_)] = head.predict_proba(features[others])
        return probabilities

    def holds(rows: np.ndarray, scores: np.ndarray, truth: float, **how: Any) -> tuple[bool, float]:
        rows = np.repeat(rows, options.copies)
        low, high = Evaluation.from_predictions(
            list(map(str, rows)), codes[rows].tolist(), scores[rows], range(k), **how,
        ).interval  # fmt: skip
        return low <= truth <= high, high - low

    def accuracy(scores: np.ndarray) -> float:
        return float((scores[rest].argmax(axis=1) == codes[rest]).mean())

    train, test = (subset[part] for part in stratified_split(codes[subset].tolist(), 0.2, seed))
    scores = fitted(train)
    groups = np.repeat(np.arange(len(test)), options.copies)
    record: dict[str, float] = {}
    record["held_out"], record["held_out_width"] = holds(
        test, scores, accuracy(scores), groups=groups
    )
    record["held_out_by_image"], _ = holds(test, scores, accuracy(scores))
    fold = stratified_folds(codes[subset], FOLDS, seed)
    truth = accuracy(fitted(subset))
    subset = subset[fold >= 0]
    fold = fold[fold >= 0]
    scores = np.zeros((len(codes), k), np.float32)
    for number in range(FOLDS):
        here = fold == number
        scores[subset[here]] = fitted(subset[~here])[subset[here]]
    groups = np.repeat(np.arange(len(subset)), options.copies)
    record["folds"], record["folds_width"] = holds(
        subset, scores, truth, groups=groups, folds=FOLDS
    )
    record["folds_as_if_held_out"], _ = holds(subset, scores, truth, groups=groups)
    right = scores[subset].argmax(axis=1) == codes[subset]
    record["error_of_folds"] = float(right.mean()) - truth
    record["variance_ratio"] = record["error_of_folds"] ** 2 / (truth * (1 - truth) / len(right))
    return record


if __name__ == "__main__":
    main()
