"""Extract features of generated images, which are never in memory all at once."""

import argparse
import json
import time
from collections.abc import Generator, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from entry import peak_mib
from numpy.typing import NDArray
from PIL import Image

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.features import extractor
from headstart.features.engine import Engine, Values
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.images.sources import BytesSource

# Files that differ in what they show. Others differ from these in a comment.
_SHOWN = 64
_START_OF_IMAGE, _COMMENT = b"\xff\xd8", b"\xff\xfe\x00\x0a"


class NoEngine(Engine):
    """Returns the same features for every image: what is measured is all the rest."""

    runtime = "openvino"

    def release(self) -> bool:
        """Hold nothing."""
        return True

    def abandon(self) -> None:
        """Hold nothing."""

    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Compute nothing."""
        values = {name: np.ones(self.network.outputs[name], np.float32) for name in self.outputs}
        for tag, image in images:
            yield tag, {} if image is None else values


def main() -> None:
    """Extract the features, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--no-engine", action="store_true")
    options = parser.parse_args()
    if options.no_engine:
        extractor.compile_network = _no_engine  # type: ignore[assignment]
    network = find_network(NetworkSpec(options.model))
    settings = FeatureSettings(precision="f32", cache=options.cache or False)
    stream = FeatureExtractor.open(network, settings).stream(_images(options.images, options.size))
    began = time.perf_counter()
    cached = int(next(stream).cached)
    # What is done once, such as compiling the network, is no part of the time of an image.
    first, processor, main_thread = time.perf_counter(), time.process_time(), time.thread_time()
    cached += sum(item.cached for item in stream)
    record = {
        "cached": cached,
        "start": first - began,
        "wall": time.perf_counter() - first,
        "processor": time.process_time() - processor,
        "main_thread": time.thread_time() - main_thread,
        "peak_mib": peak_mib(),
    }
    print(json.dumps(record))


def _no_engine(network: Any, *, precision: Any, outputs: Any, **_: Any) -> Engine:
    return NoEngine(network, precision, outputs)


def _images(n: int, size: int) -> Iterator[BytesSource]:
    """Yield JPEG files that all differ in their content."""
    random = np.random.default_rng(0)
    shown = []
    for _ in range(_SHOWN):
        file = BytesIO()
        Image.fromarray(random.integers(0, 256, (size, size, 3), np.uint8)).save(file, "JPEG")
        shown.append(file.getvalue().removeprefix(_START_OF_IMAGE))
    for i in range(n):
        comment = _COMMENT + i.to_bytes(8, "big")
        yield BytesSource(f"image {i}", _START_OF_IMAGE + comment + shown[i % _SHOWN])


if __name__ == "__main__":
    main()
