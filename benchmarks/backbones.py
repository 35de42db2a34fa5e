"""Measure how long the backbones of the catalogue take for an image, as ``headstart bench`` does.

python benchmarks/backbones.py --out results/ --backbones mini mobilenet_v2 mobilenet_v4_small ...

Weights are random, which is as fast as real ones; mini has its own. All backbones are measured in
turn, three times over, and the best round of each counts. With 15 small backbones about ten minutes
on 2 cores, most of them for drawing and converting.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import machine
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.features.settings import FeatureSettings
from headstart.jobs.bench import photos, timing
from settings import Processes

ROUNDS = 3


def main() -> None:
    """Measure, and write a table and a record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbones", nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    how, sources = FeatureSettings(precision="f32", device="cpu", cache=False), photos()
    networks = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.backbones:
            weights = None
            if get_backbone(name).folder is None:
                weights = Path(folder, f"{name}.weights.h5")
                Processes(work=Path(folder)).run(
                    "random_weights", "--model", name, "--out", weights
                )
            networks[name] = find_network(NetworkSpec(name, weights=weights))
            print(f"converted {name}", flush=True)
    rounds = [
        {name: timing(networks[name], get_backbone(name), how, sources) for name in networks}
        for _ in range(ROUNDS)
    ]
    found = [
        replace(
            rounds[0][name],
            milliseconds=min(each[name].milliseconds for each in rounds),
            pipeline_milliseconds=min(each[name].pipeline_milliseconds for each in rounds),
        )
        for name in networks
    ]
    found.sort(key=lambda each: each.pipeline_milliseconds)
    for each in found:
        print(
            f"| {each.backbone} | {each.size[0]} x {each.size[1]} | {each.milliseconds:.1f} | "
            f"{each.pipeline_milliseconds:.1f} | {100 * (each.top1 or 0):.1f} % | "
            f"{each.trained_on} | {(each.parameters or 0) / 1e6:.1f} M | {each.license} |"
        )
    options.out.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine.describe(), "timings": [asdict(each) for each in found]}
    (options.out / "backbones.json").write_text(json.dumps(content, indent=1), "utf-8")


main()
