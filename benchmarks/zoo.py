"""Networks of timm and torchvision, exported to ONNX: how far headstart's probabilities are off.

    python benchmarks/zoo.py [NAME ...]

Random weights, 2 images of noise at once, float32: headstart's graph in OpenVINO against the
network itself in torch. Its logits are scaled, so that the probabilities of classes differ. Shown
is the largest difference, relative to the largest probability, or why a network is refused. Needs
timm, torchvision, torch, onnx.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import torchvision

from headstart.foreign.lowering import Unfit
from headstart.foreign.normalising import Wanted, normalise
from headstart.networks.preprocessing import STANDARDISED
from headstart.networks.runtime import load_openvino

OF_TIMM = """
beit_base_patch16_224 cait_xxs24_224 coatnet_nano_rw_224 convnext_atto convnextv2_atto
deit3_small_patch16_224 deit_tiny_distilled_patch16_224 densenet121 eca_resnet33ts
edgenext_xx_small efficientformerv2_s0 efficientnet_b0 efficientvit_b0 efficientvit_m0 fastvit_t8
gernet_s ghostnet_100 inception_v3 levit_128s maxvit_tiny_rw_224 mixer_s32_224
mobilenetv3_small_100 mobilenetv4_conv_small mobilenetv4_hybrid_medium mobileone_s0 mobilevit_xxs
nf_resnet26 poolformer_s12 pvt_v2_b0 regnety_002 repvgg_a0 res2net50_26w_4s resnet18
resnext50_32x4d seresnet18 swin_tiny_patch4_window7_224 tiny_vit_5m_224 vgg11 vit_tiny_patch16_224
xception41 xcit_nano_12_p16_224
"""
OF_TORCHVISION = """
efficientnet_v2_s googlenet maxvit_t mnasnet0_5 mobilenet_v3_small regnet_x_400mf
shufflenet_v2_x0_5 squeezenet1_1 swin_v2_t vit_b_16 vit_b_32
"""
SIDE = 224


class Scaled(torch.nn.Module):  # type: ignore[misc]
    """A network whose logits for some images have a standard deviation of 1."""

    def __init__(self, network: Any, images: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        with torch.no_grad():
            self.factor = 1 / float(network(images).std())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.network(images) * self.factor


def network(name: str) -> Any:
    """Return a network with random weights; no classifier is left at zero."""
    torch.manual_seed(0)
    if name in OF_TORCHVISION.split():
        found = torchvision.models.get_model(name, weights=None)
    else:
        found = timm.create_model(name, pretrained=False)
    for parameter in found.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return found.eval()


def difference(name: str, folder: Path) -> float:
    """Return how far the probabilities of two images are off, relative to the largest one."""
    pixels = np.random.default_rng(2).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    given = (pixels.astype("float32") / 255 - STANDARDISED.mean) / np.array(
        STANDARDISED.std, "float32"
    )
    images = torch.from_numpy(given.transpose(0, 3, 1, 2).astype("float32"))
    theirs, path = Scaled(network(name), images).eval(), folder / "net.onnx"
    with torch.no_grad():
        expected = torch.softmax(theirs(images), 1).numpy()
    torch.onnx.export(theirs, (images[:1],), path, dynamo=False, opset_version=17)
    core = load_openvino().Core()
    made = normalise(core.read_model(path), Wanted(preprocessing=STANDARDISED))
    compiled = core.compile_model(made.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled([pixels])["probabilities"]
    return float(np.abs(found - expected).max() / expected.max())


if __name__ == "__main__":
    for name in sys.argv[1:] or (OF_TIMM + OF_TORCHVISION).split():
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = f"{difference(name, Path(folder)):.1e}"
            except Unfit as error:
                result = str(error)
        print(name, result, flush=True)
