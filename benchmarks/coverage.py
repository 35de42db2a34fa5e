r"""Measure how often 95 % intervals hold the accuracy that they are intervals of.

    python benchmarks/coverage.py --dataset cifar10/ --model mobilenet_v2 \
        --weights mobilenet_v2_imagenet.weights.h5 --out results/

Subsets of the test set of CIFAR-10 are drawn 200 times, with the same share of each class. A head
is trained as by `headstart train`, on four fifths or in five folds. The truth is the accuracy of
the model that is kept, on the thousands of images outside the subset: of four fifths where a fifth
is held out, of the whole subset where it is cross-validated. With copies, each image lies several
times in the subset, on one side of every split. Writes ``coverage.json`` and ``coverage.md`` into
`--out`.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import machine
import table
from finding import Finding
from settings import Settings, say

# Number of images, of classes, and of copies of each image.
CASES = ("50x10x1", "100x10x1", "200x10x1", "500x10x1", "50x2x1", "200x2x1", "50x10x4")


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        described = machine.describe()
        found = list(_measure(options, options.work or Path(temporary)))
    return table.publish("coverage", "coverage of intervals", described, found, options.out)


def _measure(options: argparse.Namespace, work: Path) -> Iterator[Finding]:
    settings = Settings(
        photos=work, weights=work, model=options.model, labelled=None, parquet=[], images=None,
        repeats=1, seconds=1, work=work,
    )  # fmt: skip
    work.mkdir(parents=True, exist_ok=True)
    weights = ("--weights", options.weights) if options.weights else ()
    for case in options.cases:
        say(case)
        size, classes, copies = case.split("x")
        found = settings.run("interval_coverage", "--dataset", options.dataset, "--model",
                             options.model, *weights, "--features", work / "coverage.npz",
                             "--size", size, "--classes", classes, "--copies", copies,
                             "--head", options.head, "--splits", str(options.splits),
                             "--seed", str(options.seed))  # fmt: skip
        what = f"{size} images of {classes} classes"
        what += f", each {copies} times" if copies != "1" else ""
        for name, label in (("held_out", "held out"), ("folds", "cross-validated")):
            yield Finding(f"{what}: coverage, {label}", "share", [found[name]], 0.93, 0.97,
                          details=found)  # fmt: skip
        naive = "held_out_by_image" if copies != "1" else "folds_as_if_held_out"
        label = "if copies counted" if copies != "1" else "cross-validated as if held out"
        yield Finding(f"{what}: coverage, {label}", "share", [found[naive]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, help="CIFAR-10")
    parser.add_argument("--model", default="mobilenet_v2", help="(default: mobilenet_v2)")
    parser.add_argument("--weights", type=Path, help="Keras weights file of the model")
    parser.add_argument("--head", default="logistic", help="(default: logistic)")
    parser.add_argument(
        "--cases", nargs="+", default=CASES, help="images x classes x copies (default: all)"
    )
    parser.add_argument("--splits", type=int, default=200, help="(default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the first subset (default: 0)")
    parser.add_argument("--work", type=Path, help="folder that keeps the features between runs")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
