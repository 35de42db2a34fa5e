"""Measure how often the right preprocessing is chosen, and how often that is certain.

python benchmarks/preprocessing.py --photos PHOTOS --weights WEIGHTS --out results/

PHOTOS holds photos whose names begin with the identifier of their class of ImageNet, WEIGHTS the
weights of MobileNet and MobileNetV2, which were trained with "tf". Both networks are written as
TFLite, which says nothing of that. From all photos, random draws are made, and each is judged with
one view of an image and with four. About a minute on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import machine
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.features.extractor import network_resize
from headstart.foreign.labels import class_places
from headstart.foreign.measuring import TRIED, judge
from headstart.images.sources import FileSource
from headstart.jobs.measuring import answers, classes_of, views_of
from headstart.networks.preprocessing import USUAL

EXPORT = Path(__file__).parent / "contestants" / "keras_to_tflite.py"
NETWORKS = {
    "MobileNet": "mobilenet_imagenet.weights.h5",
    "MobileNetV2": "mobilenet_v2_imagenet.weights.h5",
}
RIGHT = "tf"


def measured(
    file: Path, photos: list[Path]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
    """Return what a network says of all photos with each preprocessing."""
    network = find_network(NetworkSpec(file, preprocessing="inside"))
    classes = classes_of(network)
    truth = np.array(class_places([path.name.partition("_")[0] for path in photos], classes))
    views, _ = views_of([FileSource(str(path)) for path in photos], network_resize(network))
    logs: dict[str, np.ndarray] = {}
    right: dict[str, np.ndarray] = {}
    for name in TRIED:
        logs[name], right[name] = answers(network, USUAL[name], views, truth)
    return logs, right, len(classes)


def rates(
    logs: dict[str, np.ndarray],
    right: dict[str, np.ndarray],
    classes: int,
    chosen: list[np.ndarray],
    views: int,
) -> dict[str, float]:
    """Return how often the right one is best, certain, and another one certain."""
    judged = [
        judge(
            {name: logs[name][:views, rows].mean(axis=0) for name in TRIED},
            {name: right[name][rows] for name in TRIED},
            n_classes=classes,
        )
        for rows in chosen
    ]
    return {
        "best": float(np.mean([each.best.preprocessing == RIGHT for each in judged])),
        "certain": float(
            np.mean([each.best.preprocessing == RIGHT and not each.doubt for each in judged])
        ),
        "another_certain": float(
            np.mean([each.best.preprocessing != RIGHT and not each.doubt for each in judged])
        ),
    }


def main() -> None:
    """Measure both networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    photos, found = sorted(options.photos.iterdir()), {}
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for name, weights in NETWORKS.items():
            file = Path(folder, f"{name}.tflite")
            command = [sys.executable, str(EXPORT), name, options.weights / weights, file]
            subprocess.run(command, check=True, capture_output=True)
            logs, right, classes = measured(file, photos)
            for n in (20, 30):
                chosen = [rng.choice(len(photos), n, replace=False) for _ in range(options.draws)]
                for views in (1, 4):
                    key = f"{name}, {n} photos, {views} views"
                    found[key] = rates(logs, right, classes, chosen, views)
                    print(key, found[key], flush=True)
            found[f"{name}, accuracy on all"] = {key: float(right[key].mean()) for key in TRIED}
    options.out.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine.describe(), "draws": options.draws, "rates": found}
    (options.out / "preprocessing.json").write_text(json.dumps(content, indent=1), "utf-8")


main()
