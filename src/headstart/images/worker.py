"""A process that decodes and resizes images for another one: ``python -m headstart.images.worker``.

It reads no file and writes none. It ends when its stdin does, so none is left behind by a process
that is killed.
"""

import contextlib
import io
import json
import os
import signal
from pathlib import Path

from headstart import records
from headstart.errors import ImageError
from headstart.images import messages
from headstart.images.decoding_errors import one_image, release_locals
from headstart.images.in_flight import ask_for_pixels, room
from headstart.images.limits_in_use import set_limits
from headstart.images.preparing import Preparation, Prepared
from headstart.untrusted.json_text import parse_json


def main() -> None:
    """Prepare images until there are no more."""
    # Ctrl-C reaches every process of a terminal. The one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What libraries print is no message.
    with Path(os.devnull).open("r+b", buffering=0) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    # Either means that nobody waits for answers any more.
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(requests, answers)


def serve(requests: io.BufferedReader, answers: io.FileIO) -> None:
    """Answer the requests that come through a pipe, until it is told to end.

    Raises
    ------
    EOFError
        Nobody can tell it any more.
    BrokenPipeError
        Nobody reads the answers.
    """

    def ask(amount: int) -> None:
        messages.send_amount(answers, messages.NEEDS, amount)
        messages.receive_head(requests)

    settings = parse_json(messages.receive(requests, messages.receive_head(requests).text))
    preparation = records.from_json(Preparation, settings["preparation"])
    set_limits(settings["limits"])
    ask_for_pixels(ask)
    messages.send(answers, messages.READY)
    while (head := messages.receive_head(requests)).kind != messages.END:
        name = messages.receive(requests, head.text).decode()
        data = messages.receive(requests, head.content)
        _answer(answers, preparation, name, data)


def _answer(answers: io.FileIO, preparation: Preparation, name: str, data: bytes) -> None:
    try:
        with room():
            prepared = _prepared(preparation, name, data)
    except ImageError as error:
        said = {"kind": type(error).__name__, "message": error.args[0]}
        messages.send(answers, messages.ERROR, _json(said))
        return
    about = {"notes": prepared.notes, "truncated": prepared.truncated}
    text = _json(about) if prepared.notes or prepared.truncated else b""
    messages.send(answers, messages.PIXELS, text, prepared.pixels)


def _prepared(preparation: Preparation, name: str, data: bytes) -> Prepared:
    try:
        with one_image(name):
            return preparation(data, name)
    except ImageError as error:
        # The image must be gone before its memory is given back.
        release_locals(error)
        raise


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


if __name__ == "__main__":
    main()
