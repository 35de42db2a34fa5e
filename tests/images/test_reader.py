import gc
import itertools
import os
import threading
import weakref
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from tests.images.odd_images import bomb, encoded, oriented, photo, png, write_all
from tests.images.odd_workers import ODD, is_running, pids, starter_threads, use_processes

from headstart.errors import (
    ImageDamaged,
    ImageNotFound,
    ImageTooLarge,
    ImageUnsupported,
    UsageError,
)
from headstart.images import reader
from headstart.images.reader import load, read_images
from headstart.images.resizing import Resize
from headstart.images.sources import BytesSource, FileSource, ImageSource, content_hash

RESIZE = Resize("crop", 16, 16)


class Counting(ImageSource):
    """An image that counts how often it and its equals are read."""

    name = "counting"

    def __init__(self, counter):
        self.counter = counter

    def read(self):
        next(self.counter)
        return png()


def read_so_far(counter):
    return int(repr(counter)[6:-1])


def reader_threads():
    return [thread for thread in threading.enumerate() if "headstart-reader" in thread.name]


def never(_content):
    return False


class TestLoad:
    def test_an_image_is_read_decoded_and_resized(self):
        loaded = load(7, BytesSource("x", png()), RESIZE, skip=never)
        assert (loaded.index, loaded.source.name, loaded.error) == (7, "x", None)
        assert loaded.pixels.shape == (16, 16, 3)
        assert loaded.content == content_hash(png())

    def test_nothing_is_hashed_without_skip(self):
        assert load(0, BytesSource("x", png()), RESIZE).content is None

    def test_a_missing_file_has_no_content(self):
        loaded = load(0, FileSource("nowhere.jpg"), RESIZE)
        assert isinstance(loaded.error, ImageNotFound)
        assert loaded.pixels is None
        assert loaded.content is None

    def test_a_damaged_image_has_content_and_an_error(self):
        loaded = load(0, BytesSource("x", png()[:-40]), RESIZE, skip=never)
        assert isinstance(loaded.error, ImageDamaged)
        assert loaded.pixels is None
        assert loaded.content == content_hash(png()[:-40])

    def test_a_skipped_image_is_not_decoded(self):
        asked = []
        loaded = load(
            0, BytesSource("x", b"never decoded"), RESIZE, skip=lambda c: not asked.append(c)
        )
        assert asked == [loaded.content] == [content_hash(b"never decoded")]
        assert loaded.pixels is None
        assert loaded.error is None

    def test_an_image_that_is_not_skipped_is_decoded(self):
        assert load(0, BytesSource("x", png()), RESIZE, skip=lambda _: False).pixels is not None

    @pytest.mark.parametrize(
        ("error", "becomes", "says"),
        [
            (MemoryError(), ImageTooLarge, "x needs too much memory. Save"),
            (ValueError("odd"), ImageUnsupported, "Received: ValueError: odd."),
        ],
    )
    def test_an_image_that_can_not_be_resized_has_an_error(self, monkeypatch, error, becomes, says):
        def fail(*_, **__):
            raise error

        source = BytesSource("x", png())
        monkeypatch.setattr("PIL.Image.Image.resize", fail)
        loaded = load(0, source, RESIZE)
        assert type(loaded.error) is becomes
        assert says in str(loaded.error)

    def test_a_cut_jpeg_has_a_content_of_its_own(self):
        data = encoded(photo(320, 320), "JPEG")[:-60]
        strict = load(0, BytesSource("x", data), RESIZE, never)
        assert isinstance(strict.error, ImageDamaged)
        tolerant = load(0, BytesSource("x", data), RESIZE, never, accept_truncated=True)
        assert tolerant.error is None
        assert tolerant.notes[0].startswith("truncated; ")
        assert strict.content == content_hash(data)
        assert tolerant.content not in {None, content_hash(data)}

    @pytest.mark.parametrize("size", [(140_000_000, 1), (1, 140_000_000)])
    def test_a_side_of_140_million_pixels_is_refused_before_memory_is_taken(self, size):
        loaded = load(0, BytesSource("x", bomb(*size)), RESIZE)
        assert isinstance(loaded.error, ImageTooLarge)
        assert "sides of at most 100,000 pixels" in str(loaded.error)

    def test_what_completing_a_cut_image_raises_is_guarded(self, monkeypatch):
        data = encoded(photo(320, 320), "JPEG")[:-60]
        monkeypatch.setattr("headstart.images.decoding.missing_share", lambda _: 1 / 0)
        loaded = load(0, BytesSource("x", data), RESIZE, accept_truncated=True)
        assert isinstance(loaded.error, ImageUnsupported)
        assert "ZeroDivisionError" in str(loaded.error)

    def test_an_error_does_not_keep_the_image_in_memory(self, monkeypatch):
        kept, data = [], png()

        def fail(self, *_, **__):
            kept.append(weakref.ref(self))
            raise ValueError("odd")

        monkeypatch.setattr("PIL.Image.Image.resize", fail)
        loaded = load(0, BytesSource("x", data), RESIZE)
        gc.collect()
        assert loaded.error.__cause__.args == ("odd",)
        assert kept[0]() is None

    def test_notes_are_kept(self):
        loaded = load(0, BytesSource("x", oriented(6)), Resize("keras", 9, 9))
        assert loaded.notes == ("EXIF orientation 6 ignored",)

    def test_reduced_decoding_of_large_images_hardly_changes_the_result(self):
        data = encoded(photo(800, 800), "JPEG", quality=90)
        reduced = load(0, BytesSource("x", data), RESIZE).pixels
        whole = RESIZE(photo(800, 800))
        assert np.abs(reduced.astype(int) - whole).mean() < 3


