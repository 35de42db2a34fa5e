import gc

import numpy as np
import pytest

from headstart.augmentation.settings import Augmentation
from headstart.processes import worker as process
from headstart.training import views
from headstart.training.views import ViewMaker

SETTINGS = Augmentation(rotation=20.0, vertical_flip=0.5)


@pytest.fixture
def pixels(tmp_path):
    """Images in a file, as a training decodes them."""
    values = np.random.default_rng(0).integers(0, 256, (12, 20, 20, 3), np.uint8)
    values.tofile(tmp_path / "pixels.raw")
    return np.memmap(tmp_path / "pixels.raw", np.uint8, "r", shape=values.shape)


@pytest.fixture
def make(pixels, monkeypatch):
    """Return a maker of views whose two processes are ready after the first batch."""
    monkeypatch.setattr(views, "usable_cores", lambda: 2)
    monkeypatch.setattr(process, "THREADS_SCALE_TO", 1)
    monkeypatch.setattr(views, "_FIRST", 1)
    made = ViewMaker(pixels, workers=2)
    made(SETTINGS, [0], 8, np.random.default_rng(1))
    made._pool._starter.join()
    yield made
    made._pool.close()


def expected(pixels, rows, size, random, how=SETTINGS):
    return how.batch([pixels[row] for row in rows], size, random)


def test_processes_make_the_same_views_and_draw_the_same_numbers(make, pixels):
    workers = [seat.worker for seat in make._pool._seats]
    made_here = next(make._pool._done_here)
    for size, rows in ((8, [3, 1, 11]), (24, [5]), (8, [0])):
        ours, theirs = np.random.default_rng(2), np.random.default_rng(2)
        ours.random(3, np.float32)  # leaves half of a number for the next
        theirs.random(3, np.float32)
        found = make(SETTINGS, rows, size, theirs)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, expected(pixels, rows, size, ours))
        assert theirs.random() == ours.random()
    assert [seat.worker for seat in make._pool._seats] == workers  # none of them failed
    assert all(worker.usable for worker in workers)
    assert next(make._pool._done_here) == made_here + 1


def test_a_process_that_ends_costs_no_view_and_no_random_number(make, pixels):
    def ended(*_):
        raise process.WorkerEnded("exit status 3")

    for seat in make._pool._seats:
        seat.worker.make = ended
    ours, theirs = np.random.default_rng(2), np.random.default_rng(2)
    np.testing.assert_array_equal(
        make(SETTINGS, [4, 2], 8, theirs), expected(pixels, [4, 2], 8, ours)
    )
    assert theirs.random() == ours.random()


def test_processes_that_were_killed_are_replaced(make, pixels):
    for seat in make._pool._seats:
        seat.worker.kill()
        seat.worker._process.wait()
    for _ in range(4):
        found = make(SETTINGS, [4, 2], 8, np.random.default_rng(2))
        np.testing.assert_array_equal(found, expected(pixels, [4, 2], 8, np.random.default_rng(2)))
    assert all(seat.worker.usable for seat in make._pool._seats)


def test_layers_stay_in_this_process(make, pixels):
    dark = Augmentation(layers=[lambda images: images / 2])
    found = make(dark, [1, 2], 8, np.random.default_rng(2))
    np.testing.assert_array_equal(
        found, expected(pixels, [1, 2], 8, np.random.default_rng(2), dark)
    )


def test_processes_end_with_their_maker(pixels, monkeypatch):
    monkeypatch.setattr(views, "usable_cores", lambda: 2)
    monkeypatch.setattr(process, "THREADS_SCALE_TO", 1)
    monkeypatch.setattr(views, "_FIRST", 1)
    made = ViewMaker(pixels, workers=2)
    made(SETTINGS, [0], 8, np.random.default_rng(1))
    made._pool._starter.join()
    processes = [seat.worker._process for seat in made._pool._seats]
    del made
    gc.collect()
    assert [each.returncode for each in processes] == [0, 0]


@pytest.mark.parametrize(
    ("cores", "workers", "threads"), [(2, None, 1), (4, None, 1), (16, None, 16), (16, 3, 3)]
)
def test_few_cores_are_left_to_the_network(pixels, monkeypatch, cores, workers, threads):
    monkeypatch.setattr(views, "usable_cores", lambda: cores)
    made = ViewMaker(pixels, workers)
    assert made.threads == threads
    assert (made._pool is not None) == (threads > 4)


def test_what_is_in_no_whole_file_is_made_by_threads(pixels, monkeypatch):
    monkeypatch.setattr(views, "usable_cores", lambda: 16)
    for part in (np.array(pixels), pixels[:5], pixels[:, ::2]):
        assert ViewMaker(part)._pool is None
