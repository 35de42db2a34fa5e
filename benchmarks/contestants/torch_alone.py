"""torch by itself: uint8 images of one batch uploaded, run and downloaded, again and again.

The batch lies in pinned memory, so nothing but torch is measured.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch_networks

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
# Batches between two looks at the clock, so that the device never waits for it.
ROUND = 8


def main() -> None:
    """Warm up, measure, and print the record."""
    options = _options()
    began = time.perf_counter()
    step = _step(options)
    step()
    torch_networks.wait(options.device)
    step()
    torch_networks.wait(options.device)
    ready = time.perf_counter()
    n, seconds = 0, 0.0
    while seconds < options.seconds:
        for _ in range(ROUND):
            step()
        torch_networks.wait(options.device)
        n += ROUND * options.batch
        seconds = time.perf_counter() - ready
    record = {
        "images": n,
        "seconds": seconds,
        "images_per_second": n / seconds,
        "set_up_seconds": ready - began,
    }
    print(json.dumps(record))


def _step(options: argparse.Namespace) -> Callable[[], object]:
    """Return what runs one batch."""
    dtype = DTYPES[options.precision]
    network = torch_networks.build(options.model, 1000).eval()
    network = network.to(options.device, dtype, memory_format=torch.channels_last)
    whole: Any = torch.nn.Sequential(_Preprocess(dtype), network)
    if options.compile:
        whole = torch.compile(whole)
    shape = (options.batch, options.size, options.size, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    host = torch_networks.to_device(pixels, options.device)
    answers = torch_networks.to_device(np.empty((options.batch, 1000), np.float32), options.device)

    def step() -> object:
        with torch.inference_mode():
            computed = whole(host.to(options.device, non_blocking=True))
            return answers.copy_(computed, non_blocking=True)

    return step


class _Preprocess(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, dtype: Any) -> None:
        super().__init__()
        self._dtype = dtype

    def forward(self, images: Any) -> Any:
        return torch_networks.preprocess(images, self._dtype)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", required=True, help="as torch names it")
    parser.add_argument("--precision", choices=DTYPES, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
