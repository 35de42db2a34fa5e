"""torch by itself: steps that train all of a network, upload of the uint8 batch included.

Batch normalisation keeps its statistics and learns the rest, as fine-tuning does.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable

import numpy as np
import torch
import torch_networks

CLASSES = 10


def main() -> None:
    """Warm up, time the steps, and print the record."""
    options = _options()
    began = time.perf_counter()
    step = _step(options)
    for _ in range(options.warm_up):
        step()
    torch_networks.wait(options.device)
    ready = time.perf_counter()
    for _ in range(options.steps):
        step()
    torch_networks.wait(options.device)
    seconds = time.perf_counter() - ready
    record = {
        "images_per_second": options.steps * options.batch / seconds,
        "step_seconds": seconds / options.steps,
        "set_up_seconds": ready - began,
    }
    print(json.dumps(record))


def _step(options: argparse.Namespace) -> Callable[[], None]:
    """Return what trains on one batch."""
    network = torch_networks.build(options.model, CLASSES).eval()
    network = network.to(options.device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)
    random = np.random.default_rng(0)
    shape = (options.batch, options.size, options.size, 3)
    host = torch_networks.to_device(random.integers(0, 256, shape, np.uint8), options.device)
    labels = torch_networks.to_device(random.integers(0, CLASSES, options.batch), options.device)
    casting = (
        torch.autocast(options.device, torch.bfloat16)
        if options.precision == "bf16"
        else contextlib.nullcontext()
    )

    def loss(images: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        with casting:
            answers = network(torch_networks.preprocess(images, torch.float32))
        return torch.nn.functional.cross_entropy(answers.float(), truth)

    measured = torch.compile(loss) if options.compile else loss

    def step() -> None:
        images = host.to(options.device, non_blocking=True)
        truth = labels.to(options.device, non_blocking=True)
        optimizer.zero_grad()
        measured(images, truth).backward()
        optimizer.step()

    return step


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", required=True, help="as torch names it")
    parser.add_argument("--precision", choices=("f32", "bf16"), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
