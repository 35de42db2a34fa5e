"""A converted network has the outputs of Keras on TensorFlow."""

import json

import numpy as np
import pytest

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.rows import ROWS
from headstart.networks.runtime import load_processor

TOLERANCE = 1e-4  # of the largest value, as the project promises

# Its smallest member stands for a family. Sizes are small for speed, and not square, so that a
# height taken for a width shows. EfficientNet is built as weights="imagenet" builds it, which with
# a classifier Keras does at its own size alone; VGG's classifier fits no other either. Those two
# classifiers are left to the slow run.
SMALL = {
    "vgg16": {"size": (64, 96), "top": False},
    "inception_v3": {"size": (96, 128)},
    "resnet50": {"size": (64, 96), "ending": ".h5"},
    "resnet50_v2": {"size": (64, 96)},
    "efficientnet_b0": {"size": (64, 96), "top": False, "official": True, "ending": ".h5"},
    "efficientnet_v2_b0": {"size": (64, 96), "ending": ".h5"},
    "mobilenet": {"size": (64, 96), "ending": ".h5"},
    "mobilenet_v2": {"size": (64, 96)},
    "mobilenet_v3_small": {"size": (64, 96)},
    "densenet121": {"size": (64, 96), "top": False},
    "xception": {"size": (96, 128)},
    "inception_resnet_v2": {"size": (96, 128)},
    "nasnet_mobile": {"size": (64, 96)},
    "convnext_tiny": {"size": (64, 96), "ending": ".h5"},
}


# A few stand for all in the plain run.
QUICK = {"efficientnet_b0", "mobilenet_v2", "mobilenet_v3_small", "resnet50"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in SMALL],
)
def test_family_equals_keras(name, reference, converter, tmp_path):
    case = {"top": True, "official": False, "ending": ".weights.h5", **SMALL[name]}
    compare(get_backbone(name), case, reference, converter, tmp_path)


def test_convnext_without_classifier_equals_keras(reference, converter, tmp_path):
    case = {"size": (64, 96), "top": False, "official": False, "ending": ".weights.h5"}
    compare(get_backbone("convnext_tiny"), case, reference, converter, tmp_path)


# As small as it may be, what pooling by two does not divide, not square, as large as it may be.
SIDES = [(32, 32), (50, 50), (33, 51), (80, 80)]
LARGE = [pytest.param((side, side), marks=pytest.mark.slow) for side in (224, 256)]


@pytest.mark.parametrize("size", [*SIDES, *LARGE])
def test_mini_equals_keras_at_any_size(size, reference, converter, tmp_path):
    row = get_backbone("mini")
    case = {"size": size, "top": True, "classes": row.n_classes, "official": False}
    case["ending"] = ".weights.h5"
    answer = compare(row, case, reference, converter, tmp_path)
    if size == row.size:
        assert answer["macs"] == row.macs
        assert answer["outputs"]["features"] == [row.n_features]


@pytest.mark.slow
@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_row_equals_keras(name, reference, converter, memory, tmp_path):
    row = get_backbone(name)
    official = row.family == "efficientnet"
    case = {"size": row.size, "top": True, "official": official, "ending": ".weights.h5"}
    with memory(row):
        answer = compare(row, case, reference, converter, tmp_path)
    assert answer["macs"] == row.macs
    assert answer["outputs"]["features"] == [row.n_features]


def compare(row, case, reference, converter, folder):
    """Hold one network against the reference, at batch 1 and batch 8."""
    files = {"weights": str(folder / f"weights{case['ending']}"), "size": case["size"]}
    case = {**case, **files, "builder": row.builder, "answers": str(folder / "answers.npz")}
    assert reference.ask(**{**case, "batch": 8}) == "done"
    graph = str(folder / "graph.xml")
    answer = json.loads(converter.ask(task="export", backbone=row.name, graph=graph, **files))
    expected = np.load(folder / "answers.npz")
    (folder / f"weights{case['ending']}").unlink()
    assert differ(expected["features"]) > 100 * TOLERANCE  # or it would not matter what goes in
    differences = measure(graph, expected, batches=(1, 8))
    print(row.name, differences)
    assert {name for name, _ in differences} == set(expected) - {"images"}
    assert max(differences.values()) <= TOLERANCE, differences
    return answer


def differ(features):
    """Return how much the features of different images differ, relative to the largest."""
    return np.ptp(features, axis=0).max() / np.abs(features).max()


def measure(graph, expected, batches):
    """Return the largest difference of each output, relative to its largest value."""
    compiled = load_processor().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = {}
    for batch in batches:
        for output, values in compiled(expected["images"][:batch]).items():
            wanted = expected[output.any_name][:batch]
            assert values.shape == wanted.shape
            difference = np.abs(values - wanted).max() / np.abs(wanted).max()
            found[output.any_name, batch] = float(difference)
    return found
