import errno
import os
import sqlite3
import stat
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.features.kept import n_kept

from headstart.errors import UsageError
from headstart.features import cache as caches
from headstart.features.cache import DEFAULT_LIMIT, CacheWarning, FeatureCache
from headstart.features.store import Space

SPACE = Space("net", "crop", "f32", "openvino", "features", (300,))
OTHER = Space("other", "crop", "f32", "openvino", "features", (300,))


def content(i):
    return f"{i:032x}"


def vectors(*numbers):
    return {content(i): np.random.default_rng(i).random(300, np.float32) for i in numbers}


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")


def put_many(features, values):
    for name, vector in values.items():
        features.put(name, vector)
    features.flush()


def fill(cache, space=SPACE, n=10):
    with closing(cache.open(space)) as features:
        put_many(features, vectors(*range(n)))


def has(cache, space=SPACE, i=0):
    with closing(cache.open(space)) as features:
        return features.get(content(i)) is not None


def change(path, statement):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def use(features):
    features.get(content(1))
    put_many(features, vectors(1))


def refuse(*_):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_it_lies_in_the_cache_folder():
    assert FeatureCache().folder == Path(os.environ["HEADSTART_CACHE"]) / "features"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
class TestPrivacy:
    def mode(self, folder):
        return stat.S_IMODE(folder.stat().st_mode)

    @pytest.mark.parametrize("before", [None, 0o755, 0o777])
    def test_nobody_else_can_enter_the_cache_folder(self, before):
        cache = FeatureCache()
        if before is not None:
            cache.folder.mkdir(parents=True)
            cache.folder.chmod(before)
        fill(cache)
        assert self.mode(cache.folder) == 0o700

    def test_a_new_folder_of_the_user_is_private_and_another_stays_as_it_is(self, cache):
        fill(cache)
        assert self.mode(cache.folder) == 0o700
        cache.folder.chmod(0o755)
        fill(cache)
        assert self.mode(cache.folder) == 0o755

    def test_a_folder_of_somebody_else_is_used_as_it_is(self, monkeypatch):
        cache = FeatureCache()
        cache.folder.mkdir(parents=True)
        cache.folder.chmod(0o777)
        monkeypatch.setattr(Path, "chmod", refuse)
        fill(cache)
        assert has(cache)


def test_what_is_kept_is_there_the_next_time(cache):
    fill(cache)
    with closing(cache.open(SPACE)) as features:
        np.testing.assert_array_equal(features.get(content(3)).values, vectors(3)[content(3)])


def test_spaces_do_not_mix(cache):
    fill(cache)
    assert not has(cache, OTHER)
    assert cache.path(SPACE) != cache.path(OTHER)


def test_clearing_drops_everything_and_counts_it(cache):
    fill(cache, n=2000)
    before = cache.size()
    cache.clear()
    assert cache.size() < before / 2
    assert not has(cache)


def test_clearing_does_not_disturb_who_uses_it(cache):
    with closing(cache.open(SPACE)) as features:
        put_many(features, vectors(1))
        cache.clear()
        assert features.get(content(1)) is None
        put_many(features, vectors(2))
        assert features.get(content(2)) is not None
    assert has(cache, i=2)


