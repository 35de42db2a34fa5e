import os
import threading

import pytest

from headstart.errors import ImageTooLarge
from headstart.images import in_flight
from headstart.images.in_flight import (
    ALLOWANCE,
    PIXELS_IN_FLIGHT,
    Budget,
    ask_for_pixels,
    extend_pixels,
    retake_pixels,
    room,
    take_file,
    take_pixels,
)
from headstart.images.limits import MAX_PIXELS

SECONDS = 60


@pytest.fixture
def budgets(monkeypatch):
    """The budgets that images take memory from, with nothing taken."""
    own = in_flight._Budgets()
    monkeypatch.setattr(in_flight, "_budgets", own)
    return own


def test_an_image_at_the_limit_of_pixels_fits_with_24_bytes_for_each():
    take_pixels(24 * MAX_PIXELS, "x")
    with pytest.raises(ImageTooLarge, match=r"^x must need at most 4,096 MiB.*Received: 4,267 MiB"):
        take_pixels(25 * MAX_PIXELS, "x")


def test_a_room_gives_back_what_was_taken(budgets):
    with room():
        take_file(100)
        take_pixels(1000, "x")
        assert (budgets.files.taken, budgets.pixels.taken) == (100, 1000)
    assert (budgets.files.taken, budgets.pixels.taken) == (0, 0)


def test_a_room_gives_back_after_an_error(budgets):
    def fail():
        with room():
            take_pixels(1000, "x")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert budgets.pixels.taken == 0


def test_nothing_is_taken_outside_of_a_room(budgets):
    take_file(100)
    assert budgets.files.taken == 0


def test_a_room_in_a_room_is_the_same(budgets):
    with room():
        take_file(100)
        with room():
            take_file(80)
        assert budgets.files.taken == 100
    assert budgets.files.taken == 0


def test_an_image_that_needs_more_than_it_took_does_not_wait_for_itself(budgets):
    with room():
        take_pixels(1000, "x")
        take_pixels(PIXELS_IN_FLIGHT, "x")
        take_pixels(10, "x")
        assert budgets.pixels.taken == PIXELS_IN_FLIGHT
    assert budgets.pixels.taken == 0


def test_a_limit_that_is_raised_holds_at_once(budgets, monkeypatch):
    monkeypatch.setattr(in_flight, "PIXELS_IN_FLIGHT", 2 * PIXELS_IN_FLIGHT)
    with room():
        take_pixels(2 * PIXELS_IN_FLIGHT, "x")
        assert budgets.pixels.taken == 2 * PIXELS_IN_FLIGHT


def waiting(budget, n):
    while len(budget._waiting) < n:
        threading.Event().wait(0.001)


def taking(budget, amount, order):
    def run():
        budget.take(amount)
        order.append(amount)
        budget.give_back(amount)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_who_asks_for_more_than_is_free_waits_and_is_served_in_turn():
    budget, order = Budget(lambda: 100), []
    budget.take(50)
    threads = []
    for n, amount in enumerate((90, 10, 20)):
        threads.append(taking(budget, amount, order))
        waiting(budget, n + 1)
    assert order == []  # 10 would fit, but then the large image might wait for ever
    budget.give_back(50)
    for thread in threads:
        thread.join(SECONDS)
    assert order[0] == 90
    assert sorted(order) == [10, 20, 90]
    assert budget.taken == 0


def test_who_gives_up_waiting_lets_others_in(monkeypatch):
    budget = Budget(lambda: 100)
    budget.take(50)
    with monkeypatch.context() as patch:
        patch.setattr(budget._free, "wait", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            budget.take(90)
    budget.take(10)
    assert budget.taken == 60


def test_many_threads_never_take_more_than_there_is():
    budget, seen = Budget(lambda: 100), []

    def run(amount):
        for _ in range(50):
            budget.take(amount)
            seen.append(budget.taken)
            budget.give_back(amount)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in (100, 60, 40, 7, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len(seen) == 250
    assert max(seen) <= 100


def test_what_a_worker_needs_replaces_its_allowance(budgets):
    with room():
        retake_pixels(1000)
        retake_pixels(500)
        assert budgets.pixels.taken == 500
        retake_pixels(2 * PIXELS_IN_FLIGHT)  # the worker has checked that the pixels fit
        assert budgets.pixels.taken == PIXELS_IN_FLIGHT
    assert budgets.pixels.taken == 0


def test_a_worker_that_asks_for_much_waits_without_what_it_has(budgets):
    budgets.pixels.take(PIXELS_IN_FLIGHT - 1000)

    def run():
        with room():
            retake_pixels(1000)
            retake_pixels(2000)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    waiting(budgets.pixels, 1)
    assert budgets.pixels.taken == PIXELS_IN_FLIGHT - 1000
    budgets.pixels.give_back(1000)
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_worker_that_holds_much_gets_more_at_once(budgets):
    with room():
        retake_pixels(PIXELS_IN_FLIGHT - 10)
        budgets.pixels.add(10)
        extend_pixels(PIXELS_IN_FLIGHT)
        assert budgets.pixels.taken == PIXELS_IN_FLIGHT + 10


@pytest.mark.usefixtures("budgets")
def test_a_worker_asks_for_all_that_an_image_takes_beyond_the_allowance():
    asked = []
    ask_for_pixels(asked.append)
    for _ in range(2):
        with room():
            take_pixels(ALLOWANCE, "x")
            assert asked == []
            take_pixels(ALLOWANCE + 1, "x")
            take_pixels(ALLOWANCE + 5, "x")
        assert asked == [ALLOWANCE + 1, ALLOWANCE + 5]
        asked.clear()
    with room(), pytest.raises(ImageTooLarge):
        take_pixels(PIXELS_IN_FLIGHT + 1, "x")
    assert asked == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_threads_of_its_parent(budgets):
    budgets.pixels.take(PIXELS_IN_FLIGHT)
    # Held while the process forks, as by a thread that has none in the child.
    budgets.pixels._free.acquire()
    child = os.fork()
    if child == 0:
        budgets.begin()  # what the process registered, for the budgets of this test
        budgets.pixels.take(1)
        os._exit(budgets.pixels.taken)
    budgets.pixels._free.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
