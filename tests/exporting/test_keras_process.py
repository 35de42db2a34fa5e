"""The process that writes with Keras: its tasks."""

import errno
import os

import pytest

from headstart.exporting import keras_process
from headstart.networks.keras_graph import NotRebuilt


def test_an_operation_that_keras_has_not_is_an_answer(monkeypatch):
    def refuse(_):
        raise NotRebuilt("TopK (along another axis)")

    monkeypatch.setitem(keras_process._WRITERS, "write_keras", refuse)
    found = keras_process.answer({"task": "write_keras"}, b"")
    assert found == {"not_rebuilt": "the operation TopK (along another axis)"}


def test_a_disk_that_is_full_is_an_answer_whatever_the_error_is(monkeypatch):
    def fail(request):
        raise request["error"]

    monkeypatch.setitem(keras_process._WRITERS, "write_litert", fail)
    full = os.strerror(errno.ENOSPC)
    for error in (OSError(errno.ENOSPC, full), RuntimeError(f"SaveV2: tmp/part-0; {full} [Op]")):
        found = keras_process.answer({"task": "write_litert", "error": error}, b"")
        assert found == {"no_room": True}
    with pytest.raises(RuntimeError, match="another"):
        keras_process.answer({"task": "write_litert", "error": RuntimeError("another")}, b"")


def test_runs_get_the_pixels_as_images(monkeypatch):
    shapes = []
    monkeypatch.setitem(
        keras_process._RUNNERS, "run_keras", lambda _, images: shapes.append(images.shape)
    )
    keras_process.answer({"task": "run_keras", "shape": [2, 1, 2, 3]}, bytes(12))
    assert shapes == [(2, 1, 2, 3)]


def test_other_errors_end_the_process():
    with pytest.raises(KeyError):
        keras_process.answer({"task": "nothing"}, b"")