class TestLimit:
    def test_the_default(self, monkeypatch):
        monkeypatch.delenv("HEADSTART_CACHE_LIMIT", raising=False)
        assert FeatureCache().limit == DEFAULT_LIMIT

    def test_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("HEADSTART_CACHE_LIMIT", "12345")
        assert FeatureCache().limit == 12345

    def test_from_the_environment_wrongly(self, monkeypatch):
        monkeypatch.setenv("HEADSTART_CACHE_LIMIT", "10GB")
        with pytest.raises(UsageError, match=r"number of bytes\. Received: '10GB'"):
            FeatureCache()

    def test_the_space_used_least_recently_goes_first(self, cache):
        third = Space("third", "crop", "f32", "openvino", "features", (300,))
        for space, age in ((SPACE, 300), (OTHER, 200)):
            fill(cache, space, n=500)
            os.utime(cache.path(space), (time.time() - age,) * 2)
        cache.limit = int(cache.size() * 1.4)
        fill(cache, third, n=500)
        assert not has(cache, SPACE)
        assert has(cache, OTHER)
        assert has(cache, third)

    def test_a_single_space_stays_within_it(self, cache):
        cache.limit = 2_000_000
        with closing(cache.open(SPACE)) as features:
            for first in range(0, 4000, 500):
                features._written = 10**9  # look at the size every time
                put_many(features, vectors(*range(first, first + 500)))
                assert cache.size() <= cache.limit
            assert features.get(content(3999)) is not None
            assert features.get(content(0)) is None

    def test_what_was_asked_for_stays_longer(self, cache, monkeypatch):
        monkeypatch.setattr("headstart.features.store._now", lambda: 100)
        fill(cache, n=1000)
        monkeypatch.setattr("headstart.features.store._now", lambda: 101)
        assert has(cache, i=5)
        cache.limit = cache.size() // 2
        cache.evict(cache.path(SPACE))
        assert has(cache, i=5)
        assert not has(cache, i=6)


class TestBulk:
    """When what was put is written. A transaction takes as long as the clock is set forward."""

    @pytest.fixture
    def features(self, cache, monkeypatch):
        monkeypatch.setattr(caches, "BULK", 2 * SPACE.length)
        monkeypatch.setattr(caches, "MOST_WAITING", 6 * SPACE.length)
        self.clock, self.takes, self.written = 1000.0, 1.0, []
        monkeypatch.setattr(caches.time, "monotonic", lambda: self.clock)
        with closing(cache.open(SPACE)) as features:
            put = features._store.put_many

            def slow(kept):
                self.clock += self.takes
                self.written.append(len(kept))
                put(kept)

            monkeypatch.setattr(features._store, "put_many", slow)
            yield features

    def put(self, features, numbers, seconds):
        for name, vector in vectors(*numbers).items():
            features.put(name, vector)
            self.clock += seconds

    def test_where_images_are_slow_little_waits(self, features):
        self.put(features, range(6), seconds=20)
        assert self.written == [2, 2, 2]

    def test_where_images_are_fast_writing_takes_a_small_share(self, features):
        self.put(features, range(22), seconds=5)
        assert self.written == [2, 4, 4, 4, 4, 4]

    def test_only_so_much_waits_in_memory(self, features):
        self.put(features, range(20), seconds=0)
        assert self.written == [2, 6, 6, 6]


def test_reads_are_noted_before_the_end(cache, monkeypatch):
    monkeypatch.setattr("headstart.features.store.READS_NOTED", 4)
    monkeypatch.setattr("headstart.features.store._now", lambda: 100)
    fill(cache, n=10)
    monkeypatch.setattr("headstart.features.store._now", lambda: 101)
    with closing(cache.open(SPACE)) as features:
        for i in range(10):
            assert features.fetch(content(i))
            assert features.take(content(i)) is not None
        with closing(sqlite3.connect(cache.path(SPACE))) as other:
            assert other.execute("SELECT count(*) FROM features WHERE used = 101").fetchone() == (
                8,
            )


