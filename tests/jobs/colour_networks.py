"""Networks that know colours, if pixels are prepared in the way that they were made for."""

import numpy as np
import openvino as ov

from headstart.networks.classes import ClassName
from headstart.networks.network import Network, hash_files
from headstart.networks.preprocessing import INSIDE, USUAL

SIDE = 16
# Colours that no two kinds of preprocessing take to the same place.
COLOURS = np.array([[220, 40, 90], [60, 200, 130], [120, 90, 240], [240, 220, 60]], np.float64)
CLASSES = tuple(ClassName(f"n{number}", f"colour {number}") for number in range(5))


def prepared(colours, how):
    ordered = colours[..., ::-1] if how.channels == "bgr" else colours
    return (ordered / how.scale - how.mean) / how.std


def colour_network(folder, name):
    """Return a network without preprocessing that needs the usual one of this name."""
    op = ov.opset13
    how = USUAL[name]
    centres = prepared(COLOURS, how)
    image = op.parameter([-1, SIDE, SIDE, 3], np.uint8, name="image")
    image.output(0).get_tensor().set_names({"image"})
    mean = op.reduce_mean(op.convert(image, "f32"), np.array([1, 2]), keep_dims=False)
    # Logits are minus the squared distances to the colours; far from all of them, "none" wins.
    sharp = 40 / np.square(centres - centres.mean(0)).sum(1).max()
    near = np.concatenate([2 * sharp * centres, np.zeros((1, 3))])
    far = np.concatenate([np.full((4, 3), -sharp), np.zeros((1, 3))])
    kernel = np.concatenate([near, far], axis=1).astype(np.float32)
    offsets = np.append(-sharp * np.square(centres).sum(1), -8).astype(np.float32)
    features = op.concat([mean, op.multiply(mean, mean)], axis=1)
    product = op.matmul(features, op.constant(kernel), False, True)
    product.set_friendly_name("logits")
    outputs = []
    for node, output in (
        (features, "features"),
        (op.softmax(op.add(product, op.constant(offsets)), -1), "probabilities"),
    ):
        node.output(0).get_tensor().set_names({output})
        outputs.append(op.result(node))
    folder.mkdir()
    ov.save_model(ov.Model(outputs, [image], "net"), folder / "graph.xml", False)
    return Network(
        folder=folder,
        name="colours",
        size=(SIDE, SIDE),
        outputs={"features": (6,), "probabilities": (5,)},
        classes=CLASSES,
        resize="crop",
        crop_fraction=1.0,
        macs=30,
        weights_sha256="0",
        key=f"colours-{name}",
        preprocessing=INSIDE,
        files=hash_files(folder),
    )


def coloured_images(n, seed=0):
    """Return images of the four colours, more or less, and their classes."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 4
    values = COLOURS[truth] + rng.normal(0, 12, (n, 3))
    pixels = np.broadcast_to(values[:, None, None], (n, 20, 24, 3)).clip(0, 255)
    return [pixels[at].astype(np.uint8) for at in range(n)], [CLASSES[each].id for each in truth]
