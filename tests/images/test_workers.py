import os
import signal
import sys
import threading

import numpy as np
import pytest
from tests.images.odd_images import BROKEN, encoded, half_transparent, photo, png
from tests.images.odd_workers import ODD, is_running, starter_threads, use_program

from headstart.errors import ImageError, ImageUnsupported
from headstart.images import in_flight, limits, workers
from headstart.images.in_flight import ALLOWANCE, room
from headstart.images.preparing import Preparation
from headstart.images.resizing import Resize
from headstart.images.workers import (
    WORTH_WORKERS,
    Worker,
    Workers,
    images_before_workers,
)
from headstart.processes import worker as process
from headstart.processes.worker import WorkerEnded

PREPARATION = Preparation(Resize("squash", 8, 9))
CUT = encoded(photo(320, 320), "JPEG")[:-60]


def answering(program):
    """A program for a worker that greets, waits for one image and then does as `program` says."""
    return f"""
import os, sys
from headstart.images import messages as kinds
from headstart.processes import messages

requests, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb", buffering=0)
messages.receive(requests, messages.receive_head(requests).text)
messages.send(answers, messages.READY)
messages.receive_head(requests)
{program}
requests.read()
"""


@pytest.fixture
def program(monkeypatch):
    """Have workers run another program."""

    def use(code):
        use_program(monkeypatch, code)

    return use


@pytest.fixture
def started():
    """Return a maker of `Workers` whose processes are ready after the first image."""
    made = []

    def make(n=1, preparation=PREPARATION):
        made.append(Workers(preparation, n, after=1))
        made[-1].prepare(png(), "first")
        made[-1]._pool._starter.join()
        return made[-1]

    yield make
    for each in made:
        each.close()
    assert not starter_threads()


@pytest.fixture(scope="module")
def worker():
    """One worker that is ready, of a preparation that accepts what is cut short."""
    worker = Worker(Preparation(PREPARATION.resize, accept_truncated=True))
    worker.welcome()
    yield worker
    worker.end()


