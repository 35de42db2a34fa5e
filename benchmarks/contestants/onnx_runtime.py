"""ONNX Runtime with the reader of headstart: the same photos, decoded on the same threads."""

import itertools
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from entry import Options, Predict, compete

BATCH = 8


def prepare(options: Options) -> Predict:
    """Export the model if it has not been exported yet, and open it."""
    from headstart.exporting.onnx_files import load_onnxruntime
    from headstart.images.reader import read_images
    from headstart.images.resizing import Resize
    from headstart.images.sources import FileSource

    path = options.work / f"{options.model}.onnx"
    if not path.exists():
        script = Path(__file__).with_name("onnx_export.py")
        command = [sys.executable, str(script), options.model, str(options.weights), str(path)]
        subprocess.run(command, check=True, stdout=sys.stderr)
    session = load_onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    resize = Resize("crop", 224, 224)

    def predict(paths: Iterable[Path]) -> Iterator[np.ndarray]:
        loaded = read_images(map(FileSource, paths), resize)
        while chunk := list(itertools.islice(loaded, BATCH)):
            pixels = [item.pixels for item in chunk if item.pixels is not None]
            batch = np.stack(pixels).astype(np.float32)
            yield from session.run(None, {name: batch})[0]

    return predict


if __name__ == "__main__":
    compete(prepare)
