"""What timm itself answers, with random weights."""

import numpy as np
from safetensors.numpy import save_file
from tests.interop import import_or_skip


def answer(row, path, images):
    """Save random weights for a row as timm names them, and return what timm makes of images.

    Parameters
    ----------
    row : Backbone
        Its weights' file name begins with timm's name of the network.
    path : Path
        The safetensors file to write.
    images : ndarray of uint8, shape (n, height, width, 3)

    Returns
    -------
    dict of ndarray
        ``feature_map`` (n, height, width, channels): what timm averages; ``probabilities``.
    """
    timm = import_or_skip("timm")
    import torch

    name = row.weights.filename.removesuffix(".safetensors")
    model = timm.create_model(name, pretrained=False)
    pixels = preprocess(model.pretrained_cfg, images)
    (pooling,) = (m for m in model.modules() if type(m).__name__ == "SelectAdaptivePool2d")
    maps = []
    pooling.register_forward_hook(lambda _, inputs, __: maps.append(inputs[0]))
    with torch.no_grad():
        randomise(model, torch.from_numpy(pixels))
        arrays = {name: array.numpy().copy() for name, array in model.state_dict().items()}
        save_file(arrays, path)
        # In 64 bits, or half of a difference would be timm's own rounding.
        probabilities = model.double().eval()(torch.from_numpy(pixels).double()).softmax(-1)
    return {
        "feature_map": maps[-1].permute(0, 2, 3, 1).numpy(),
        "probabilities": probabilities.numpy(),
    }


def preprocess(published, images):
    """Return images as timm's published configuration of a network wants them."""
    pixels = images.astype(np.float32).transpose(0, 3, 1, 2) / 255
    mean, std = (np.float32(published[name])[:, None, None] for name in ("mean", "std"))
    return (pixels - mean) / std


def randomise(model, pixels):
    """Draw every weight; `pixels` give the statistics, which keep activations in a sane range."""
    import torch

    generator = torch.Generator().manual_seed(0)
    for name, weight in model.named_parameters():
        if weight.ndim > 1 and not name.endswith("attention_biases"):
            wide = weight[0].numel()
            weight.copy_(torch.randn(weight.shape, generator=generator) * (1.7 / wide) ** 0.5)
        elif name.endswith("weight"):
            weight.copy_(0.5 + 0.7 * torch.rand(weight.shape, generator=generator))
        else:
            weight.copy_(0.3 + 0.3 * torch.randn(weight.shape, generator=generator))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()
    model(pixels)
