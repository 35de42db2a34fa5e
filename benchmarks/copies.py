r"""Train where nothing can be learnt but copies, and measure what the checks of `train` cost.

    python benchmarks/copies.py --dataset vehicles/ --model mobilenet_v2 --seeds 10 --out results/

Each seed draws 40 images, copies each five times, and deals them into two classes by chance: every
accuracy beyond one half comes from copies that were learnt. Then `train` runs on the dataset
itself, with all of its checks and with ``--quick``, in turn; features are in the cache by then.
Writes ``copies.json`` and ``copies.md`` into `--out`.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import machine
import table
from finding import Finding, ratios
from settings import Processes, say

IMAGES, TIMES = 40, 5
# As many runs before as fill the cache.
_WARMING = 1


def deal(dataset: Path, folder: Path, seed: int) -> None:
    """Copy images into two classes that mean nothing, each several times."""
    images = sorted(path for path in dataset.rglob("*") if path.is_file())
    drawn = np.random.default_rng(seed).permutation(len(images))[:IMAGES]
    for number, place in enumerate(drawn.tolist()):
        own = folder / ("heads" if number % 2 else "tails")
        own.mkdir(parents=True, exist_ok=True)
        for time in range(TIMES):
            shutil.copyfile(images[place], own / f"{number}-{time}{images[place].suffix}")


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    described = machine.describe()
    with tempfile.TemporaryDirectory() as temporary:
        found = list(_measure(options, Path(temporary)))
    return table.publish("copies", "what copies do to train", described, found, options.out)


def _measure(options: argparse.Namespace, work: Path) -> Iterator[Finding]:
    processes = Processes(work=work)
    summaries = []
    for seed in range(options.seeds):
        folder = work / str(seed)
        deal(options.dataset, folder, seed)
        summaries.append(_trained(processes, options, folder)[1])
        say(f"seed {seed}: {summaries[-1]['accuracy']}, {summaries[-1]['interval']}")
    accuracy = [summary["accuracy"] for summary in summaries]
    yield Finding("accuracy on arbitrary classes", "", accuracy, at_least=0.35, at_most=0.65)
    holds = [float(low <= 0.5 <= high) for low, high in (each["interval"] for each in summaries)]
    yield Finding("share of intervals with one half in them", "", [float(np.mean(holds))])
    seconds: dict[str, list[float]] = {"whole": [], "quick": []}
    for number in range(_WARMING + options.rounds):
        for name, runs in seconds.items():
            words = ["--quick"] if name == "quick" else []
            taken, _ = _trained(processes, options, options.dataset, *words)
            if number >= _WARMING:
                runs.append(taken)
    for name, runs in seconds.items():
        yield Finding(f"train, warm, {name}", "s", runs)
    yield Finding("whole / quick", "x", ratios(*seconds.values()), at_most=1.5)


def _trained(
    processes: Processes, options: argparse.Namespace, folder: Path, *more: str
) -> tuple[float, dict[str, Any]]:
    out = processes.work / "model"
    words = ("train", folder, "--out", out, "--model", options.model, "--overwrite", "--json")
    seconds, printed = processes.timed(*processes.headstart(*words, "--quiet", *more))
    return seconds, dict(json.loads(printed))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, help="a folder of class folders")
    parser.add_argument("--model", default="mobilenet_v2", help="(default: mobilenet_v2)")
    parser.add_argument("--seeds", type=int, default=10, help="(default: 10)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: 3)")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
