import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from tests.images.odd_images import BROKEN, ODD, encoded, photo, png

from headstart import records
from headstart.errors import ImageError
from headstart.images import in_flight, worker
from headstart.images import messages as kinds
from headstart.images.limits_in_use import limits_in_use
from headstart.images.preparing import Preparation
from headstart.images.resizing import Resize
from headstart.processes import messages

SECONDS = 60
PREPARATION = Preparation(Resize("squash", 8, 9))


@pytest.fixture
def conversation(monkeypatch):
    """`serve` on a thread, and the ends of its pipes: where to ask, and where it answers."""
    monkeypatch.setattr(in_flight, "_budgets", in_flight._Budgets())
    (its_source, our_sink), (our_source, its_sink) = os.pipe(), os.pipe()
    with (
        os.fdopen(its_source, "rb") as requests,
        os.fdopen(our_sink, "wb", buffering=0) as asking,
        os.fdopen(our_source, "rb", buffering=0) as answered,
        os.fdopen(its_sink, "wb", buffering=0) as answers,
    ):
        thread = threading.Thread(target=worker.serve, args=(requests, answers))
        thread.start()
        greet(asking, answered)
        yield asking, answered
        messages.send(asking, messages.END)
        thread.join(SECONDS)
        assert not thread.is_alive()


def greet(asking, answered, limits=None):
    settings = {
        "preparation": records.to_json(PREPARATION),
        "limits": limits_in_use() if limits is None else limits,
    }
    messages.send(asking, messages.SETTINGS, json.dumps(settings).encode())
    assert messages.receive_head(answered) == (messages.READY, 0, 0)


def ask(conversation, data, name="x"):
    """Return the head, the text and the content of the answer."""
    asking, answered = conversation
    messages.send(asking, kinds.IMAGE, name.encode(), data)
    head = messages.receive_head(answered)
    return (
        head.kind,
        messages.receive(answered, head.text),
        messages.receive(answered, head.content),
    )


@pytest.mark.parametrize("name", ODD)
def test_it_prepares_images_as_this_process_would(name, conversation):
    data = ODD[name].make()
    expected = PREPARATION(data, "x")
    kind, text, content = ask(conversation, data)
    assert kind == kinds.PIXELS
    assert content == expected.pixels.tobytes()
    assert tuple(json.loads(text or b'{"notes": []}')["notes"]) == expected.notes


@pytest.mark.parametrize("name", BROKEN)
def test_it_says_what_is_wrong_with_an_image_as_this_process_would(name, conversation):
    data = BROKEN[name].make()
    with pytest.raises(ImageError) as expected:
        PREPARATION(data, "ein Bild")
    kind, text, content = ask(conversation, data, "ein Bild")
    assert (kind, content) == (kinds.ERROR, b"")
    said = {"kind": type(expected.value).__name__, "message": expected.value.args[0]}
    assert json.loads(text) == said


def test_what_resizing_raises_is_an_error_of_the_image(conversation, monkeypatch):
    monkeypatch.setattr(Resize, "__call__", lambda *_: 1 / 0)
    kind, text, _ = ask(conversation, png())
    assert (kind, json.loads(text)["kind"]) == (kinds.ERROR, "ImageUnsupported")


def test_it_asks_before_it_takes_much_memory(conversation, monkeypatch):
    monkeypatch.setattr(in_flight, "ALLOWANCE", 100_000)
    data = encoded(photo(120, 100), "PNG")
    asking, answered = conversation
    messages.send(asking, kinds.IMAGE, b"x", data)
    assert messages.receive_head(answered) == (kinds.NEEDS, 0, 12 * 120 * 100)
    messages.send_amount(asking, kinds.GRANTED, 12 * 120 * 100)
    assert messages.receive_head(answered).kind == kinds.PIXELS
    messages.receive(answered, 8 * 9 * 3)
    # What it has taken is given back, so a small image needs no question.
    assert ask(conversation, encoded(photo(30, 20), "PNG"))[0] == kinds.PIXELS


class TestProcess:
    """The module as a process."""

    @pytest.fixture
    def process(self):
        command = [sys.executable, "-P", "-m", "headstart.images.worker"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
        with subprocess.Popen(command, stderr=subprocess.PIPE, **pipes) as process:
            yield process
            process.kill()

    def test_it_ends_with_its_stdin(self, process):
        greet(process.stdin, process.stdout)
        kind, _, content = ask((process.stdin, process.stdout), png())
        expected = PREPARATION(png(), "x").pixels
        np.testing.assert_array_equal(
            np.frombuffer(content, np.uint8).reshape(expected.shape), expected
        )
        assert kind == kinds.PIXELS
        process.stdin.close()
        assert process.wait(SECONDS) == 0
        assert process.stderr.read() == b""

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are other there")
    def test_it_goes_on_after_ctrl_c_and_holds_to_the_limits_that_it_got(self, process):
        limits = {"headstart.images.limits": {"MAX_SIDE": 10}}
        greet(process.stdin, process.stdout, limits)
        process.send_signal(signal.SIGINT)
        kind, text, _ = ask((process.stdin, process.stdout), encoded(photo(11, 5), "PNG"))
        assert kind == kinds.ERROR
        assert "sides of at most 10 pixels" in json.loads(text)["message"]
        messages.send(process.stdin, messages.END)
        assert process.wait(SECONDS) == 0