class TestWorker:
    def test_it_prepares_an_image(self, worker):
        data = encoded(half_transparent(), "PNG")
        expected, prepared = PREPARATION(data, "x"), worker.prepare(data, "x")
        np.testing.assert_array_equal(prepared.pixels, expected.pixels)
        assert prepared.pixels.dtype == np.uint8
        assert prepared.notes == expected.notes == ("transparent: shown on white",)
        assert not prepared.truncated

    def test_it_says_what_is_truncated(self, worker):
        prepared = worker.prepare(CUT, "x")
        assert prepared.truncated
        assert prepared.notes[0].startswith("truncated; ")

    @pytest.mark.parametrize("name", ["empty", "html", "bomb"])
    def test_an_error_is_raised_as_it_was_there(self, worker, name):
        data = BROKEN[name].make()
        with pytest.raises(ImageError) as expected:
            PREPARATION(data, "böses \udcff Bild")
        with pytest.raises(type(expected.value)) as raised:
            worker.prepare(data, "böses \udcff Bild")
        assert str(raised.value) == str(expected.value)
        assert worker.usable

    def test_an_image_larger_than_a_pipe_fits(self, worker):
        data = encoded(photo(1000, 900), "BMP")
        assert len(data) > 2_000_000
        expected = PREPARATION(data, "x").pixels
        np.testing.assert_array_equal(worker.prepare(data, "x").pixels, expected)

    def test_the_memory_that_it_needs_is_taken_here(self, worker, monkeypatch):
        budgets, taken = in_flight._Budgets(), []
        monkeypatch.setattr(in_flight, "_budgets", budgets)
        grant = workers.messages.send_amount

        def observed(*args):
            taken.append(budgets.pixels.taken)
            grant(*args)

        monkeypatch.setattr(workers.messages, "send_amount", observed)
        large, small = encoded(photo(1500, 1200), "JPEG"), png()
        with room():
            worker.prepare(small, "x")
            assert budgets.pixels.taken == ALLOWANCE + len(small)
        assert (taken, budgets.pixels.taken) == ([], 0)
        full = Worker(Preparation(Resize("keras", 8, 9)))  # decodes all pixels
        try:
            full.welcome()
            with room():
                full.prepare(large, "x")
        finally:
            full.end()
        assert taken == [12 * 1500 * 1200 + len(large)]
        assert taken[0] > ALLOWANCE
        assert budgets.pixels.taken == 0

    def test_it_waits_for_memory_that_others_hold(self, worker, monkeypatch):
        budgets = in_flight._Budgets()
        monkeypatch.setattr(in_flight, "_budgets", budgets)
        budgets.pixels.take(in_flight.PIXELS_IN_FLIGHT)
        prepared = []

        def prepare():
            with room():
                prepared.append(worker.prepare(png(), "x"))

        thread = threading.Thread(target=prepare)
        thread.start()
        while not budgets.pixels._waiting:
            threading.Event().wait(0.001)
        assert not prepared
        budgets.pixels.give_back(in_flight.PIXELS_IN_FLIGHT)
        thread.join()
        assert len(prepared) == 1

    def test_the_limits_of_this_process_hold_there(self, monkeypatch):
        monkeypatch.setattr(limits, "MAX_SIDE", 9)
        worker = Worker(PREPARATION)
        try:
            worker.welcome()
            with pytest.raises(ImageError, match="sides of at most 9 pixels"):
                worker.prepare(encoded(photo(10, 4), "PNG"), "x")
        finally:
            worker.end()

    @pytest.mark.parametrize(
        "lie",
        [
            'answers.write(b"not a message of ours at all")',
            "messages.send(answers, kinds.PIXELS, b'', bytes(8 * 9 * 3 - 1))",
            "messages.send(answers, kinds.PIXELS, b'[1]', bytes(8 * 9 * 3))",
            'messages.send(answers, kinds.ERROR, b\'{"kind": "SystemExit"}\')',
            'messages.send(answers, kinds.ERROR, b\'{"kind": "ImageError"}\')',
            "messages.send(answers, messages.READY)",
            "answers.write(messages._HEAD.pack(kinds.ERROR, 2**50, 0))",
        ],
    )
    def test_what_it_can_not_have_sent_is_not_taken(self, lie, program):
        program(answering(lie))
        worker = Worker(PREPARATION)
        worker.welcome()
        with pytest.raises(WorkerEnded, match="it sent what it must not send"):
            worker.prepare(png(), "x")
        assert not worker.usable
        worker.end()

    def test_it_ends_by_itself_when_it_is_told(self):
        worker = Worker(PREPARATION)
        worker.welcome()
        worker.end()
        assert worker._process.returncode == 0
        worker.end()

    def test_how_it_ended_is_told(self, program):
        program(answering("os._exit(7)"))
        worker = Worker(PREPARATION)
        worker.welcome()
        with pytest.raises(WorkerEnded, match=r"^exit status 7$"):
            worker.prepare(png(), "x")
        worker.end()


