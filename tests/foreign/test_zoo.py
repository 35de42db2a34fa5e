"""Networks of timm and torchvision, exported to ONNX with random weights, compute the same here."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.interop import import_or_skip

from headstart.features.batch_axes import check_batches
from headstart.foreign.normalising import Wanted, normalise
from headstart.networks.preprocessing import STANDARDISED
from headstart.networks.runtime import load_openvino, load_processor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Class tokens, two heads, many parts of one Concat, windows of an image; files for any batch and
# for one image.
CASES = [
    ("densenet121", True),
    ("levit_128s", False),
    ("mobilenetv3_small_050", True),
    ("resnet18", False),
    ("swin_tiny_patch4_window7_224", True),
    ("vit_tiny_patch16_224", True),
    ("vit_tiny_patch16_224", False),
]


@pytest.mark.parametrize(("name", "free"), CASES)
def test_outputs_are_those_of_timm(tmp_path, name, free):
    timm = import_or_skip("timm")
    import torch

    torch.manual_seed(0)
    compare(tmp_path, timm.create_model(name, pretrained=False), 224, free=free)


@pytest.mark.parametrize("free", [True, False])
def test_outputs_are_those_of_torchvisions_transformer(tmp_path, free):
    """Its attention puts tokens before the images, and the heads of all images into one axis."""
    import_or_skip("timm")
    import torch
    from torchvision.models import VisionTransformer

    torch.manual_seed(0)
    network = VisionTransformer(32, 8, 2, 3, 24, 48, num_classes=10)
    torch.nn.init.normal_(network.heads.head.weight)
    class_tokens = []
    network.heads.register_forward_pre_hook(
        lambda _, given: class_tokens.append(given[0].detach().numpy())
    )
    found = compare(tmp_path, network, 32, free=free)
    np.testing.assert_allclose(found["features"], class_tokens[0], atol=1e-4)
    assert found["feature_map"].shape == (2, 4, 4, 24)


def compare(folder, network, side, *, free):
    pytest.importorskip("onnx")
    import torch

    network.eval()
    pixels = np.random.default_rng(2).integers(0, 256, (2, side, side, 3), np.uint8)
    given = (pixels.astype("float32") / 255 - STANDARDISED.mean) / np.float32(STANDARDISED.std)
    images = torch.from_numpy(given.transpose(0, 3, 1, 2).astype("float32"))
    with torch.no_grad():
        expected = torch.softmax(network(images), 1).numpy()
    axes = {"image": {0: "n"}, "classes": {0: "n"}} if free else None
    names = {"input_names": ["image"], "output_names": ["classes"], "dynamic_axes": axes}
    path = folder / "net.onnx"
    torch.onnx.export(network, (images[:1],), str(path), dynamo=False, opset_version=17, **names)
    model = load_openvino().Core().read_model(path)
    made = normalise(model, Wanted(preprocessing=STANDARDISED))
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = load_processor().compile_model(made.model, "CPU", settings)([pixels])
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-4 * expected.max())
    # So a GPU runs it, too.
    check_batches(made.model, SimpleNamespace(size=made.size))
    return found
