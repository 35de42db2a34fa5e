"""What transformers itself answers, with random weights."""

import functools

import numpy as np
from tests.interop import import_or_skip

# By the name of the row.
_PROCESSORS = {
    "dinov2_small": "BitImageProcessorPil",
    "dinov2_base": "BitImageProcessorPil",
    "clip_vit_b32": "CLIPImageProcessorPil",
    "siglip2_vit_b16": "SiglipImageProcessorPil",
}
#: What the repositories' configurations say beyond the defaults of these classes.
_CONFIGURED = {
    "BitImageProcessorPil": {
        "size": {"shortest_edge": 256},
        "crop_size": {"height": 224, "width": 224},
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    },
    "CLIPImageProcessorPil": {},
    "SiglipImageProcessorPil": {"resample": 2},
}


def processor(row):
    """Return what prepares images in transformers, configured as in the row's repository."""
    package = import_or_skip("transformers")
    name = _PROCESSORS[row.name]
    return getattr(package, name)(**_CONFIGURED[name])


@functools.cache
def network(name):
    """Return the network of a row with random weights."""
    package = import_or_skip("transformers")
    import torch

    torch.manual_seed(0)
    if name.startswith("dinov2"):
        width = 384 if name == "dinov2_small" else 768
        sizes = {"hidden_size": width, "num_attention_heads": width // 64}
        model = package.Dinov2Model(package.Dinov2Config(image_size=518, patch_size=14, **sizes))
    elif name == "clip_vit_b32":
        tower = {"hidden_act": "gelu"}
        model = package.CLIPModel(
            package.CLIPConfig(
                vision_config={"patch_size": 32, **tower}, text_config=tower, projection_dim=512
            )
        )
    else:
        # The published vocabulary has 256,000 tokens, which would take a gigabyte.
        text = {"vocab_size": 500, "bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0}
        model = package.SiglipModel(package.SiglipConfig(text_config=text))
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights) * 0.02)
    return model.eval()


def answer(row, images):
    """Return what transformers makes of images of any size that fits.

    Parameters
    ----------
    row : Backbone
    images : ndarray of uint8, shape (n, height, width, 3)

    Returns
    -------
    dict of ndarray
        ``features`` (n, d); ``feature_map`` (n, height, width, channels).
    """
    import torch

    model = network(row.name)
    prepared = processor(row)(list(images), do_resize=False, do_center_crop=False)
    pixels = torch.from_numpy(np.stack(prepared["pixel_values"]))
    with torch.no_grad():
        if row.name.startswith("dinov2"):
            found = model(pixels)
            features, tokens = found.pooler_output, found.last_hidden_state[:, 1:]
        else:
            found = model.vision_model(pixels, interpolate_pos_encoding=True)
            features, tokens = found.pooler_output, found.last_hidden_state
            if row.name == "clip_vit_b32":
                features = model.visual_projection(features)
                tokens = model.vision_model.post_layernorm(tokens[:, 1:])
            features = features / features.norm(dim=-1, keepdim=True)
    height, width = (side // row.multiple_of for side in images.shape[1:3])
    return {
        "features": features.numpy(),
        "feature_map": tokens.reshape(len(images), height, width, -1).numpy(),
    }


def text_vectors(row, ids):
    """Return the vectors, each of length 1, of texts that are tokens already, and the scale."""
    import torch

    model = network(row.name)
    with torch.no_grad():
        found = model.text_model(torch.from_numpy(ids)).pooler_output
        if row.name == "clip_vit_b32":
            found = model.text_projection(found)
        found = found / found.norm(dim=-1, keepdim=True)
        return found.numpy(), model.logit_scale.exp().item()
