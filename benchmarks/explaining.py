"""Compare activation maps with Grad-CAM in Keras, and measure how many images a second take.

    python benchmarks/explaining.py PHOTOS --weights mobilenet_v2_imagenet.weights.h5

Both see the same pixels, as headstart resizes them, and explain the most probable class of
ImageNet. Grad-CAM (Selvaraju et al. 2017) takes the gradient of the class's score by the last
feature map from TensorFlow. Prints, over the images, the correlation of the two maps (both with
negative values cut off, as Grad-CAM does), and images a second and processor time for headstart's
maps, and for maps that are drawn and written as PNG files.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import headstart as hs
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.features.settings import FeatureSettings
from headstart.jobs.explain import Drawings, explained


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", help="a folder of photos")
    parser.add_argument("--weights", type=Path, required=True)
    chosen = parser.parse_args()
    network = find_network(NetworkSpec("mobilenet_v2", weights=chosen.weights))
    predictor = hs.Predictor.pretrained(network, FeatureSettings(precision="f32", cache=False))
    explainer = hs.Explainer.of(predictor)
    sources = hs.find_images([chosen.photos]).sources
    list(explainer.stream(sources[:8]))  # warm
    began, used = time.perf_counter(), time.process_time()
    found = [each for each in explainer.stream(sources) if each.error is None]
    _tell("maps", len(found), began, used)
    with tempfile.TemporaryDirectory() as folder:
        drawings = Drawings(Path(folder) / "drawings", sources, [])
        began, used = time.perf_counter(), time.process_time()
        list(explained(explainer, sources, None, drawings))
        _tell("maps, drawn and written", len(found), began, used)
    correlations = _correlations(found, chosen.weights)
    print(
        f"correlation with Grad-CAM over {len(correlations)} images: smallest "
        f"{min(correlations):.5f}, median {np.median(correlations):.5f}"
    )


def _tell(what: str, n: int, began: float, used: float) -> None:
    rate = n / (time.perf_counter() - began)
    milliseconds = 1000 * (time.process_time() - used) / n
    print(f"{what}: {rate:.1f} images a second, {milliseconds:.0f} ms of processor time an image")


def _correlations(found: list[hs.Explanation], weights: Path) -> list[float]:
    import keras
    import tensorflow as tf

    model = keras.applications.MobileNetV2(weights=str(weights), classifier_activation=None)
    last_map = model.get_layer("out_relu").output
    both = keras.Model(model.input, [last_map, model.output])
    correlations = []
    for each in found:
        if each.seen is None or each.values is None:
            continue
        pixels = tf.constant(each.seen.pixels[None] / np.float32(127.5) - 1)
        with tf.GradientTape() as tape:
            feature_map, scores = both(pixels, training=False)
            score = tf.reduce_max(scores)
        importance = tf.reduce_mean(tape.gradient(score, feature_map), axis=(1, 2))
        cam = tf.nn.relu(tf.einsum("nhwc,nc->hw", feature_map, importance)).numpy()
        ours = each.values.clip(0)
        correlations.append(float(np.corrcoef(cam.ravel(), ours.ravel())[0, 1]))
    return correlations


if __name__ == "__main__":
    main()
