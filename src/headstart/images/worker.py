"""A process that decodes and resizes images for another one: ``python -m headstart.images.worker``.

It reads no file and writes none. It ends when its stdin does, so none is left behind by a process
that is killed.
"""

import io
import json

from headstart import records
from headstart.errors import ImageError
from headstart.images import messages as kinds
from headstart.images.decoding_errors import one_image, release_locals
from headstart.images.in_flight import ask_for_pixels, room
from headstart.images.limits_in_use import set_limits
from headstart.images.preparing import Preparation, Prepared
from headstart.processes import messages
from headstart.processes.serving import receive_settings, run


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
        messages.send_amount(answers, kinds.NEEDS, amount)
        messages.receive_head(requests)

    settings = receive_settings(requests)
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
        messages.send(answers, kinds.ERROR, _json(said))
        return
    about = {"notes": prepared.notes, "truncated": prepared.truncated}
    text = _json(about) if prepared.notes or prepared.truncated else b""
    messages.send(answers, kinds.PIXELS, text, prepared.pixels)


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
    run(serve)
