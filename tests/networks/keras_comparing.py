"""Compares graphs rebuilt in Keras with OpenVINO; runs as a process on the backend in the
environment.

It prints, for each graph, the largest difference, relative to the largest value; or why it was
not rebuilt.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from tests.features.graphs import images, make_graph, run_openvino
from tests.networks.operation_graphs import GRAPHS

from headstart.networks.keras_graph import NotRebuilt, rebuild
from headstart.networks.keras_operations import RULES
from headstart.networks.runtime import load_openvino

SIZE = (9, 10)


def compare(folder, function, **how):
    network = make_graph(folder, function, SIZE)
    model = load_openvino().Core().read_model(network.graph)
    pixels = images(3, SIZE)
    expected = run_openvino(network, pixels)
    try:
        rebuilt = rebuild(keras, model, ["features"], RULES, **how)
    except NotRebuilt as error:
        return str(error)
    given = pixels.astype(how.get("pixels", "uint8"))
    found = keras.ops.convert_to_numpy(rebuilt.model(given, training=False))
    if found.shape != expected.shape:
        return f"{found.shape} for {expected.shape}"
    return float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))


def main():
    folder = Path(sys.argv[1])
    found = {}
    for number, (name, function) in enumerate(GRAPHS.items()):
        (folder / str(number)).mkdir()
        found[name] = compare(folder / str(number), function)
    for name in ("blocks", "attention"):
        (folder / name).mkdir()
        as_layers = {"pixels": "float32", "as_layers": True}
        found[f"{name} as layers"] = compare(folder / name, GRAPHS[name], **as_layers)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
