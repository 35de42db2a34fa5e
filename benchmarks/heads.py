r"""Compare the time of the default head with plain scikit-learn's, for 3 to 1,000 classes.

    python benchmarks/heads.py --dataset tiny-imagenet/ --model mobilenet_v2 \
        --weights mobilenet_v2_imagenet.weights.h5 --size 96 --out results/

Both choose the strength by the log loss on the same folds, and scikit-learn tries only those
strengths that headstart's head tried. They take turns, each in its own process, with one thread
(`--threads`): several threads slow scikit-learn down here. For 1,000 classes, each of the 200 is
parted in five. Writes ``heads.json`` and ``heads.md`` into `--out`.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import table
from finding import Finding, ratios
from settings import Settings, say

CASES = ("3x64", "100x4", "100x10", "200x4", "200x10", "1000x4")


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    if options.threads:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        described = machine.describe()
        found = list(_measure(options, options.work or Path(temporary)))
    return table.publish("heads", "time of the default head", described, found, options.out)


def _measure(options: argparse.Namespace, work: Path) -> Iterator[Finding]:
    settings = Settings(
        photos=work, weights=work, model=options.model, labelled=None, parquet=[], images=None,
        repeats=options.repeats, seconds=1, work=work,
    )  # fmt: skip
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "parted.npz").exists():
        say("features")
        weights = ("--weights", options.weights) if options.weights else ()
        settings.run("many_classes", "--dataset", options.dataset, "--model", options.model,
                     *weights, "--size", str(options.size), "--out", work)  # fmt: skip
    for case in options.cases:
        yield from _case(settings, case)


def _case(settings: Settings, case: str) -> Iterator[Finding]:
    classes, each = case.split("x")
    features = settings.work / ("parted.npz" if int(classes) > 200 else "features.npz")
    command = ("head", "--features", features, "--classes", classes, "--each", each)
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for number in range(settings.repeats):
        say(f"{classes} classes of {each} images, round {number + 1} of {settings.repeats}")
        ours.append(settings.run(*command))
        strengths = json.dumps(ours[-1]["strengths"])
        theirs.append(settings.run(*command, "--strengths", strengths))
    what = f"{classes} classes of {each} images"
    details = {"headstart": ours, "scikit-learn": theirs}
    for measure in ("processor", "wall"):
        mine, others = ([run[measure] for run in runs] for runs in (ours, theirs))
        yield Finding(f"{what}: headstart, {measure} time", "s", mine)
        yield Finding(f"{what}: scikit-learn, {measure} time", "s", others)
        yield Finding(f"{what}: ratio, {measure} time", "x", ratios(mine, others), at_most=1,
                      details=details)  # fmt: skip
    for measure in ("accuracy", "log_loss"):
        if measure in ours[0]:
            name = measure.replace("_", " ")
            yield Finding(f"{what}: headstart, {name}", "", [run[measure] for run in ours])
            yield Finding(f"{what}: scikit-learn, {name}", "", [run[measure] for run in theirs])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, help="with 200 classes")
    parser.add_argument("--model", default="mobilenet_v2", help="(default: mobilenet_v2)")
    parser.add_argument("--weights", type=Path, help="Keras weights file of the model")
    parser.add_argument("--size", type=int, default=96, help="pixels (default: 96)")
    parser.add_argument(
        "--cases", nargs="+", default=CASES, help="classes x images of each (default: all)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--threads", type=int, default=1, help="0: the libraries' own choice")
    parser.add_argument("--work", type=Path, help="folder that keeps the features between runs")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