class TestTrouble:
    def test_a_full_disk_is_one_warning_and_the_work_goes_on(self, cache):
        fill(cache, n=10)
        with closing(cache.open(SPACE)) as features:
            features._store._connection.execute("PRAGMA max_page_count = 1")
            with pytest.warns(CacheWarning, match="full.* New features aren't kept"):
                put_many(features, vectors(*range(10, 2000)))
            put_many(features, vectors(*range(10, 2000)))
            assert features.get(content(3)) is not None
            assert features.get(content(11)) is None

    def test_a_read_only_file_can_still_be_read(self, cache, monkeypatch):
        fill(cache, n=10)
        monkeypatch.setattr("headstart.features.store._now", lambda: 10**6)
        with closing(cache.open(SPACE)) as features:
            features._store._connection.execute("PRAGMA query_only = ON")
            assert features.get(content(3)) is not None
            with pytest.warns(CacheWarning, match="readonly"):
                put_many(features, vectors(20))
            assert features.get(content(4)) is not None

    def test_a_folder_that_can_not_be_made(self, tmp_path):
        (tmp_path / "file").touch()
        cache = FeatureCache(tmp_path / "file" / "features")
        with pytest.warns(CacheWarning, match="Features are computed every time"):
            features = cache.open(SPACE)
        put_many(features, vectors(1))
        assert features.get(content(1)) is None
        features.close()

    @pytest.mark.parametrize(
        "damage", [b"not a database at all", b"SQLite format 3\0" + bytes(2000)]
    )
    def test_a_damaged_file_is_moved_aside_and_built_anew(self, cache, damage):
        fill(cache)
        path = cache.path(SPACE)
        path.write_bytes(damage)
        with pytest.warns(CacheWarning, match="is damaged .* moved to .*damaged and is built anew"):
            fill(cache, n=20)
        assert path.with_name(f"{path.name}.damaged").read_bytes() == damage
        assert has(cache, i=19)
        cache.clear()
        assert not path.with_name(f"{path.name}.damaged").exists()

    def test_damage_found_on_the_way(self, cache):
        fill(cache, n=2000)
        path = cache.path(SPACE)
        whole = path.read_bytes()
        path.write_bytes(whole[: 3 * 32768] + b"\xff" * (len(whole) - 3 * 32768))
        with closing(cache.open(SPACE)) as features:
            with pytest.warns(CacheWarning, match="malformed"):
                any(features.get(content(i)) is None for i in range(2000))
            put_many(features, vectors(1))
            assert features.get(content(1)) is not None

    def test_a_database_of_somebody_else_is_moved_aside(self, cache):
        cache.folder.mkdir()
        with sqlite3.connect(cache.path(SPACE)) as theirs:
            theirs.execute("CREATE TABLE theirs (x)")
        theirs.close()
        with pytest.warns(CacheWarning, match="not a feature cache"):
            fill(cache)
        assert has(cache)

    @pytest.mark.parametrize(
        "put", [lambda path: (path / "more").mkdir(parents=True), getattr(os, "mkfifo", Path.mkdir)]
    )
    def test_what_is_no_file_is_moved_aside(self, cache, put):
        path = cache.path(SPACE)
        path.parent.mkdir()
        put(path)
        with pytest.warns(CacheWarning, match=r"damaged .* is built anew"):
            fill(cache)
        assert has(cache)
        put(path.with_name("features-0123456789abcdef01234567.sqlite"))
        cache.clear()
        assert list(cache.folder.iterdir()) == [path]

    def test_what_can_not_be_moved_aside_is_done_without(self, cache, monkeypatch):
        fill(cache)
        cache.path(SPACE).write_bytes(b"not a database at all" * 100)
        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.warns(CacheWarning, match=r"can't be used \(.*Permission denied"):
            fill(cache)

    def test_what_can_not_be_moved_aside_on_the_way_is_done_without(self, cache, monkeypatch):
        fill(cache)
        with closing(cache.open(SPACE)) as features:
            change(cache.path(SPACE), "DROP TABLE features")
            monkeypatch.setattr(Path, "replace", refuse)
            with pytest.warns(CacheWarning, match="can't be moved aside .*Permission denied"):
                assert features.get(content(1)) is None
            put_many(features, vectors(1))
            assert features.get(content(1)) is None

    @pytest.mark.parametrize(
        "statement",
        [
            "DROP TABLE features",
            "ALTER TABLE features DROP COLUMN notes",
            "UPDATE features SET vector = zeroblob(2000000)",
            "CREATE TRIGGER theirs BEFORE INSERT ON features BEGIN SELECT RAISE(FAIL, 'no'); END",
        ],
    )
    def test_what_breaks_under_a_reader_is_built_anew(self, cache, statement):
        fill(cache)
        with closing(cache.open(SPACE)) as features:
            change(cache.path(SPACE), statement)
            with pytest.warns(CacheWarning, match="is built anew"):
                use(features)
            put_many(features, vectors(1))
            np.testing.assert_array_equal(features.get(content(1)).values, vectors(1)[content(1)])

    def test_many_threads_rebuild_once(self, cache):
        fill(cache)
        with closing(cache.open(SPACE)) as features:
            change(cache.path(SPACE), "DROP TABLE features")
            with warnings.catch_warnings(record=True) as told, ThreadPoolExecutor(8) as pool:
                warnings.simplefilter("always")
                list(pool.map(features.get, vectors(*range(200))))
            assert len(told) == 1
            put_many(features, vectors(1))
            assert features.get(content(1)) is not None

    def test_damaged_entries_are_told_and_mended(self, cache):
        fill(cache)
        change(cache.path(SPACE), "UPDATE features SET vector = 7 WHERE rowid <= 2")
        features = cache.open(SPACE)
        lost = [i for i in range(10) if features.get(content(i)) is None]
        assert lost == [0, 1]
        put_many(features, vectors(*lost))
        with pytest.warns(CacheWarning, match=r"held 2 damaged entries, .* computed again"):
            features.close()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert all(has(cache, i=i) for i in range(10))

    def test_a_locked_file_is_waited_for_once(self, cache, monkeypatch):
        monkeypatch.setattr("headstart.features.store._PATIENCE", 0.01)
        fill(cache)
        with closing(cache.open(SPACE)) as features, locked(cache.path(SPACE)):
            with pytest.warns(CacheWarning, match=r"can't be read \(database is locked"):
                assert features.get(content(1)) is None
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert features.get(content(1)) is None
                put_many(features, vectors(1))
            with pytest.warns(CacheWarning, match=r"can't be used \(database is locked"):
                cache.open(SPACE).close()
        assert has(cache)

    def test_databases_of_the_user_in_the_folder_are_left_alone(self, cache):
        fill(cache)
        theirs = cache.folder / "theirs.sqlite"
        change(theirs, "CREATE TABLE features (used, content, vector)")
        change(theirs, "INSERT INTO features VALUES (1, 2, 3)")
        before = theirs.read_bytes()
        cache.limit = 1
        cache.evict(cache.path(SPACE))
        cache.clear()
        assert theirs.read_bytes() == before

    def test_clearing_removes_what_is_damaged(self, cache):
        fill(cache)
        cache.path(SPACE).write_bytes(b"not a database at all" * 100)
        cache.clear()
        assert not cache.path(SPACE).exists()

    def test_a_healthy_cache_says_nothing(self, cache):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fill(cache)
            assert has(cache)


