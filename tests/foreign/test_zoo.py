"""Networks of timm, exported to ONNX with random weights, compute the same here."""

import numpy as np
import pytest
from tests.interop import import_or_skip

from headstart.foreign.normalising import Wanted, normalise
from headstart.networks.preprocessing import STANDARDISED
from headstart.networks.runtime import load_openvino, load_processor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Class tokens, two heads, many parts of one Concat; files for any batch and for one image.
CASES = [
    ("densenet121", True),
    ("levit_128s", False),
    ("mobilenetv3_small_050", True),
    ("resnet18", False),
    ("vit_tiny_patch16_224", True),
    ("vit_tiny_patch16_224", False),
]


@pytest.mark.parametrize(("name", "free"), CASES)
def test_outputs_are_those_of_timm(tmp_path, name, free):
    timm = import_or_skip("timm")
    pytest.importorskip("onnx")
    import torch

    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval()
    pixels = np.random.default_rng(2).integers(0, 256, (2, 224, 224, 3), np.uint8)
    given = (pixels.astype("float32") / 255 - STANDARDISED.mean) / np.float32(STANDARDISED.std)
    images = torch.from_numpy(given.transpose(0, 3, 1, 2).astype("float32"))
    with torch.no_grad():
        expected = torch.softmax(network(images), 1).numpy()
    axes = {"image": {0: "n"}, "classes": {0: "n"}} if free else None
    names = {"input_names": ["image"], "output_names": ["classes"], "dynamic_axes": axes}
    path = tmp_path / "net.onnx"
    torch.onnx.export(network, (images[:1],), str(path), dynamo=False, opset_version=17, **names)
    model = load_openvino().Core().read_model(path)
    made = normalise(model, Wanted(preprocessing=STANDARDISED))
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = load_processor().compile_model(made.model, "CPU", settings)([pixels])
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-4 * expected.max())
