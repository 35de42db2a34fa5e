import signal
import threading

import pytest

from headstart.training.interrupts import held_interrupts


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_waits_until_it_is_checked():
    done = False
    with pytest.raises(KeyboardInterrupt), held_interrupts() as interrupts:
        assert not interrupts.pressed
        press_ctrl_c()
        assert interrupts.pressed
        done = True
    assert done


def test_ctrl_c_is_raised_at_the_end_and_the_handler_is_restored():
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_a_second_ctrl_c_does_not_wait():
    reached = False
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        press_ctrl_c()
        press_ctrl_c()
        reached = True
    assert not reached


def test_an_error_inside_is_raised():
    with pytest.raises(ValueError, match="inside"), held_interrupts():
        press_ctrl_c()
        raise ValueError("inside")


def test_outside_of_the_main_thread_nothing_changes():
    found = []

    def work():
        with held_interrupts() as interrupts:
            found.append((interrupts.pressed, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(False, signal.default_int_handler)]


def test_a_users_own_handler_stays():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        with held_interrupts() as interrupts:
            press_ctrl_c()
        assert pressed == [True]
        assert not interrupts.pressed
    finally:
        signal.signal(signal.SIGINT, before)
