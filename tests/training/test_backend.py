"""What Keras is started with; what it can't be is tested as a command, in pretraining."""

import os

import pytest

from headstart.training.backend import _held_back


def test_what_native_code_says_is_held_back(capfd):
    with _held_back():
        os.write(2, b"oneDNN custom operations are on")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_after_a_failure_it_is_shown(capfd):
    with pytest.raises(ImportError), _held_back():
        os.write(2, b"libfoo.so is missing")
        raise ImportError
    assert capfd.readouterr().err == "libfoo.so is missing"