class TestWorkers:
    def test_threads_prepare_images_until_the_processes_are_ready(self):
        pool = Workers(PREPARATION, 2, after=3)
        for i in range(2):
            assert pool.prepare(png(), str(i)).pixels.shape == (8, 9, 3)
            assert pool._pool._starter is None
        pool.prepare(png(), "2")
        pool._pool._starter.join()
        assert pool._pool._idle.qsize() == 2
        pool.prepare(png(), "3")
        assert next(pool._pool._done_here) == 4
        pool.close()

    def test_images_are_prepared_as_on_a_thread(self, started):
        pool = started()
        expected = PREPARATION(png(), "x").pixels
        np.testing.assert_array_equal(pool.prepare(png(), "x").pixels, expected)
        assert pool._pool._idle.qsize() == 1

    def test_an_image_whose_process_ended_is_prepared_by_another(self, program, started, tmp_path):
        program(ODD)
        pool = started()
        first = pool._pool._seats[0].worker
        prepared = pool.prepare(png(), f"exit-once {tmp_path / 'ended'}")
        assert prepared.pixels.shape == (8, 9, 3)
        assert (tmp_path / "ended").exists()
        assert pool._pool._seats[0].worker is not first
        assert first._process.returncode == 3

    def test_an_image_that_ends_two_processes_is_unreadable(self, program, started):
        program(ODD)
        pool = started()
        with pytest.raises(ImageUnsupported, match=r"^exit must be .* Received: exit status 3\."):
            pool.prepare(png(), "exit")
        assert pool.prepare(png(), "next").pixels.shape == (8, 9, 3)
        assert pool._pool._seats[0].worker is not None

    @pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
    def test_the_signal_that_ended_a_process_is_named(self, program, started):
        program(ODD)
        with pytest.raises(ImageUnsupported, match=r"Received: signal SIGABRT\."):
            started().prepare(png(), "abort")

    @pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
    def test_a_process_that_was_killed_while_it_waited_costs_no_image(self, started):
        pool = started()
        killed = pool._pool._seats[0].worker._process
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert pool.prepare(png(), "x").pixels.shape == (8, 9, 3)

    def test_what_libraries_print_is_no_message(self, program, started):
        program(ODD)
        assert started().prepare(png(), "print").pixels.shape == (8, 9, 3)

    @pytest.mark.parametrize("code", ["raise SystemExit", "import nothing_of_this_name"])
    def test_threads_do_it_all_where_no_process_starts(self, code, program, started, caplog):
        caplog.set_level("INFO", "headstart")
        program(code)
        pool = started(n=2)
        for i in range(3):
            assert pool.prepare(png(), str(i)).pixels.shape == (8, 9, 3)
        assert caplog.text.count("a worker process did not start: exit status") == 2

    def test_threads_do_it_all_where_the_system_starts_none(self, started, monkeypatch, caplog):
        caplog.set_level("INFO", "headstart")

        def full(*_, **__):
            raise BlockingIOError(11, "Resource temporarily unavailable")

        monkeypatch.setattr(process.subprocess, "Popen", full)
        assert started().prepare(png(), "x").pixels.shape == (8, 9, 3)
        assert "did not start: [Errno 11] Resource temporarily unavailable" in caplog.text

    def test_threads_do_it_all_where_no_more_threads_start(self, monkeypatch, caplog):
        caplog.set_level("INFO", "headstart")

        def full(_):
            raise RuntimeError("can't start new thread")

        pool = Workers(PREPARATION, 2, after=1)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", full)
            assert pool.prepare(png(), "x").pixels.shape == (8, 9, 3)
        assert "did not start: can't start new thread" in caplog.text
        pool.close()

    def test_an_image_that_ended_a_process_is_not_tried_in_this_one(self, program, started):
        program(ODD)
        pool = started()
        program("raise SystemExit")
        with pytest.raises(ImageUnsupported, match="exit must be"):
            pool.prepare(png(), "exit")
        assert pool.prepare(png(), "exit").pixels.shape == (8, 9, 3)  # nothing else is left

    def test_processes_end_when_it_is_closed(self, started):
        pool = started(n=2)
        processes = [seat.worker._process for seat in pool._pool._seats]
        pool.close()
        assert [process.returncode for process in processes] == [0, 0]

    def test_it_can_be_closed_while_processes_start(self, program):
        program("import time; time.sleep(1000)")
        pool = Workers(PREPARATION, 2, after=1)
        pool.prepare(png(), "x")
        pool.close()
        assert not starter_threads()
        assert all(seat.worker is None for seat in pool._pool._seats)

    def test_nothing_is_started_for_nothing(self):
        pool = Workers(PREPARATION, 2, after=2)
        pool.prepare(png(), "x")
        pool.close()
        assert pool._pool._seats == []

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_forked_process_lets_go_of_them(self, started):
        pool = started()
        pid = pool._pool._seats[0].worker._process.pid
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # lives until the parent has ended the process
            pool.close()
            held = not pool._pool._seats[0].worker.requests.closed
            os.close(writing)
            os.read(reading, 1)
            os._exit(held)
        pool._pool._seats[0].worker._let_go()  # as if killed: the process is not told to end
        assert pool._pool._seats[0].worker._wait() == 0
        assert not is_running(pid)
        os.close(writing)
        os.close(reading)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_many_images_need_them_soon_and_few_never():
    assert images_before_workers(10) is None
    assert images_before_workers(WORTH_WORKERS) is None
    assert images_before_workers(10 * WORTH_WORKERS) < 100
    assert images_before_workers(None) == WORTH_WORKERS