@pytest.mark.parametrize("workers", [1, 2, 5, None])
@pytest.mark.parametrize("n", [0, 1, 3, 200])
def test_all_images_come_in_order(workers, n):
    colours = [BytesSource(str(i), encoded(photo(20, 20, seed=i % 7), "PNG")) for i in range(n)]
    expected = [load(i, source, RESIZE, never).content for i, source in enumerate(colours)]
    loaded = list(read_images(colours, RESIZE, workers=workers, skip=never))
    assert [item.index for item in loaded] == list(range(n))
    assert [item.source for item in loaded] == colours
    assert [item.content for item in loaded] == expected
    assert reader_threads() == []


def test_odd_images_are_loaded_and_broken_ones_have_an_error(tmp_path):
    expected = write_all(tmp_path)
    sources = [FileSource(tmp_path / name) for name in expected]
    errors = {}
    for loaded in read_images(sources, RESIZE):
        errors[Path(loaded.source.name).name] = loaded.error and type(loaded.error)
        assert (loaded.pixels is None) == (loaded.error is not None)
    assert errors == expected


@pytest.mark.parametrize("workers", [1, 2, 6])
def test_the_look_ahead_is_limited(workers):
    counter = itertools.count()
    taken = itertools.count()
    endless = (Counting(counter) for _ in taken)
    reading = read_images(endless, RESIZE, workers=workers)
    for _ in itertools.islice(reading, 1500):
        pass
    ahead = read_so_far(taken) - 1500
    assert isinstance(reading, Generator)
    reading.close()
    assert ahead <= 40 * workers
    assert read_so_far(counter) <= 1500 + ahead
    assert reader_threads() == []


def test_threads_stop_when_the_consumer_stops():
    def run():
        sources = (Counting(itertools.count()) for _ in itertools.count())
        for loaded in read_images(sources, RESIZE, workers=2):
            raise RuntimeError(loaded.index)

    with pytest.raises(RuntimeError, match="0"):
        run()
    assert reader_threads() == []


def test_an_interrupt_stops_the_threads():
    def interrupted():
        yield from (Counting(itertools.count()) for _ in range(50))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_images(interrupted(), RESIZE, workers=2))
    assert reader_threads() == []


