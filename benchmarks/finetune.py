r"""Measure fine-tuning: the time of an epoch, and the accuracy of the result.

    python benchmarks/finetune.py --vehicles vehicles/ --weights mobilenet_v2_imagenet.weights.h5 \
        --cifar10 cifar10/ --out results/

The last block of MobileNetV2 and of ResNet50 is trained by headstart and by a Keras script that
freezes the same layers; their epochs are timed in turn. Random weights are as fast as real ones.
Training steps of the whole MobileNetV2 are timed with and without folded batch normalisation. The
vehicles are split several times into 90 % for training and 10 % for testing, as in a well-known
tutorial; each time the frozen network with its head is compared with the result of
`headstart.fine_tune`. CIFAR-10 is trained by the command in the documentation.
Writes ``finetune.json`` and ``finetune.md`` into `--out`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import machine
import table
from finding import Finding, ratios
from settings import Settings, say

BLOCKS = {"mobilenet_v2": "block_16", "resnet50": "conv5_block3"}
CIFAR10 = (
    *("--size", "128", "--view-size", "120", "--mirror", "--precision", "f32"),
    *("--fine-tune", "all", "--epochs", "8", "--batch-size", "64"),
    *("--learning-rate", "3e-4", "--label-smoothing", "0.1", "--validation", "0.02"),
    *("--crop", "0.64", "--aspect", "1.15", "--colour", "0"),
)


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        described = machine.describe()
        settings = Settings(
            photos=options.vehicles, weights=options.weights, model="mobilenet_v2", labelled=None,
            parquet=[], images=None, repeats=options.repeats, seconds=1, work=Path(temporary),
        )  # fmt: skip
        found = list(_measure(options, settings))
    return table.publish("finetune", "fine-tuning", described, found, options.out)


def _measure(options: argparse.Namespace, settings: Settings) -> Iterator[Finding]:
    for model in options.epochs:
        yield from _epochs(settings, model)
    if options.folding:
        yield _folding(settings, options.folding)
    if options.splits:
        yield from _splits(settings, options.splits)
    if options.cifar10:
        yield _cifar10(settings, options.cifar10)


def _epochs(settings: Settings, model: str) -> Iterator[Finding]:
    """Time an epoch above the freeze point, with headstart and with Keras in turn."""
    weights = settings.work / f"{model}.weights.h5"
    settings.run("random_weights", "--model", model, "--out", weights)
    seconds: dict[str, list[float]] = {"headstart_tuning": [], "keras_tuning": []}
    details = {}
    for number in range(settings.repeats):
        for contestant, taken in seconds.items():
            say(f"an epoch of {model}, round {number + 1} of {settings.repeats}: {contestant}")
            found = settings.run(
                contestant, "--folder", settings.photos, "--weights", weights, "--model", model,
                "--where", BLOCKS[model],
            )  # fmt: skip
            taken.append(found["seconds"])
            details[contestant] = found
    ours, theirs = seconds.values()
    what = f"an epoch of {BLOCKS[model]} and the layers after it, {model}"
    yield Finding(f"{what}: headstart", "s", ours, details=details["headstart_tuning"])
    yield Finding(f"{what}: Keras", "s", theirs, details=details["keras_tuning"])
    yield Finding(f"{what}: Keras against headstart", "x", ratios(theirs, ours), at_least=4)


def _folding(settings: Settings, size: int) -> Finding:
    say("folded batch normalisation")
    found = settings.run("folding", "--model", "mobilenet_v2", "--size", str(size))
    what = (
        f"a step of all of mobilenet_v2, {size} px, 64 images: normalisation frozen against folded"
    )
    return Finding(what, "x", ratios(found["plain"], found["folded"]), details=found)


def _splits(settings: Settings, splits: int) -> Iterator[Finding]:
    say("vehicles")
    found = settings.run(
        "tuning_splits", "--folder", settings.photos, "--weights", settings.weights,
        "--splits", str(splits),
    )  # fmt: skip
    what = f"vehicles, {splits} splits, mean accuracy on the 10 % for testing"
    yield Finding(f"{what}: frozen", "share", [found["frozen"]], details=found)
    yield Finding(f"{what}: fine-tuned if that is better", "share", [found["kept"]], 0.94)


def _cifar10(settings: Settings, folder: Path) -> Finding:
    say("CIFAR-10: about an hour")
    model = ("--model", "mobilenet_v2", "--weights", settings.weights)
    wall, printed = settings.timed(*settings.headstart(
        "train", folder, "--out", settings.work / "cifar", *model, *CIFAR10, "--json",
    ))  # fmt: skip
    found = json.loads(printed)
    details = {name: found[name] for name in ("n_train", "n_test", "interval", "tuning")}
    details["seconds"] = wall
    return Finding("CIFAR-10, test set", "share", [found["accuracy"]], 0.92, details=details)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vehicles", type=Path, required=True, help="folder of class folders")
    parser.add_argument("--weights", type=Path, required=True, help="weights file of MobileNetV2")
    parser.add_argument(
        "--epochs", nargs="*", choices=BLOCKS, default=list(BLOCKS),
        help="networks whose epochs are timed (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--folding", type=int, metavar="PIXELS", default=96,
        help="image size for timing folded steps; 0 skips it (default: 96)",
    )  # fmt: skip
    parser.add_argument(
        "--splits",
        type=int,
        default=10,
        help="number of splits of the vehicles; 0 skips them (default: 10)",
    )
    parser.add_argument("--cifar10", type=Path, help="CIFAR-10 as parquet files; takes an hour")
    parser.add_argument(
        "--repeats", type=int, default=3, help="rounds of timed epochs (default: 3)"
    )
    parser.add_argument("--out", type=Path, default=Path("results"), help="(default: results)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
