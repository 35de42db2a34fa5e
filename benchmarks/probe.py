r"""Measure the frozen features of a backbone on datasets that it was not trained on.

    python benchmarks/probe.py --model mini --own tiny-imagenet/ --cifar10 cifar10/ \
        --digits --vehicles vehicles/ --photo tiger.jpg --out results/

A head is trained on each dataset as by `headstart train`. CIFAR-10 has a test set. The others are
small, so 10-fold cross-validation is repeated ten times. The digits are those of scikit-learn. For
the photo, the time until the prediction of a new process is measured, in turn with the quickest
networks of the catalogue; these have random weights, which are as fast as real ones.
Writes ``probe.json`` and ``probe.md`` into `--out`.
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

# The goals of the bundled backbone.
GOALS = {"own": 0.56, "cifar10": 0.74, "digits": 0.97, "vehicles": 0.87}
# The quickest of the catalogue: the fewest multiply-accumulates or the fewest layers.
QUICK = ("mobilenet_v3_small", "mobilenet_v2", "mobilenet", "mobilenet_v3_large")


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        described = machine.describe()
        found = list(_measure(options, Path(temporary)))
    return table.publish("probe", f"probe of {options.model}", described, found, options.out)


def _measure(options: argparse.Namespace, work: Path) -> Iterator[Finding]:
    settings = Settings(
        photos=work, weights=work, model=options.model, labelled=None, parquet=[], images=None,
        repeats=1, seconds=1, work=work,
    )  # fmt: skip
    if options.own:
        say("its own validation set")
        found = settings.run("own_classes", "--folder", options.own, "--model", options.model)
        yield Finding("its own validation set, one view", "share", [found["top1"]],
                      GOALS["own"], details=found)  # fmt: skip
    if options.cifar10:
        say("CIFAR-10")
        _, printed = settings.timed(*settings.headstart(
            "train", options.cifar10, "--out", work / "cifar", "--model", options.model, "--json",
        ))  # fmt: skip
        found = json.loads(printed)
        details = {name: found[name] for name in ("n_train", "n_test", "interval", "seconds")}
        yield Finding("CIFAR-10, test set", "share", [found["accuracy"]], GOALS["cifar10"],
                      details=details)  # fmt: skip
    digits = _digits(work) if options.digits else None
    for name, folder in (("digits", digits), ("vehicles", options.vehicles)):
        if folder:
            say(name)
            found = settings.run("cross_validation", "--folder", folder, "--model", options.model)
            yield Finding(f"{name}, 10-fold cross-validation, ten times", "share",
                          [found["mean"]], GOALS[name], details=found)  # fmt: skip

    if options.photo:
        yield from _first_predictions(settings, options.photo, options.repeats)


def _first_predictions(settings: Settings, photo: Path, repeats: int) -> Iterator[Finding]:
    """Start a process for each network in turn, round after round."""
    commands = {settings.model: settings.headstart("predict", photo, "--model", settings.model)}
    for name in QUICK:
        weights = settings.work / f"{name}.weights.h5"
        say(f"random weights for {name}")
        settings.run("random_weights", "--model", name, "--out", weights)
        commands[name] = settings.headstart("predict", photo, "--model", name, "--weights", weights)
    for command in commands.values():
        settings.time(*command)  # converts the network, which happens once on a machine
    seconds: dict[str, list[float]] = {name: [] for name in ("nothing", *commands)}
    for number in range(repeats):
        say(f"first predictions, round {number + 1} of {repeats}")
        seconds["nothing"].append(settings.time(sys.executable, "-c", "pass"))
        for name, command in commands.items():
            seconds[name].append(settings.time(*command))
    ours = seconds[settings.model]
    work = [whole - none for whole, none in zip(ours, seconds["nothing"], strict=True)]
    yield Finding(
        f"first prediction, {settings.model}, beyond python -c pass", "s", work, at_most=1
    )
    for name in QUICK:
        yield Finding(f"first prediction, {name}", "s", seconds[name])
        what = f"first prediction, {settings.model} against {name}"
        yield Finding(what, "x", ratios(ours, seconds[name]), at_most=1)


def _digits(work: Path) -> Path:
    """Write the handwritten digits of scikit-learn as class folders."""
    from PIL import Image

    from headstart.demo import digits

    folder = work / "digits"
    for number, (pixels, label) in enumerate(zip(*digits(), strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / str(label) / f"{number:04}.png")
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", default="mini", help="name or folder of a backbone (default: mini)"
    )
    parser.add_argument(
        "--own", type=Path, help="the dataset it was trained on, with a validation set"
    )
    parser.add_argument("--cifar10", type=Path, help="CIFAR-10 as parquet files")
    parser.add_argument(
        "--digits", action="store_true", help="the digits of scikit-learn; takes ten minutes"
    )
    parser.add_argument("--vehicles", type=Path, help="folder of class folders")
    parser.add_argument("--photo", type=Path, help="photo to predict")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of the photo (default: 5)")
    parser.add_argument("--out", type=Path, default=Path("results"), help="(default: results)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
