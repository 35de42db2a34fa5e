"""Run the network only, on photos in memory: the other half of the bound."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete


def prepare(options: Options) -> Predict:
    """Read all photos and compile the network."""
    from headstart.features import devices
    from headstart.features.compiling import compile_network
    from headstart.features.extractor import FeatureExtractor
    from headstart.features.settings import FeatureSettings
    from headstart.images.reader import read_images
    from headstart.images.sources import FileSource

    network, paths = options.network(), options.paths()
    sources = [FileSource(path) for path in paths]
    settings = FeatureSettings(
        resize=options.resize, precision=options.precision, cache=False, device=options.device
    )
    extractor = FeatureExtractor.open(network, settings, sources)
    images = read_images(sources, extractor.resize)
    pixels = {path: item.pixels for path, item in zip(paths, images, strict=True)}
    if options.device == "cpu":
        # A try of what is measured on GPUs; to other runtimes it makes no difference.
        devices.torch_device = lambda: "cpu"
    engine = compile_network(
        network,
        precision=extractor.precision.precision,
        outputs=("probabilities",),
        runtime=options.runtime,
    )

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        for _, values in engine.stream((path, pixels[path]) for path in paths):
            yield values["probabilities"]

    return predict


if __name__ == "__main__":
    compete(prepare)
