"""Extract features from rows of parquet files, with or without a cache folder."""

import argparse
import itertools
import json
import time
from pathlib import Path

from entry import peak_mib

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.discovery import find_images
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings


def main() -> None:
    """Extract the features, count them, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=Path, nargs="+", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--images", type=int)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--size", type=int)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    network = find_network(NetworkSpec(options.model, weights=options.weights, size=options.size))
    began = time.perf_counter()
    sources = itertools.islice(find_images(options.files).sources, options.images)
    settings = FeatureSettings(
        precision=options.precision, cache=options.cache or False, device=options.device
    )
    n = cached = 0
    for item in FeatureExtractor.open(network, settings).stream(sources):
        n += 1
        cached += item.cached
    seconds = time.perf_counter() - began
    print(json.dumps({"images": n, "cached": cached, "seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
