"""headstart end to end: read, decode, resize and predict."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete


def prepare(options: Options) -> Predict:
    """Find the converted network and choose the precision."""
    from headstart.features.extractor import FeatureExtractor
    from headstart.features.settings import FeatureSettings
    from headstart.images.sources import FileSource

    sources = [FileSource(path) for path in options.paths()]
    settings = FeatureSettings(
        resize=options.resize, precision=options.precision, cache=False, device=options.device
    )
    extractor = FeatureExtractor.open(options.network(), settings, sources, output="probabilities")

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        for item in extractor.stream(map(FileSource, paths)):
            yield item.required()

    return predict


if __name__ == "__main__":
    compete(prepare)
