"""Real weights on real photos: class order and preprocessing are right."""

import numpy as np
import pytest
from PIL import Image

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.networks.runtime import load_processor


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["mobilenet", "mobilenet_v2"])
def test_photos_are_recognised(real_data, name, monkeypatch):
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(real_data / "weights"))
    network = find_network(NetworkSpec(name), download=False)
    photos = sorted((real_data / "data" / "imagenet-samples").iterdir())
    pixels = np.stack([shorter_side_256_centre_224(photo) for photo in photos])
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = load_processor().compile_model(network.graph, "CPU", settings)
    chosen = compiled(pixels)["probabilities"].argmax(1)
    right = [
        network.classes[index].id == photo.name.partition("_")[0]
        for index, photo in zip(chosen, photos, strict=True)
    ]
    assert np.mean(right) >= 0.85


def shorter_side_256_centre_224(path):
    with Image.open(path) as photo:
        rgb = photo.convert("RGB")
    side = min(rgb.size) * 224 / 256
    left, top = (rgb.width - side) / 2, (rgb.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(rgb.resize((224, 224), Image.Resampling.BILINEAR, box))
