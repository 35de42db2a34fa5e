"""What Keras is started with; what it can't be is tested as a command, in pretraining."""

import os

import pytest

from headstart.training.backend import _quiet


def test_output_of_native_code_is_hidden(capfd):
    with _quiet():
        os.write(2, b"oneDNN custom operations are on")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_hidden_output_is_shown_after_a_failure(capfd):
    with pytest.raises(ImportError), _quiet():
        os.write(2, b"libfoo.so is missing")
        raise ImportError
    assert capfd.readouterr().err == "libfoo.so is missing"
