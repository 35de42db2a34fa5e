"""Train a network of no row further, with ``python rebuilding.py NETWORK IMAGES OUT``.

It prints how far the part below the freeze point, the part above it and the network that is
written back are from each other.
"""

import json
import sys
from pathlib import Path

import numpy as np

import headstart as hs
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.rebuilt_network import frozen_graph, tuned_network
from headstart.finetuning.settings import FineTuning
from headstart.finetuning.split_network import split_graph
from headstart.networks.network import load_network
from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_processor
from headstart.training.backend import start_keras


def run(network, pixels):
    core = load_processor()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    found = core.compile_model(read_graph(network, core), "CPU", exact)(pixels)
    return {name: np.array(found[name]) for name in network.outputs}


def main():
    network, folder, out = load_network(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
    keras = start_keras()
    split = split_graph(keras, network, FineTuning(), "f32")
    pixels = np.random.default_rng(0).integers(0, 256, (2, *network.size, 3), np.uint8)
    below = run(frozen_graph(split.rebuilt, network, split.point.crossing, out / "part"), pixels)
    upper = split.point.upper.predict([*below.values()], verbose=0)
    before = run(network, pixels)["features"]
    for layer in split.point.upper.layers:
        layer.set_weights([values * 1.1 for values in layer.get_weights()])
    changed = split.rebuilt.model.predict(pixels.astype(np.float32), verbose=0)
    tuned = tuned_network(split.rebuilt, network)
    again = tuned_network(split.rebuilt, network)
    # The comparison has tests of its own. Here the fine-tuned network is kept, good or not.
    Comparison.keeps_tuned = property(lambda _: True)
    settings = FineTuning(epochs=2, validation=0.25)
    frozen = hs.ImageClassifier(network, mirror=True, precision="f32")
    result = hs.fine_tune(frozen, folder, settings=settings)
    result.save(out / "model")
    said = {
        "crossing": list(split.point.crossing),
        "upper": float(np.abs(upper - before).max()),
        "moved": float(np.abs(changed - before).max()),
        "written": float(np.abs(run(tuned, pixels)["features"] - changed).max()),
        "same": [tuned.key == again.key, tuned.key != network.key, tuned.folder != network.folder],
        "result": [result.network_.mirror, result.network_.key != frozen.find_network().key],
        "epochs": len(result.fine_tuning_.history),
        "loaded": hs.load(out / "model").predict_proba([pixels[0]]).sum().item(),
    }
    print("\n" + json.dumps(said))


if __name__ == "__main__":
    main()
