"""headstart end to end: read, decode, resize and predict."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete


def prepare(options: Options) -> Predict:
    """Find the converted network and choose the precision."""
    from headstart.backbones.networks import find_network
    from headstart.backbones.spec import NetworkSpec
    from headstart.data import FileSource
    from headstart.features.extract import extract, network_resize
    from headstart.features.precision import choose_precision

    network = find_network(NetworkSpec(options.model, weights=options.weights))
    resize = network_resize(network, options.resize)
    sources = [FileSource(path) for path in options.paths()]
    choice = choose_precision(options.precision, network, sources, resize=resize)

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        for item in extract(
            map(FileSource, paths),
            network,
            resize=resize,
            precision=choice.precision,
            outputs=("probabilities",),
        ):
            yield item.values["probabilities"]

    return predict


if __name__ == "__main__":
    compete(prepare)
