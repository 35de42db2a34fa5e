"""Reading, decoding and resizing alone: the half of the bound that no network can beat."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from entry import Answer, Options, compete


def prepare(options: Options) -> Answer:
    """Settle the size and the rule."""
    from headstart.backbones.networks import find_network
    from headstart.backbones.spec import NetworkSpec
    from headstart.data import FileSource, read_images
    from headstart.features.extract import network_resize

    network = find_network(NetworkSpec(options.model, weights=options.weights))
    resize = network_resize(network, options.resize)

    def answer(paths: Iterable[Path]) -> Iterator[None]:
        for _ in read_images(map(FileSource, paths), resize):
            yield None

    return answer


if __name__ == "__main__":
    compete(prepare)
