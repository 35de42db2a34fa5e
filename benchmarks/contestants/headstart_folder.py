"""headstart end to end: read, decode, resize, run."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Answer, Options, compete


def prepare(options: Options) -> Answer:
    """Find the converted network and settle the precision."""
    from headstart.backbones.networks import find_network
    from headstart.backbones.spec import NetworkSpec
    from headstart.data import FileSource
    from headstart.features.extract import extract, network_resize
    from headstart.features.precision import choose_precision

    network = find_network(NetworkSpec(options.model, weights=options.weights))
    resize = network_resize(network, options.resize)
    sources = [FileSource(path) for path in options.paths()]
    choice = choose_precision(options.precision, network, sources, resize=resize)

    def answer(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        for item in extract(
            map(FileSource, paths),
            network,
            resize=resize,
            precision=choice.precision,
            outputs=("probabilities",),
        ):
            yield item.values["probabilities"]

    return answer


if __name__ == "__main__":
    compete(prepare)
