import io
import json

import numpy as np
import pytest

from headstart import records
from headstart.augmentation.settings import Augmentation
from headstart.processes import messages
from headstart.training.view_worker import serve
from headstart.training.views import MADE, MAKE


class Answers(io.BytesIO):
    """What a process writes into its pipe."""


def request(random, rows):
    made = {
        "augmentation": records.to_json(Augmentation(), without=("layers",)),
        "rows": rows,
        "size": 8,
        "random": random.bit_generator.state,
    }
    return json.dumps(made).encode()


@pytest.fixture
def pixels(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (3, 9, 9, 3), np.uint8)
    values.tofile(tmp_path / "pixels.raw")
    return values


def test_it_answers_with_views_and_the_random_numbers_that_follow(tmp_path, pixels):
    asked, answers = io.BytesIO(), Answers()
    settings = {"file": str(tmp_path / "pixels.raw"), "shape": [3, 9, 9, 3]}
    messages.send(asked, messages.SETTINGS, json.dumps(settings).encode())
    messages.send(asked, MAKE, request(np.random.default_rng(5), [2, 0]))
    messages.send(asked, messages.END)
    asked.seek(0)
    serve(asked, answers)
    answers.seek(0)
    assert messages.receive_head(answers).kind == messages.READY
    head = messages.receive_head(answers)
    assert (head.kind, head.content) == (MADE, 2 * 8 * 8 * 3)
    state = json.loads(messages.receive(answers, head.text))
    random = np.random.default_rng(5)
    expected = Augmentation().batch([pixels[2], pixels[0]], 8, random)
    found = np.frombuffer(messages.receive(answers, head.content), np.uint8)
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)
    assert state == random.bit_generator.state


def test_nobody_who_asks_ends_it():
    with pytest.raises(EOFError):
        serve(io.BytesIO(), Answers())
