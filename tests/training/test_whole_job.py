import pytest
from tests.recorder import Recorder

from headstart.training.whole_job import WholeJob


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shown():
    return Recorder()


@pytest.fixture
def job(clock, shown):
    return WholeJob("fine-tuning", shown, clock=clock)


def work(part, clock, units, seconds):
    with part.bar("inner", units) as advance:
        for _ in range(units):
            clock.now += seconds
            advance(1)


def test_one_bar_goes_from_0_to_100_with_the_measured_time(job, clock, shown):
    first, second = job.part(10, 0.5), job.part(10, 0.5)
    with job.bar():
        work(first, clock, 10, 1.0)
        # The second is thought to take as long as the first.
        assert shown.bars == [["fine-tuning", 100, "%", pytest.approx(50)]]
        assert job.seconds_left() == pytest.approx(10)
        work(second, clock, 5, 3.0)
        assert job.seconds_left() == pytest.approx(15)
        assert shown.bars[0][3] == pytest.approx(100 * 25 / 40)
        work(second, clock, 5, 3.0)
    assert shown.bars == [["fine-tuning", 100, "%", pytest.approx(100)]]
    assert job.seconds_left() == 0


def test_the_bar_never_goes_back(job, clock, shown):
    first, second = job.part(10, 0.5), job.part(10, 0.5)
    with job.bar():
        work(first, clock, 10, 1.0)
        work(second, clock, 1, 50.0)
        assert shown.bars[0][3] == pytest.approx(50)


def test_time_between_two_bars_belongs_to_the_part_before(job, clock):
    part = job.part(4, 1.0)
    work(part, clock, 1, 1.0)
    clock.now += 2  # validation
    work(part, clock, 1, 1.0)
    assert part.cost == pytest.approx(2, rel=0.05)
    assert part.seconds_left() == pytest.approx(2 * part.cost)


def test_a_slow_start_is_forgotten(job, clock):
    part = job.part(1000, 1.0)
    clock.now += 600
    work(part, clock, 1, 600.0)
    assert part.seconds_left() == pytest.approx(999 * 600)
    work(part, clock, 499, 1.0)
    assert part.seconds_left() < 600


def test_what_a_process_before_has_done_counts_as_done_but_not_as_measured(job, clock, shown):
    part = job.part(10, 1.0)
    with job.bar():
        part.skip(8)
        work(part, clock, 1, 2.0)
    assert part.seconds_left() == pytest.approx(2)
    assert shown.bars[0][3] == pytest.approx(90)


def test_what_is_not_needed_is_dropped(job, clock):
    part = job.part(10, 1.0)
    work(part, clock, 4, 1.0)
    part.drop(5)
    assert part.seconds_left() == pytest.approx(1)
    part.drop(100)
    assert part.seconds_left() == 0


def test_a_part_can_be_sized_when_its_size_is_known(job):
    part = job.part(1, 1.0)
    part.resize(20)
    assert (part.total, part.left) == (20, 20)


def test_messages_pass_and_nothing_is_estimated_before_it_is_measured(job, shown):
    part = job.part(10, 1.0)
    part.say("a message")
    assert shown.said == ["a message"]
    assert part.seconds_left() == 0
