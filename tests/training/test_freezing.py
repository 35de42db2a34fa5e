"""Keras fixes its backend for a whole process: all networks are divided in one of their own."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
import keras
from headstart.errors import UsageError
from headstart.training.freezing import freeze

networks = {
    name: getattr(keras.applications, name)(
        weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3)
    )
    for name, size in (("MobileNetV2", 96), ("VGG16", 64), ("ResNet50", 64), ("NASNetMobile", 64))
}
found = []
for name, where in json.load(sys.stdin):
    model = networks[name]
    try:
        point = freeze(keras, model, where)
    except UsageError as error:
        found.append({"refused": str(error)})
        continue
    learning = [layer.name for layer in model.layers if layer.trainable_weights]
    found.append({
        "first": point.first, "first_layer": point.first_layer, "crossing": point.crossing,
        "shapes": point.shapes, "n_learning": point.n_learning, "learning": learning,
        "normalizing": any("bn" in each or "BN" in each for each in learning),
        "upper": None if point.upper is None else len(point.upper.trainable_weights),
        "whole": len(model.trainable_weights),
    })
print(json.dumps(found))
"""

ASKED = [
    ("MobileNetV2", "all"),
    ("MobileNetV2", "last-stage"),
    ("MobileNetV2", "block_16"),
    ("MobileNetV2", "block_1"),
    ("MobileNetV2", 100),
    ("MobileNetV2", -14),
    ("MobileNetV2", "Conv_1"),
    ("MobileNetV2", "block_4_add"),
    ("ResNet50", 143),
    ("ResNet50", "conv5"),
    ("ResNet50", "last-stage"),
    ("ResNet50", "conv5_block3_2_conv"),
    ("VGG16", "last-stage"),
    ("VGG16", "block5"),
    ("NASNetMobile", "last-stage"),
    ("MobileNetV2", "block_17"),
    ("MobileNetV2", 500),
    ("MobileNetV2", -1),
    ("MobileNetV2", "Conv_1_bn"),
    ("MobileNetV2", ""),
]


@pytest.fixture(scope="module")
def divided():
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(ASKED),
        env={**os.environ, "KERAS_BACKEND": "openvino"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    answers = json.loads(process.stdout.strip().rpartition("\n")[2])
    return dict(zip(ASKED, answers, strict=True))


def test_every_layer_can_be_trained(divided):
    found = divided["MobileNetV2", "all"]
    assert (found["first"], found["crossing"], found["upper"]) == (0, [], None)
    assert found["n_learning"] == 52


def test_batch_normalisation_is_never_trained(divided):
    answers = [found for found in divided.values() if "refused" not in found]
    assert len(answers) == 15
    assert not any(found["normalizing"] for found in answers)


@pytest.mark.parametrize(
    ("network", "where", "crossing", "shapes", "n_learning"),
    [
        ("MobileNetV2", "last-stage", ["block_13_project"], [[3, 3, 160]], 10),
        ("MobileNetV2", "block_16", ["block_15_add"], [[3, 3, 160]], 4),
        ("MobileNetV2", "block_1", ["expanded_conv_project_BN"], [[48, 48, 16]], 49),
        ("ResNet50", "conv5", ["conv4_block6_out"], [[4, 4, 1024]], 10),
        ("ResNet50", "last-stage", ["conv5_block1_add"], [[2, 2, 2048]], 6),
        ("VGG16", "last-stage", ["block4_pool"], [[4, 4, 512]], 3),
        ("VGG16", "block5", ["block4_pool"], [[4, 4, 512]], 3),
    ],
)
def test_blocks_and_stages_are_found_by_name(divided, network, where, crossing, shapes, n_learning):
    found = divided[network, where]
    assert found["crossing"] == crossing
    assert found["shapes"] == shapes
    assert found["n_learning"] == n_learning


def test_the_upper_part_has_all_layers_that_are_trained(divided):
    for found in divided.values():
        if found.get("upper") is not None:
            assert found["upper"] == found["whole"]


def test_numbers_count_layers_from_the_first_or_from_the_last(divided):
    assert divided["ResNet50", 143]["first_layer"] == "conv5_block1_1_conv"
    assert divided["MobileNetV2", 100]["first"] == 100
    # 155 layers, the pooling among them.
    assert divided["MobileNetV2", -14]["first"] == 141
    assert divided["MobileNetV2", "Conv_1"]["first_layer"] == "Conv_1"


def test_several_tensors_can_cross(divided):
    shortcut = divided["ResNet50", "conv5_block3_2_conv"]
    assert sorted(shortcut["crossing"]) == ["conv5_block2_out", "conv5_block3_1_relu"]
    assert len(divided["NASNetMobile", "last-stage"]["crossing"]) == 2
    # A layer that only adds has no weights, but what follows it has.
    assert len(divided["MobileNetV2", "block_4_add"]["crossing"]) == 2


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("block_17", "Did you mean block_7 or block_1 or block_16?"),
        ("block_17", "`headstart models NAME` lists"),
        (500, "from -155 to 154. Received: 500"),
        (-1, "the freeze point -1, from which on mobilenetv2"),
        ("Conv_1_bn", "has no weights besides batch normalisation"),
        ("", "Received: ''"),
    ],
)
def test_a_place_that_is_no_freeze_point_is_refused(divided, where, says):
    assert says in divided["MobileNetV2", where]["refused"]
