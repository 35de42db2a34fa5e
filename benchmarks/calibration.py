r"""Measure calibration, prediction sets, and the refusal of images unlike the training images.

    python benchmarks/calibration.py --cifar cifar10/ --own vehicles/ --others flowers/ \
        imagenet-samples/ --model mobilenet_v2 --out results/

Calibration and sets: subsets of the test set of CIFAR-10 are drawn with the same share of each
class. A head and a decision rule are fitted to each, as by `headstart train`, and judged on all
other images. The calibration error is also measured without the temperature: with the same
strength of the fit, given. Refusal: a rule is fitted to four fifths of the images in `--own`; the
AUROC tells how well the distance separates the last fifth from every other dataset. Writes
``calibration.json`` and ``calibration.md`` into `--out`.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import machine
import table
from finding import Finding
from headstart import Embedder, find_images, read_dataset
from headstart.data.splits import stratified_sample, stratified_split
from headstart.evaluation.calibration import Calibration
from headstart.evaluation.outcomes import Outcomes
from headstart.heads.deciding import fit_rule
from headstart.heads.logistic import LogisticHead
from settings import say

SIZES = (50, 100, 200, 500, 1000)
ERRORS = (0.05, 0.1)


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    described = machine.describe()
    embedder = Embedder(options.model, weights=options.weights, resize="squash")
    found = [*_on_subsets(options, embedder), *_refusal(options, embedder)]
    return table.publish("calibration", "calibration and refusal", described, found, options.out)


def _on_subsets(options: argparse.Namespace, embedder: Embedder) -> Iterator[Finding]:
    images = read_dataset(options.cifar).part("test")
    features = embedder.fit(images.sources[:8]).transform(images.sources)
    codes = np.unique(np.array(images.labels), return_inverse=True)[1]
    for size in options.sizes:
        say(f"{size} images of CIFAR-10")
        runs = [_once(features, codes, size, seed) for seed in range(options.draws)]
        columns = {name: [run[name] for run in runs] for name in runs[0]}
        raw, told = np.mean(columns["raw"]), np.mean(columns["told"])
        what = f"{size} images of CIFAR-10: calibration error"
        yield Finding(f"{what} without temperature", "", columns["raw"])
        goal = raw / 2 if raw > 0.05 else raw + _noise(columns)
        yield Finding(what, "", columns["told"], at_most=float(goal),
                      details={"means": [float(raw), float(told)]})  # fmt: skip
        for error in ERRORS:
            for method in ("lac", "raps"):
                shares = columns.get(f"{method} {error}")
                if shares is not None:
                    yield _coverage(size, error, method, shares)


def _noise(columns: dict[str, list[float]]) -> float:
    """Return two standard errors of the difference that the temperature makes."""
    gains = np.subtract(columns["told"], columns["raw"])
    return float(2 * gains.std(ddof=1) / np.sqrt(len(gains)))


def _coverage(size: int, error: float, method: str, shares: list[float]) -> Finding:
    """Return how often sets hold the true class; the aim is the mean, within two deviations."""
    spread = 2 * float(np.std(shares, ddof=1)) if len(shares) > 1 else 0.02
    what = f"{size} images of CIFAR-10: coverage of {method} for an error target of {error:g}"
    return Finding(what, "", [float(np.mean(shares))], 1 - error - spread, 1 - error + spread,
                   details={"draws": shares})  # fmt: skip


def _once(features: Any, codes: Any, size: int, seed: int) -> dict[str, float]:
    """Fit to one subset, and judge on the rest."""
    rows = stratified_sample(codes, size, seed)
    rest = np.setdiff1d(np.arange(len(codes)), rows)
    head = LogisticHead(random_state=seed).fit(features[rows], codes[rows])
    plain = LogisticHead(C=head.C_).fit(features[rows], codes[rows])
    probabilities = head.scorer_.probabilities(features[rest]).astype(np.float32)
    found = {
        "raw": _error(plain.scorer_.probabilities(features[rest]), codes[rest]),
        "told": _error(probabilities, codes[rest]),
    }
    rule = fit_rule(LogisticHead(random_state=seed), features[rows], codes[rows].tolist(),
                    error_target=0.05, seed=seed)  # fmt: skip
    for error in ERRORS:
        for method in ("lac", "raps"):
            sets = rule.decision.sets(probabilities, error, method, best=False)
            if sets is not None:
                held = sets[np.arange(len(rest)), codes[rest]]
                found[f"{method} {error}"] = float(held.mean())
    return found


def _error(probabilities: Any, codes: Any) -> float:
    names = tuple(map(str, range(len(codes))))
    predicted = probabilities.argmax(axis=1)
    return Calibration.of(Outcomes(names, codes, predicted, probabilities)).error


def _refusal(options: argparse.Namespace, embedder: Embedder) -> Iterator[Finding]:
    own = read_dataset(options.own)
    features = embedder.fit(own.sources[:8]).transform(own.sources)
    others = {"CIFAR-10": _some(read_dataset(options.cifar).part("test").sources)}
    others |= {path.name: _some(find_images([str(path)]).sources) for path in options.others}
    strangers = {name: embedder.transform(sources) for name, sources in others.items()}
    runs = []
    for seed in range(options.draws):
        train, test = stratified_split(own.labels, 0.2, seed)
        labels = [own.labels[row] for row in train.tolist()]
        rule = fit_rule(LogisticHead(), features[train], labels, error_target=0.05, seed=seed)
        runs.append(_separated(rule.decision.novelty, features[test], strangers))
    for name in strangers:
        what = f"{options.own.name} shown {name}"
        yield Finding(f"{what}: AUROC", "", [run[name] for run in runs], at_least=0.95)
        yield Finding(f"{what}: unlike", "", [run[f"{name} unlike"] for run in runs])
    alarms = [run["own unlike"] for run in runs]
    yield Finding(f"{options.own.name}: held-out images taken for unlike, mean", "",
                  [float(np.mean(alarms))], details={"draws": alarms})  # fmt: skip


def _some(sources: Sequence[Any]) -> list[Any]:
    """Return at most 500 of the images, evenly spread."""
    return list(sources[:: max(1, len(sources) // 500)])


def _separated(novelty: Any, own: Any, strangers: dict[str, Any]) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    near = novelty.distances(own)
    found = {"own unlike": float((near > novelty.threshold).mean())}
    for name, features in strangers.items():
        far = novelty.distances(features)
        truth = np.repeat([0, 1], [len(near), len(far)])
        found[name] = float(roc_auc_score(truth, np.concatenate([near, far])))
        found[f"{name} unlike"] = float((far > novelty.threshold).mean())
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cifar", type=Path, required=True, help="CIFAR-10")
    parser.add_argument("--own", type=Path, required=True, help="a dataset of few classes")
    parser.add_argument("--others", type=Path, nargs="+", default=[], help="images of other kinds")
    parser.add_argument("--model", default="mobilenet_v2", help="(default: mobilenet_v2)")
    parser.add_argument("--weights", type=Path, help="Keras weights file of the model")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--draws", type=int, default=20, help="(default: 20)")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
