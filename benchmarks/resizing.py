r"""Compare the resize rules, the choice by `auto` and the mean of two views on several datasets.

    python benchmarks/resizing.py --datasets vehicles/ flowers/ cifar10/ tiny-imagenet/ \
        --models mobilenet_v2 mobilenet mini --out results/

The default head is trained on 10, 30 and 100 images of each of at most ten classes and tested on up
to 60 others, several times with other images and classes. Every rule sees the same images, so that
differences to squashing are paired. With ``--test``, a dataset is used as it is split instead.
Weights are found as `headstart models` says. Writes ``resizing.json`` and ``resizing.md`` into
`--out`.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import machine
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.datasets import read_dataset
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.heads.logistic import LogisticHead
from headstart.heads.resize_choice import choose_resize
from headstart.images.sources import ImageSource
from settings import say

RULES = ("squash", "crop", "pad", "keras")
PAIRS = (("crop", "squash"), ("crop", "pad"))
EACH, TEST, CLASSES = (10, 30, 100), 60, 10
# The classes and images of a dataset that are drawn from.
DRAWN_CLASSES, DRAWN = 30, 160

Row = dict[str, tuple[float, float]]


class Features:
    """The features of some images of a dataset by each rule."""

    def __init__(self, model: str, sources: list[ImageSource], labels: list[Any]) -> None:
        settings = FeatureSettings(precision="f32")
        self.extractor = FeatureExtractor.open(find_network(NetworkSpec(model)), settings)
        self.sources = sources
        self.names, self.codes = np.unique(labels, return_inverse=True)
        self.by_rule = {
            rule: self.extractor.resized_by(rule).extract_all(sources).features for rule in RULES
        }

    def compared(self, train: np.ndarray, test: np.ndarray) -> Row:
        """Return log loss and accuracy by each way, and those of the rule that is chosen."""
        probabilities: dict[str, np.ndarray] = {}
        true = self.codes[test]

        def fitted(features: np.ndarray) -> np.ndarray:
            head = LogisticHead().fit(features[train], self.codes[train])
            predicted = np.zeros((len(test), len(self.names)))
            predicted[:, head.classes_] = head.predict_proba(features[test])
            return predicted

        for rule, features in self.by_rule.items():
            probabilities[rule] = fitted(features)
        for pair in PAIRS:
            first, second = (self.by_rule[rule] for rule in pair)
            name = " + ".join(pair)
            probabilities[f"{name}, mean features"] = fitted((first + second) / 2)
            mean = np.mean([probabilities[rule] for rule in pair], axis=0)
            probabilities[f"{name}, mean probabilities"] = mean
        chosen = choose_resize(
            self.extractor,
            [self.sources[row] for row in train],
            self.codes[train].tolist(),
        )
        probabilities["auto"] = probabilities[chosen.rule]
        return {way: _scored(each, true) for way, each in probabilities.items()}


def main() -> int:
    """Measure, write, print."""
    options = _options()
    described = machine.describe()
    rows = list(_measure(options))
    lines = [
        f"headstart {described['commit']}. Mean log loss and accuracy; the last column is the mean",
        "difference of the log loss to squashing, with its standard error.",
        "",
        *_tables(rows),
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "resizing.json").write_text(json.dumps({"machine": described, "rows": rows}))
    (options.out / "resizing.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


def _measure(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for path in options.datasets:
        for model in options.models:
            say(f"{path.name}, {model}")
            if options.test:
                yield from _as_split(path, model)
            else:
                yield from _repeated(path, model, options.repeats)


def _as_split(path: Path, model: str) -> Iterator[dict[str, Any]]:
    dataset = read_dataset(path)
    parts = [dataset.part("train"), dataset.part("test")]
    labels = [label for part in parts for label in part.labels]
    features = Features(model, [source for part in parts for source in part.sources], labels)
    n = len(parts[0])
    found = features.compared(np.arange(n), np.arange(n, len(labels)))
    yield {"dataset": path.name, "model": model, "each": "its training set", "found": found}


def _repeated(path: Path, model: str, repeats: int) -> Iterator[dict[str, Any]]:
    dataset = read_dataset(path)
    whole = dataset if dataset.split is None else dataset.part("train")
    drawn = _drawn(np.array(whole.labels), DRAWN_CLASSES, DRAWN, np.random.default_rng(0))
    rows = np.concatenate(drawn)
    features = Features(
        model, [whole.sources[row] for row in rows], [whole.labels[row] for row in rows]
    )
    for each in EACH:
        for seed in range(repeats):
            parts = _drawn(features.codes, CLASSES, each + TEST, np.random.default_rng(seed))
            if min(map(len, parts)) < each + 10:
                break
            train = np.concatenate([part[:each] for part in parts])
            found = features.compared(train, np.concatenate([part[each:] for part in parts]))
            yield {"dataset": path.name, "model": model, "each": each, "found": found}


def _drawn(
    labels: np.ndarray, classes: int, each: int, random: np.random.Generator
) -> list[np.ndarray]:
    names = random.permutation(np.unique(labels))[:classes]
    return [random.permutation(np.flatnonzero(labels == name))[:each] for name in names]


def _scored(probabilities: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    true = probabilities[np.arange(len(codes)), codes]
    right = probabilities.argmax(axis=1) == codes
    return float(-np.log(np.maximum(true, 1e-12)).mean()), float(right.mean())


def _tables(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a table of log losses for each dataset and model, and one of all."""
    ways = list(rows[0]["found"])
    yield f"| dataset, network, images a class (runs) | {' | '.join(ways)} |"
    yield "|---|" + "--:|" * len(ways)
    for key in dict.fromkeys((row["dataset"], row["model"], row["each"]) for row in rows):
        same = [row["found"] for row in rows if key == (row["dataset"], row["model"], row["each"])]
        means = [np.mean([each[way] for each in same], axis=0) for way in ways]
        cells = " | ".join(f"{loss:.3f} / {right:.1%}" for loss, right in means)
        yield f"| {', '.join(map(str, key))} ({len(same)}) | {cells} |"
    yield from ("", f"| all {len(rows)} runs | log loss | accuracy | difference to squashing |")
    yield "|---|--:|--:|--:|"
    for way in ways:
        loss, right = np.mean([row["found"][way] for row in rows], axis=0)
        paired = np.array([row["found"][way][0] - row["found"]["squash"][0] for row in rows])
        error = paired.std(ddof=1) / np.sqrt(len(paired)) if len(paired) > 1 else np.nan
        yield f"| {way} | {loss:.3f} | {right:.1%} | {paired.mean():+.3f} ± {error:.3f} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=Path, nargs="+", required=True)
    parser.add_argument("--models", nargs="+", default=["mobilenet_v2"])
    parser.add_argument("--test", action="store_true", help="use the splits of the datasets")
    parser.add_argument("--repeats", type=int, default=4, help="runs of each size (default: 4)")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
