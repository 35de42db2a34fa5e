"""A network's graph as a module: equal to OpenVINO, channels-last, with little around it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.features.graphs import difference, images, make_graph, run_openvino

from headstart.backbones.catalogue import backbones, get_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.classifier import ImageClassifier
from headstart.errors import DamagedModel
from headstart.features.openvino_engine import OpenVinoEngine
from headstart.networks.network import Network
from headstart.networks.variants import mirrored, pooled

TOLERANCE = 1e-4  # of the largest value, as the project promises


@pytest.fixture
def run(torch):
    """Run a network as a module: ``run(network, outputs, pixels, dtype)``."""
    from headstart.features.torch_graph import graph_module

    def run(network, outputs, pixels, dtype=torch.float32):
        module = graph_module(network, outputs, dtype)
        with torch.inference_mode():
            found = module(torch.from_numpy(pixels))
        return dict(zip(outputs, (each.numpy() for each in found), strict=True))

    return run


@pytest.fixture
def equal(run):
    """Check that all outputs of a network are those of OpenVINO, for one image and for more."""

    def check(network):
        outputs = tuple(network.outputs)
        pixels = images(3, network.size)
        expected = OpenVinoEngine(network, "f32", outputs).infer(pixels)
        for n in (1, 3):
            found = run(network, outputs, pixels[:n])
            for name in outputs:
                assert difference(expected[name][:n], found[name]) < TOLERANCE, name

    return check


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def normalised(ops, x):
    """Return a convolution, its batch normalisation and a bias."""
    x = ops.transpose(x, [0, 3, 1, 2])
    x = ops.convolution(x, noise(8, 3, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
    gamma, beta, mean, spread = noise(4, 8, seed=1)
    x = ops.batch_norm_inference(x, gamma, beta, mean, spread**2 + 0.1, 1e-3)
    x = ops.subtract(noise(8, 1, 1, seed=2), ops.divide(x, np.float32(3)))
    return ops.relu(ops.multiply(x, noise(1, 8, 1, 1, seed=3)))


def test_all_outputs_of_a_network(equal, tiny_network):
    equal(tiny_network)


@pytest.mark.parametrize("pooling", ["avg", "max", "flatten"])
def test_pooled_networks(equal, tiny_network, pooling):
    equal(pooled(replace(tiny_network, key="torch-pooled"), pooling))


def test_mirrored_networks(equal, tiny_network):
    network = replace(tiny_network, key="torch-mirrored")
    equal(mirrored(network))
    equal(pooled(mirrored(network), "max"))


def test_the_backbone_that_is_shipped(equal):
    equal(find_network(NetworkSpec("mini")))


def test_a_network_that_is_cut_at_a_layer(equal):
    equal(find_network(NetworkSpec("mini", size=32, layer="stem_relu")))


def test_the_network_of_a_saved_model(equal, tiny_network, tmp_path):
    images_ = list(images(8, tiny_network.size))
    classifier = ImageClassifier(tiny_network, cache=False).fit(images_, [0, 1] * 4)
    equal(classifier.save(tmp_path / "model").network)


def test_what_scales_channels_becomes_part_of_the_weights(run, torch, tmp_path):
    from headstart.features.torch_graph import graph_module

    network = make_graph(tmp_path, normalised)
    module = graph_module(network, ("features",))
    # Pixels: converted, two steps of preprocessing, transposed. Then convolution and ReLU.
    assert len(module._steps) == 6
    assert [tuple(each.shape) for each in module.buffers()] == [(8, 3, 3, 3), (8,)]
    found = run(network, ("features",), images(2))["features"]
    assert difference(run_openvino(network, images(2)), found) < 1e-5
    assert torch.is_grad_enabled()


def test_what_others_read_too_is_not_taken_in(run, tmp_path):
    def read_twice(ops, x):
        x = ops.transpose(x, [0, 3, 1, 2])
        x = ops.convolution(x, noise(8, 3, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
        return ops.add(x, ops.multiply(x, noise(8, 1, 1)))

    network = make_graph(tmp_path, read_twice)
    found = run(network, ("features",), images(2))["features"]
    assert difference(run_openvino(network, images(2)), found) < 1e-5


def test_a_dense_layer_takes_in_its_bias(run, torch, tmp_path):
    from headstart.features.torch_graph import graph_module

    def dense(ops, x):
        x = ops.matmul(ops.reduce_mean(x, [1, 2], False), noise(3, 7), False, False)
        return ops.softmax(ops.add(x, noise(1, 7)), 1)

    network = make_graph(tmp_path, dense)
    assert len(graph_module(network, ("features",))._steps) == 6
    found = run(network, ("features",), images(2))["features"]
    assert difference(run_openvino(network, images(2)), found) < 1e-5
    assert torch.is_grad_enabled()


def test_memory_is_channels_last_from_end_to_end(torch, tmp_path):
    from headstart.features import torch_graph

    module = torch_graph.graph_module(make_graph(tmp_path, normalised), ("features",))
    (output,) = module(torch.from_numpy(images(2)))
    assert output.is_contiguous(memory_format=torch.channels_last)
    weights = next(module.buffers())
    assert weights.is_contiguous(memory_format=torch.channels_last)


def test_in_bfloat16_weights_are_cast_once_and_pixels_and_means_are_not(torch, tmp_path):
    from headstart.features.torch_graph import graph_module

    def mean(ops, x):
        x = ops.subtract(x, noise(3))
        return ops.reduce_mean(normalised(ops, x), [2, 3], False)

    network = make_graph(tmp_path, mean)
    module = graph_module(network, ("features",), torch.bfloat16)
    floats = [each.dtype for each in module.buffers()]
    assert floats == [torch.float32, torch.bfloat16, torch.bfloat16]
    (found,) = module(torch.from_numpy(images(2)))
    assert found.dtype == torch.float32
    assert not torch.equal(found, found.bfloat16().float())
    assert 1e-6 < difference(run_openvino(network, images(2)), found.numpy()) < 2e-2


def test_memory_an_image_is_that_of_the_largest_step(torch, tmp_path):
    from headstart.features.torch_graph import graph_module

    network = make_graph(tmp_path, normalised)
    pixels = 9 * 10
    whole = graph_module(network, ("features",)).bytes_an_image
    assert whole == pixels * (8 + 8) * 4
    assert graph_module(network, ("features",), torch.bfloat16).bytes_an_image == whole // 2


def test_values_are_dropped_after_their_last_use(torch, tiny_network):
    from headstart.features.torch_graph import graph_module

    steps = graph_module(tiny_network, ("features",))._steps
    assert torch.is_grad_enabled()
    dropped = [number for step in steps for number in step.last]
    assert len(set(dropped)) == len(dropped) == len(steps)  # all but the outputs; and the pixels


def test_a_graph_that_was_replaced_is_refused(run, tiny_network):
    network = replace(tiny_network, files={"graph.xml": "0" * 64, "graph.bin": "0" * 64})
    with pytest.raises(DamagedModel, match="its files were replaced"):
        run(network, ("features",), images(1, (32, 32)))


# The smallest member of each family, at a size that is small and not square. VGG's classifier fits
# no size but its own.
FAMILIES = {
    "vgg16": None, "inception_v3": 10, "resnet50": 10, "resnet50_v2": 10, "mobilenet": 10,
    "efficientnet_b0": None, "efficientnet_v2_b0": 10, "mobilenet_v2": 10,
    "mobilenet_v3_small": 10, "densenet121": 10, "xception": 10, "inception_resnet_v2": 10,
    "nasnet_mobile": None, "convnext_tiny": 10, "mobilenet_v4_small": 10,
    "efficientvit_b1": 10, "tiny_vit_5m": 10, "dinov2_small": None, "clip_vit_b32": None,
    "siglip2_vit_b16": None,
}  # fmt: skip
CONVERSIONS = Path(__file__).parents[1] / "backbones" / "conversions.py"


def convert(name, classes, folder):
    """Convert a network of the catalogue with random weights."""
    row, weights = get_backbone(name), str(folder / "random.weights.h5")
    size = (96, 128) if row.multiple_of in (1, 16, 32) else (84, 112)
    requests = [
        {"task": "save", "builder": row.builder, "classes": classes, "path": weights,
         "size": size},
        {"task": "export", "backbone": name, "weights": weights, "size": size,
         "graph": str(folder / "graph.xml")},
    ]  # fmt: skip
    run = subprocess.run(
        [sys.executable, CONVERSIONS],
        input="".join(f"{json.dumps(request)}\n" for request in requests),
        check=True,
        capture_output=True,
        text=True,
    )
    outputs = json.loads(run.stdout.splitlines()[-1])["outputs"]
    return Network(
        folder=folder,
        name=name,
        size=size,
        outputs={output: tuple(shape) for output, shape in outputs.items()},
        classes=None,
        resize="crop",
        crop_fraction=1.0,
        macs=1,
        weights_sha256="0" * 64,
        key=f"{name}-random",
    )


def test_a_row_of_every_family_is_tried():
    assert {get_backbone(name).family for name in FAMILIES} == {
        row.family for row in backbones() if row.folder is None
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_networks_of_every_family(equal, tmp_path, name):
    equal(convert(name, FAMILIES[name], tmp_path))
