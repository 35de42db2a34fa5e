"""Backbones of the hubs beside timm's own networks: milliseconds an image, with random weights.

    python benchmarks/hub_networks.py [NAME ...]

Our graph in OpenVINO (static batch of 8, one thread, float32, pixels in uint8), timm in torch, and
timm's ONNX export in ONNX Runtime and in OpenVINO, each with one thread. Rounds alternate; the best
of 8 is shown, because other programs only ever slow one down. Needs timm, torch, onnx, onnxruntime.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
import timm
import torch
from safetensors.torch import save_file

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.hub_rows import HUB_ROWS
from headstart.backbones.keras_process import convert
from headstart.exporting.onnx_files import load_onnxruntime

if TYPE_CHECKING:
    from collections.abc import Callable

    from headstart.backbones.row import Backbone

    Runs = dict[str, Callable[[], Any]]

BATCH, ROUNDS = 8, 8
ONE_THREAD = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}


def prepare(row: Backbone, file: str, folder: Path) -> Runs:
    """Return what runs the network, by the name of the program."""
    network = timm.create_model(file.removesuffix(".safetensors")).eval()
    save_file(network.state_dict(), folder / "model.safetensors")
    convert(row, folder / "model.safetensors", row.size, folder / "graph.xml")
    pixels = torch.randn(BATCH, 3, *row.size)
    torch.onnx.export(network, (pixels,), folder / "net.onnx", dynamo=False, input_names=["x"])
    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "net.onnx", options)
    ours = compiled(folder / "graph.xml", [BATCH, *row.size, 3])
    theirs = compiled(folder / "net.onnx", list(pixels.shape))
    images = np.random.default_rng(0).integers(0, 256, (BATCH, *row.size, 3), dtype=np.uint8)

    def in_torch() -> None:
        with torch.no_grad():
            network(pixels)

    return {
        "headstart": lambda: ours(images),
        "timm, torch": in_torch,
        "ONNX Runtime": lambda: session.run(None, {"x": pixels.numpy()}),
        "ONNX in OpenVINO": lambda: theirs(pixels.numpy()),
    }


def compiled(path: Path, shape: list[int]) -> Any:
    """Return a graph for a batch of this shape, ready to run."""
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(shape)
    return core.compile_model(model, "CPU", ONE_THREAD)


def measure(runs: Runs) -> dict[str, float]:
    """Return the milliseconds that each takes for an image."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - began)
    return {name: 1000 * seconds / BATCH for name, seconds in best.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for row in [get_backbone(name) for name in sys.argv[1:]] or HUB_ROWS:
        if row.weights is None or "/timm/" not in row.weights.url:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = measure(prepare(row, row.weights.filename, Path(folder)))
        print(row.name, *(f"{name} {ms:.1f} ms" for name, ms in found.items()), sep="  ")
