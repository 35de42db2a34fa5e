"""Read, decode and resize only: one half of the bound."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from entry import Options, Predict, compete


def prepare(options: Options) -> Predict:
    """Find the size and the resize rule."""
    from headstart.features.extractor import network_resize
    from headstart.images.reader import read_images
    from headstart.images.sources import FileSource

    resize = network_resize(options.network(), options.resize)

    def predict(paths: Iterable[Path]) -> Iterator[None]:
        for _ in read_images(map(FileSource, paths), resize):
            yield None

    return predict


if __name__ == "__main__":
    compete(prepare)
