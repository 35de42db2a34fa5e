"""A process that makes views of images for another: ``python -m headstart.training.view_worker``.

It reads the file of pixels that it is told, and writes none. See `headstart.training.views`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.processes import messages
from headstart.processes.serving import receive_settings, run
from headstart.training.views import MADE
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    import io

    from numpy.typing import NDArray


def serve(requests: io.BufferedReader, answers: io.FileIO) -> None:
    """Answer the requests that come through a pipe, until it is told to end.

    Raises
    ------
    EOFError
        Nobody can tell it any more.
    BrokenPipeError
        Nobody reads the answers.
    """
    settings = receive_settings(requests)
    messages.send(answers, messages.READY)
    while (head := messages.receive_head(requests)).kind != messages.END:
        # A training may delete the file as soon as it needs no more views, so it is not kept open.
        pixels = np.memmap(settings["file"], np.uint8, "r", shape=tuple(settings["shape"]))
        views, state = _made(pixels, parse_json(messages.receive(requests, head.text)))
        del pixels
        messages.send(answers, MADE, json.dumps(state).encode(), views)


def _made(pixels: NDArray[np.uint8], request: dict[str, Any]) -> tuple[NDArray[np.uint8], Any]:
    random = np.random.default_rng()
    random.bit_generator.state = request["random"]
    settings = request["augmentation"]
    augmentation = Augmentation(**{**settings, "crop": tuple(settings["crop"])})
    images = [pixels[row] for row in request["rows"]]
    views = augmentation.batch(images, request["size"], random).astype(np.uint8, copy=False)
    return views, random.bit_generator.state


if __name__ == "__main__":
    run(serve)
