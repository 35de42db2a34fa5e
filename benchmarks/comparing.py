r"""Compare the choice of `headstart compare` with that of an exhaustive comparison.

    python benchmarks/comparing.py cifar10/ --backbones mobilenet_v2 mobilenet mini --out results/

The exhaustive comparison computes the features of all training and test images with each backbone
and resize rule, trains each head on all training images, and tests it. The comparison chooses with
the training images alone. Both begin with an empty feature cache, and converted networks. Counts
processor time, which other programs on the machine change least. Writes ``comparing.json`` and
``comparing.md`` into `--out`.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import headstart as hs
import machine
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.labelled_images import LabelledImages
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.heads.table import get_head
from settings import say

HEADS = ("logistic", "ridge", "nearest_mean", "knn")
RESIZES = ("squash", "crop", "pad")

Key = tuple[str, str, str]


def main() -> int:
    """Measure, write, print."""
    options = _options()
    described = machine.describe()
    dataset = hs.read_dataset(options.dataset)
    train, test = dataset.part("train"), dataset.part("test")
    random = np.random.default_rng(0)
    train, test = (
        part.subset(random.permutation(len(part))[:size])
        for part, size in ((train, options.train), (test, options.test))
    )
    for name in options.backbones:
        find_network(NetworkSpec(name))
    with tempfile.TemporaryDirectory() as cache:
        say("compare")
        began = time.process_time(), time.perf_counter()
        chosen = hs.compare(train, options.backbones, budget=None, cache=Path(cache))
        quick = time.process_time() - began[0], time.perf_counter() - began[1]
    began = time.process_time(), time.perf_counter()
    tested = dict(_exhaustive(options.backbones, train, test))
    whole = time.process_time() - began[0], time.perf_counter() - began[1]
    best = chosen.best
    report = {
        "machine": described,
        "train": len(train),
        "test": len(test),
        "seconds": {"compare": quick, "exhaustive": whole},
        "chosen": [best.backbone, best.resize, best.head],
        "tested": {" ".join(key): accuracy for key, accuracy in tested.items()},
    }
    lines = list(_lines(report, tested, (best.backbone, best.resize, best.head), quick, whole))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "comparing.json").write_text(json.dumps(report))
    (options.out / "comparing.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


def _exhaustive(
    backbones: list[str], train: LabelledImages, test: LabelledImages
) -> Iterator[tuple[Key, float]]:
    for name in backbones:
        network = find_network(NetworkSpec(name))
        opened = FeatureExtractor.open(network, FeatureSettings(cache=False), train.sources)
        for rule in RESIZES:
            say(f"all images: {name}, {rule}")
            extractor = opened.resized_by(rule)
            features = [extractor.extract_all(part.sources).features for part in (train, test)]
            for head in HEADS:
                fitted = get_head(head)().fit(features[0], train.labels)
                right = fitted.predict(features[1]) == np.array(test.labels)
                yield (name, rule, head), float(right.mean())


def _lines(
    report: dict[str, Any],
    tested: dict[Key, float],
    chosen: Key,
    quick: tuple[float, float],
    whole: tuple[float, float],
) -> Iterator[str]:
    best = max(tested, key=lambda key: tested[key])
    yield f"headstart {report['machine']['commit']}; {report['train']:,} training images,"
    yield f"{report['test']:,} test images, 1 run."
    yield ""
    yield "| | backbone | resize | head | accuracy on the test images |"
    yield "|---|---|---|---|--:|"
    for what, key in (("chosen", chosen), ("best", best)):
        yield f"| {what} | {key[0]} | {key[1]} | {key[2]} | {100 * tested[key]:.2f} % |"
    yield ""
    yield (
        f"Processor time {quick[0]:.0f} s against {whole[0]:.0f} s "
        f"({100 * quick[0] / whole[0]:.1f} %), wall time {quick[1]:.0f} s against {whole[1]:.0f} s "
        f"({100 * quick[1] / whole[1]:.1f} %)."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, help="a dataset with training and test images")
    parser.add_argument("--backbones", nargs="+", default=["mobilenet_v2", "mobilenet", "mini"])
    parser.add_argument("--train", type=int, default=50_000, help="training images (%(default)s)")
    parser.add_argument("--test", type=int, default=10_000, help="test images (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
