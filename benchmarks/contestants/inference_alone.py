"""Run the network only, on photos in memory: the other half of the bound."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete


def prepare(options: Options) -> Predict:
    """Read all photos and compile the network."""
    from headstart.backbones.networks import find_network
    from headstart.backbones.spec import NetworkSpec
    from headstart.data import FileSource, read_images
    from headstart.features.engine import compile_network
    from headstart.features.extract import network_resize
    from headstart.features.precision import choose_precision

    network = find_network(NetworkSpec(options.model, weights=options.weights))
    resize = network_resize(network, options.resize)
    paths = options.paths()
    sources = [FileSource(path) for path in paths]
    choice = choose_precision(options.precision, network, sources, resize=resize)
    pixels = {
        path: item.pixels for path, item in zip(paths, read_images(sources, resize), strict=True)
    }
    engine = compile_network(network, precision=choice.precision, outputs=("probabilities",))

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        for _, values in engine.stream((path, pixels[path]) for path in paths):
            yield values["probabilities"]

    return predict


if __name__ == "__main__":
    compete(prepare)
