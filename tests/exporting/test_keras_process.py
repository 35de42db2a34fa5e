"""The process that writes with Keras: its tasks."""

import pytest

from headstart.exporting import keras_process
from headstart.networks.keras_graph import NotRebuilt


def test_an_operation_that_keras_has_not_is_an_answer(monkeypatch):
    def refuse(_):
        raise NotRebuilt("TopK (along another axis)")

    monkeypatch.setitem(keras_process._WRITERS, "write_keras", refuse)
    found = keras_process.answer({"task": "write_keras"}, b"")
    assert found == {"not_rebuilt": "the operation TopK (along another axis)"}


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
