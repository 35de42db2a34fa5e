"""The pool by itself; with processes it is tested in tests/images/test_workers.py."""

import pytest

from headstart.processes.pool import Pool
from headstart.processes.worker import WorkerEnded


class Standing:
    """Stands for a worker process; ends when it is asked for a number in `deadly`."""

    def __init__(self, deadly=()):
        self.usable = False
        self.deadly = deadly
        self.asked = []

    def welcome(self):
        self.usable = True

    def ask(self, number):
        self.asked.append(number)
        if number in self.deadly:
            self.usable = False
            raise WorkerEnded("exit status 1")
        return -number

    def dismiss(self):
        self.usable = False

    end = kill = dismiss


@pytest.fixture
def pool():
    """Return a maker of a pool that is ready, and the workers that it starts."""

    def ready(deadly=()):
        made = []
        pool = Pool(lambda: made.append(Standing(deadly)) or made[-1], 1, after=1)
        assert ask(pool, 1) == 1
        pool._starter.join()
        return pool, made

    return ready


def ask(pool, number):
    """Work that gives the number here and its negative in a process."""
    return pool.do(lambda worker: worker.ask(number), lambda: number)


def test_processes_take_over_when_they_are_ready(pool):
    ready, (worker,) = pool()
    assert [ask(ready, 2), ask(ready, 3)] == [-2, -3]
    assert worker.asked == [2, 3]
    ready.close()
    assert not worker.usable


def test_a_second_process_tries_once_more_and_the_end_of_both_is_told(pool):
    ready, made = pool(deadly=(5,))
    with pytest.raises(WorkerEnded, match="exit status 1"):
        ask(ready, 5)
    assert [worker.asked for worker in made] == [[5], [5]]
    assert ask(ready, 6) == -6
    assert made[2].asked == [6]


def test_what_the_work_raises_comes_through_and_the_seat_stays(pool):
    ready, _ = pool()
    with pytest.raises(ZeroDivisionError):
        ready.do(lambda _: 1 / 0, lambda: None)
    assert ask(ready, 2) == -2


def test_without_processes_threads_do_it():
    def none():
        raise OSError("no more processes")

    pool = Pool(none, 2, after=1)
    assert ask(pool, 1) == 1
    pool._starter.join()
    assert ask(pool, 2) == 2
    pool.close()
