import numpy as np
import pytest
from tests.training.keras_like import PlainSteps

from headstart.training.averaging import WeightAverage


class Numbers:
    """A model that is nothing but its weights."""

    def __init__(self, value):
        self.set_weights([np.full(2, value), np.array(value)])

    def get_weights(self):
        return self._weights

    def set_weights(self, weights):
        self._weights = [np.asarray(weight) for weight in weights]


def moved(memory, values):
    model = Numbers(100.0)
    average = WeightAverage(PlainSteps(model, model, None), memory)
    for value in values:
        model.set_weights([np.full(2, value), np.array(value)])
        average.update()
    return model, average


def test_up_to_its_memory_it_is_the_plain_mean():
    _, average = moved(10, [1.0, 2.0, 6.0])
    assert average.weights[1] == pytest.approx(3.0)
    np.testing.assert_allclose(average.weights[0], [3.0, 3.0])


def test_beyond_its_memory_old_weights_fade():
    _, average = moved(2, [0.0] * 5 + [1.0] * 20)
    assert average.weights[1] == pytest.approx(1.0, abs=1e-4)


def test_average_and_model_do_not_change_each_other():
    model, average = moved(10, [1.0, 3.0])
    with average.applied():
        assert model.get_weights()[1] == pytest.approx(2.0)
    assert model.get_weights()[1] == 3.0
    model.get_weights()[0][:] = 50
    np.testing.assert_allclose(average.weights[0], [2.0, 2.0])


def test_the_model_gets_its_own_weights_back_after_an_error():
    model, average = moved(10, [1.0, 3.0])
    with pytest.raises(ZeroDivisionError), average.applied():
        1 / 0  # noqa: B018
    assert model.get_weights()[1] == 3.0


def test_with_a_memory_of_one_it_is_the_last_weights():
    _, average = moved(1, [1.0, 0.1, 0.7])
    assert average.weights[1] == 0.7
