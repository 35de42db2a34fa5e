import pytest

from headstart.training.schedule import SIZE_STEP, image_size, learning_rate


def test_learning_rate_rises_then_falls_to_zero():
    rates = [learning_rate(i / 100, peak=0.2, warm_up=0.1) for i in range(101)]
    assert rates[0] == 0
    assert rates[10] == max(rates) == pytest.approx(0.2)
    assert rates[55] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_learning_rate_without_warm_up_starts_at_its_peak():
    assert learning_rate(0, peak=0.2, warm_up=0) == pytest.approx(0.2)


def test_images_grow_in_steps_and_end_at_full_size():
    sizes = [image_size(i / 1000, 32, 64) for i in range(1000)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-100], sizes[-1]) == (32, 64, 64)
    assert set(sizes) == {32, 40, 48, 56, 64}


def test_the_last_size_need_not_be_a_multiple_of_the_step():
    sizes = {image_size(i / 100, 25, 50) for i in range(101)}
    assert max(sizes) == 50
    assert all(size % SIZE_STEP == 0 for size in sizes - {50})