def test_reads_are_written_down_on_closing(cache, monkeypatch):
    monkeypatch.setattr("headstart.features.store._now", lambda: 100)
    fill(cache)
    monkeypatch.setattr("headstart.features.store._now", lambda: 101)
    assert has(cache, i=1)
    with sqlite3.connect(cache.path(SPACE)) as connection:
        used = connection.execute("SELECT count(*) FROM features WHERE used = 101").fetchone()
    connection.close()
    assert used == (1,)


def test_what_was_put_is_written_at_the_end(cache):
    features = cache.open(SPACE)
    features.put(content(1), vectors(1)[content(1)])
    assert n_kept(cache.folder) == 0
    features.close()
    assert n_kept(cache.folder) == 1


def test_what_is_worth_a_transaction_is_written_at_once(cache, monkeypatch):
    monkeypatch.setattr(caches, "BULK", 2 * SPACE.length)
    with closing(cache.open(SPACE)) as features:
        features.put(content(1), vectors(1)[content(1)])
        assert n_kept(cache.folder) == 0
        features.put(content(2), vectors(2)[content(2)])
        assert n_kept(cache.folder) == 2


def test_an_image_that_comes_twice_is_found_twice(cache):
    fill(cache, n=1)
    with closing(cache.open(SPACE)) as features:
        assert features.fetch(content(0))
        assert features.fetch(content(0))
        assert not features.fetch(content(1))
        np.testing.assert_array_equal(features.take(content(0)).values, vectors(0)[content(0)])
        np.testing.assert_array_equal(features.take(content(0)).values, vectors(0)[content(0)])
        assert features.take(content(1)) is None