def test_other_exceptions_of_a_source_are_raised():
    class Faulty(ImageSource):
        name = "faulty"

        def read(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(read_images([Faulty()], RESIZE))
    assert reader_threads() == []


def test_several_threads_read_at_once():
    together = threading.Barrier(2, timeout=30)

    class Meeting(ImageSource):
        name = "meeting"

        def read(self):
            together.wait()  # fails unless two threads get here
            return png()

    loaded = list(read_images([Meeting(), Meeting()], RESIZE, workers=2))
    assert [item.error for item in loaded] == [None, None]


def test_skip_is_called_for_every_image():
    asked = []
    sources = [BytesSource(str(i), png()) for i in range(30)]
    loaded = list(
        read_images(sources, RESIZE, skip=lambda content: bool(asked.append(content)) or True)
    )
    assert len(asked) == 30
    assert all(item.pixels is None and item.error is None for item in loaded)


@pytest.mark.parametrize("workers", [0, -2])
def test_workers_must_be_at_least_one(workers):
    with pytest.raises(UsageError, match=f"Received: {workers}"):
        read_images([], RESIZE, workers=workers)


class TestProcesses:
    """Where there are many cores and images, processes decode, and nothing else changes."""

    # Pillow does; as an error, the warning would be in the message of the threads only.
    @pytest.mark.filterwarnings("ignore:Truncated File Read")
    def test_all_images_come_as_from_threads(self, monkeypatch, tmp_path):
        sources = [FileSource(tmp_path / name) for name in write_all(tmp_path)] * 2
        expected = list(read_images(sources, RESIZE, skip=never))
        used = use_processes(monkeypatch)
        loaded = list(read_images(sources, RESIZE, skip=never))
        assert len(used) == 1
        for item, other in zip(loaded, expected, strict=True):
            assert (item.index, item.source) == (other.index, other.source)
            assert (item.content, item.notes) == (other.content, other.notes)
            assert (type(item.error), str(item.error)) == (type(other.error), str(other.error))
            assert (item.pixels is None) == (other.pixels is None)
            if item.pixels is not None:
                np.testing.assert_array_equal(item.pixels, other.pixels)
        assert next(used[0]._pool._done_here) <= 5  # the others were decoded in processes

    def test_a_cut_jpeg_has_a_content_of_its_own(self, monkeypatch):
        data = encoded(photo(320, 320), "JPEG")[:-60]
        expected = load(0, BytesSource("x", data), RESIZE, never, accept_truncated=True)
        use_processes(monkeypatch)
        sources = [BytesSource("x", data)] * 6
        loaded = list(read_images(sources, RESIZE, skip=never, accept_truncated=True))
        assert {item.content for item in loaded} == {expected.content}

    def test_what_the_cache_holds_is_not_decoded(self, monkeypatch):
        used = use_processes(monkeypatch)
        sources = [BytesSource(str(i), b"never decoded") for i in range(30)]
        loaded = list(read_images(sources, RESIZE, skip=lambda _: True))
        assert [item.error for item in loaded] == [None] * 30
        assert not used

    def test_only_the_image_that_ends_processes_is_unreadable(self, monkeypatch, tmp_path):
        used = use_processes(monkeypatch, ODD)
        names = [*map(str, range(4)), f"exit-once {tmp_path / 'once'}", "4", "exit", "5", "6"]
        loaded = list(read_images([BytesSource(name, png()) for name in names], RESIZE, workers=2))
        assert [item.source.name for item in loaded if item.error is not None] == ["exit"]
        assert "no other one did it. Received: exit status 3." in str(loaded[6].error)
        assert (tmp_path / "once").exists()
        assert used

    @pytest.mark.skipif(os.name == "nt", reason="processes are looked for by signals")
    @pytest.mark.parametrize("ends", ["closed", "interrupted", "exhausted"])
    def test_processes_end_with_the_reading(self, monkeypatch, ends):
        used = use_processes(monkeypatch)

        def endless():
            for i in itertools.count():
                yield BytesSource(str(i), png())
                if ends != "closed" and i == 60:
                    if ends == "interrupted":
                        raise KeyboardInterrupt
                    return

        reading = read_images(endless(), RESIZE, workers=2)
        for _ in itertools.islice(reading, 20):
            pass
        running = pids(used[0])
        assert len(running) == 2
        if ends == "closed":
            assert all(map(is_running, running))
            assert isinstance(reading, Generator)
            reading.close()
        elif ends == "interrupted":
            with pytest.raises(KeyboardInterrupt):
                list(reading)
        else:
            assert len(list(reading)) == 41
        assert not any(map(is_running, running))
        assert reader_threads() == starter_threads() == []

    def test_few_images_start_none(self, monkeypatch):
        used = use_processes(monkeypatch)
        monkeypatch.setattr("headstart.images.workers.WORTH_WORKERS", 100)
        assert len(list(read_images([BytesSource("x", png())] * 50, RESIZE))) == 50
        assert not used

    def test_one_thread_starts_none(self, monkeypatch):
        used = use_processes(monkeypatch)
        list(read_images([BytesSource("x", png())] * 50, RESIZE, workers=1))
        assert not used


def test_it_can_be_closed_on_one_of_its_threads():
    # The garbage collector may do that to one that stayed behind in a cycle.
    first_is_there, closed = threading.Event(), threading.Event()
    errors = []

    def close(_content):
        if first_is_there.wait(60) and not closed.is_set():
            try:
                reading.close()
            except RuntimeError as error:
                errors.append(error)
            closed.set()
        return False

    def skip(content):
        return content == content_hash(png()) or close(content)

    sources = [BytesSource("first", png()), *[BytesSource("x", encoded(photo(20, 20), "PNG"))] * 3]
    reading = read_images(sources, RESIZE, workers=1, skip=skip)
    next(reading)
    first_is_there.set()
    assert closed.wait(60)
    assert errors == []
    for thread in reader_threads():
        thread.join(60)


@pytest.mark.parametrize(("n_images", "pays"), [(None, True), (1500, True), (500, False)])
def test_the_number_of_images_tells_whether_processes_pay(monkeypatch, n_images, pays):
    monkeypatch.setattr(reader, "most_workers", lambda *_: 8)
    used = []
    monkeypatch.setattr(reader, "Workers", lambda _, n, after: used.append((n, after)))
    images = (BytesSource("x", png()) for _ in range(2))
    assert len(list(read_images(images, RESIZE, n_images=n_images))) == 2
    assert bool(used) == pays
