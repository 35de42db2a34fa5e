r"""Compare an 8-bit file of TensorFlow Lite with its own interpreter, and as a backbone.

    HEADSTART_WEIGHTS=weights/ python benchmarks/foreign.py --file weights/FILE.tflite \
        --photos imagenet-samples/ --vehicles vehicles/ --runs 5

Says on how many photos the network and the interpreter of LiteRT have the same top class, how many
milliseconds each takes for an image on one thread (the best of the runs, alternately), and how
accurate a head on its features is (cross-validation, five folds, by `--runs` seeds) beside one on
the features of the float network that the catalogue has.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.datasets import read_dataset
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.networks.network import Network
from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino, load_processor

FILE = "mobilenet_v2_1.0_224_quant.tflite"
SIDE, SHORTER = 224, 256

Images = NDArray[np.uint8]
Classify = Callable[[Images], int]


def sample_photos(folder: Path) -> list[Images]:
    """Return the photos of a folder, their shorter side 256 pixels, cropped to 224 x 224."""
    return [_cropped(path) for path in sorted(folder.iterdir())]


def _cropped(path: Path) -> Images:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = SHORTER / min(image.size)
    width, height = (round(side * scale) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return np.asarray(image.crop((left, top, left + SIDE, top + SIDE)))


def interpreter_of(litert: ModuleType, file: Path) -> Classify:
    """Return what gives the top class of an image by LiteRT, on one thread."""
    interpreter = litert.Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def classify(image: Images) -> int:
        interpreter.set_tensor(taken["index"], image[None])
        interpreter.invoke()
        return int(interpreter.get_tensor(given["index"])[0].argmax())

    return classify


def classifier_of(network: Network) -> Classify:
    """Return what gives the top class of an image by our graph, on one thread."""
    core = load_processor()
    model = read_graph(network, core)
    ops = load_openvino().opset13
    result = [ops.result(model.output("probabilities").get_node().input_value(0))]
    alone = load_openvino().Model(result, model.get_parameters(), "classifier")
    how = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(alone, "CPU", how)
    return lambda image: int(compiled([image[None]])[0][0].argmax())


def agreeing(litert: ModuleType, file: Path, photos: list[Images]) -> int:
    """Return for how many photos both have the same top class."""
    theirs, ours = interpreter_of(litert, file), classifier_of(find_network(NetworkSpec(file)))
    return sum(theirs(photo) == ours(photo) for photo in photos)


def milliseconds(classify: Classify, photos: list[Images]) -> float:
    """Return how long an image takes."""
    began = time.perf_counter()
    for photo in photos:
        classify(photo)
    return 1000 * (time.perf_counter() - began) / len(photos)


def accuracies(backbone: str | Path, folder: Path, runs: int) -> list[float]:
    """Return the accuracy of cross-validated heads on the features of a backbone."""
    dataset = read_dataset(folder)
    network = find_network(NetworkSpec(backbone))
    settings = FeatureSettings(precision="int8" if network.quantised else "f32")
    extractor = FeatureExtractor.open(network, settings)
    features = extractor.extract_all(dataset.sources).features
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    return [
        float(
            cross_val_score(
                head,
                features,
                dataset.labels,
                cv=StratifiedKFold(5, shuffle=True, random_state=seed),
            ).mean()
        )
        for seed in range(runs)
    ]


def main() -> None:
    """Print the figures."""
    import ai_edge_litert.interpreter as litert

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--vehicles", type=Path, required=True)
    parser.add_argument("--float", default="mobilenet_v2", help="the float network")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    photos = sample_photos(given.photos)
    print(f"same top class: {agreeing(litert, given.file, photos)} of {len(photos)}")
    ours = classifier_of(find_network(NetworkSpec(given.file)))
    theirs = interpreter_of(litert, given.file)
    times = [(milliseconds(theirs, photos), milliseconds(ours, photos)) for _ in range(given.runs)]
    for name, taken in zip(("LiteRT", "headstart"), zip(*times, strict=True), strict=True):
        print(f"{name}: {min(taken):.2f} ms an image")
    for backbone in (given.file, given.float):
        found = accuracies(backbone, given.vehicles, given.runs)
        print(f"{backbone}: accuracy {np.mean(found):.3f} of {given.runs} cross-validations")


if __name__ == "__main__":
    main()
