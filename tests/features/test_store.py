import contextlib
import dataclasses
import functools
import json
import random
import sqlite3
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.features.kept import read_store

from headstart.features.store import FeatureStore, Kept, Space, drop_oldest
from headstart.images.resizing import Resize

CROP = Resize("crop", 32, 32)
SPACE = Space("net", "crop", "f32", "openvino", "features", (300,))


def content(i):
    return f"{i:032x}"


def put(store, values):
    store.put_many({key: Kept(value) for key, value in values.items()})


def get(store, key):
    kept = store.get(key)
    return None if kept is None else kept.values


def vector(i):
    return np.random.default_rng(i).random(300, np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.sqlite"


@pytest.fixture
def store(path):
    with contextlib.closing(FeatureStore(path, SPACE)) as store:
        yield store


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT content, vector, checksum, used FROM features").fetchall()


def change(path, statement, *values):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, values)
        connection.commit()


@pytest.fixture
def space(tiny_network):
    return Space.of(tiny_network, CROP, "f32", "openvino", "features")


def test_a_space_knows_how_long_a_vector_is(tiny_network, space):
    assert space.length == 16 * 4
    feature_map = Space.of(tiny_network, CROP, "f32", "openvino", "feature_map")
    assert feature_map.length == 8 * 8 * 16 * 4


def test_the_same_settings_are_the_same_space(tiny_network, space):
    assert space.digest() == Space.of(tiny_network, CROP, "f32", "openvino", "features").digest()


@pytest.mark.parametrize(
    "change",
    [
        {"network": "other"},
        {"resize": "squash"},
        {"precision": "bf16"},
        {"runtime": "keras"},
        {"output": "probabilities"},
        {"shape": (17,)},
        {"format": 99},
    ],
)
def test_every_setting_makes_another_space(space, change):
    assert dataclasses.replace(space, **change).digest() != space.digest()


def test_the_default_interpolation_is_not_named(space):
    # Features that were cached before there was a choice are still found.
    assert space.resize == "crop 32x32 0.875"


@pytest.mark.parametrize(
    "resize",
    [
        Resize("pad", 32, 32),
        Resize("crop", 32, 32, 0.9),
        Resize("crop", 32, 33),
        Resize("crop", 32, 32, interpolation="bicubic"),
        Resize("crop", 32, 32, antialias=False),
    ],
)
def test_every_number_of_the_resize_counts(tiny_network, space, resize):
    other = Space.of(tiny_network, resize, "f32", "openvino", "features")
    assert other.digest() != space.digest()


def test_what_is_put_can_be_got(store):
    put(store, {content(1): vector(1), content(2): vector(2)})
    np.testing.assert_array_equal(get(store, content(2)), vector(2))
    assert get(store, content(2)).dtype == np.float32
    assert get(store, content(3)) is None


def test_what_is_got_can_not_be_changed(store):
    put(store, {content(1): vector(1)})
    with pytest.raises(ValueError, match="read-only"):
        get(store, content(1))[0] = 1


def test_a_shape_is_kept(path):
    space = Space("net", "crop", "f32", "openvino", "feature_map", (2, 3, 4))
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    with contextlib.closing(FeatureStore(path, space)) as store:
        put(store, {content(1): values})
        np.testing.assert_array_equal(get(store, content(1)), values)


def test_it_is_there_after_closing(path, store):
    put(store, {content(1): vector(1)})
    store.close()
    with contextlib.closing(FeatureStore(path, SPACE)) as again:
        np.testing.assert_array_equal(get(again, content(1)), vector(1))


def test_putting_twice_keeps_the_second(store, path):
    put(store, {content(1): vector(1)})
    put(store, {content(1): vector(2)})
    np.testing.assert_array_equal(get(store, content(1)), vector(2))
    assert len(rows(path)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE features SET vector = zeroblob(1200)",
        "UPDATE features SET vector = substr(vector, 1, 1196)",
        "UPDATE features SET checksum = checksum + 1",
        "UPDATE features SET (vector, checksum) = (SELECT vector, checksum FROM features)",
    ],
)
def test_an_altered_vector_counts_as_absent(store, path, statement):
    put(store, {content(1): vector(1), content(2): vector(2)})
    change(path, statement)
    assert get(store, content(2)) is None


@pytest.mark.parametrize(
    "altered",
    [
        "vector = 7",
        "vector = 1.5",
        "vector = 'text of a column that holds vectors'",
        "vector = CAST(x'ff00fe' AS TEXT)",
        "vector = zeroblob(0)",
        "vector = zeroblob(1201)",
        "vector = x'0000c07f' || substr(vector, 5)",
        "vector = CAST(x'0000c07f' || substr(vector, 5) AS BLOB)",
        "notes = 7",
        "notes = x'ff'",
        "notes = CAST(x'ff' AS TEXT)",
        "checksum = 'text'",
        "checksum = 1.5",
    ],
)
@pytest.mark.parametrize("signed", [False, True], ids=["", "with a checksum"])
def test_a_column_that_holds_something_else_is_never_a_feature(store, path, altered, signed):
    put(store, {content(1): vector(1), content(2): vector(2)})
    key = bytes.fromhex(content(1))
    change(path, f"UPDATE features SET {altered} WHERE content = ?", key)  # noqa: S608 - the test's
    if signed and not altered.startswith("checksum"):
        sign(path)
    kept = store.get(content(1))
    # A note may be any text: who can sign can write notes.
    assert kept is None or (signed and "notes" in altered)
    assert store.damaged == ({key} if kept is None else set())
    np.testing.assert_array_equal(get(store, content(2)), vector(2))


def sign(path):
    """Give every row the checksum of what it holds."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.text_factory = bytes
        for row, *values in connection.execute(
            "SELECT rowid, content, vector, notes FROM features"
        ):
            parts = (value for value in values if isinstance(value, bytes))
            crc = functools.reduce(lambda crc, part: zlib.crc32(part, crc), parts, 0)
            connection.execute("UPDATE features SET checksum = ? WHERE rowid = ?", (crc, row))


def test_a_row_that_is_far_too_long_is_not_read(store, path):
    put(store, {content(1): vector(1)})
    change(path, "UPDATE features SET vector = zeroblob(2000000)")
    with pytest.raises(sqlite3.DataError, match="too big"):
        store.get(content(1))


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE features",
        "DROP TABLE space",
        "ALTER TABLE features RENAME TO other",
        "ALTER TABLE features DROP COLUMN notes",
        "ALTER TABLE features RENAME COLUMN vector TO vektor",
        "ALTER TABLE features ADD COLUMN more TEXT",
        "CREATE TABLE theirs (x)",
        "CREATE INDEX theirs ON features (used)",
        "CREATE TRIGGER theirs BEFORE INSERT ON features BEGIN SELECT RAISE(FAIL, 'no'); END",
        "CREATE VIEW theirs AS SELECT * FROM features",
        "UPDATE space SET description = NULL",
        "UPDATE space SET description = x'ff'",
        "UPDATE space SET description = 7",
        "DELETE FROM space",
        "PRAGMA application_id = 7",
    ],
)
def test_a_file_with_other_tables_is_refused(path, statement):
    FeatureStore(path, SPACE).close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        with contextlib.suppress(sqlite3.IntegrityError):  # NOT NULL
            connection.execute(statement)
            connection.commit()
            with pytest.raises(sqlite3.DatabaseError, match=r"not a feature cache|another space"):
                FeatureStore(path, SPACE)


def test_a_file_without_its_index_is_refused(path):
    FeatureStore(path, SPACE).close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE type = 'index'")
    with pytest.raises(sqlite3.DatabaseError, match=r"not a feature cache|malformed"):
        FeatureStore(path, SPACE)


def test_putting_is_all_or_nothing(store):
    with pytest.raises(ValueError, match="fromhex"):
        put(store, {content(1): vector(1), "no hash": vector(2)})
    limit = store._connection.execute("PRAGMA page_count").fetchone()[0] + 4
    store._connection.execute(f"PRAGMA max_page_count = {limit}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        put(store, {content(i): vector(i) for i in range(2000)})
    assert get(store, content(1)) is None
    put(store, {content(1): vector(1)})
    assert get(store, content(1)) is not None


def test_a_read_within_the_hour_writes_nothing(store):
    put(store, {content(1): vector(1)})
    get(store, content(1))
    assert len(store._touched) == 0


def test_reads_of_older_entries_are_noted_in_bulk(store, path):
    put(store, {content(1): vector(1), content(2): vector(2)})
    change(path, "UPDATE features SET used = 7")
    get(store, content(1))
    assert len(store._touched) == 1
    store.touch()
    assert len(store._touched) == 0
    used = {key: used for key, _, _, used in rows(path)}
    assert used[bytes.fromhex(content(2))] == 7 < used[bytes.fromhex(content(1))]


def test_a_million_reads_are_noted_in_bounded_memory(store, path, monkeypatch):
    monkeypatch.setattr("headstart.features.store.READS_NOTED", 3)
    monkeypatch.setattr("headstart.features.store._READS_REMEMBERED", 5)
    put(store, {content(i): vector(i) for i in range(9)})
    change(path, "UPDATE features SET used = 7")
    due = []
    for i in range(9):
        get(store, content(i))
        due.append(store.must_touch())
    assert due == [False, False, *[True] * 7]
    store.touch()
    assert not store.must_touch()
    assert sum(used > 7 for *_, used in rows(path)) == 5


def test_rows_are_written_in_the_order_in_which_they_came(store, path):
    put(store, {content(i): vector(i) for i in (5, 2, 9, 1)})
    with contextlib.closing(sqlite3.connect(path)) as connection:
        written = connection.execute("SELECT content FROM features ORDER BY rowid").fetchall()
    assert [key.hex() for (key,) in written] == [content(i) for i in (5, 2, 9, 1)]


def test_more_of_the_index_is_in_memory_than_sqlite_keeps_by_itself(store):
    (pages,) = store._connection.execute("PRAGMA cache_size").fetchone()
    assert -pages >= 4 * 2000


def test_the_least_recently_used_are_dropped_first(store, path):
    put(store, {content(i): vector(i) for i in range(10)})
    change(path, "UPDATE features SET used = 7 WHERE content < ?", bytes.fromhex(content(4)))
    drop_oldest(path, 4 * SPACE.length)
    assert {key for key, *_ in rows(path)} == {bytes.fromhex(content(i)) for i in range(4, 10)}


def test_dropping_gives_the_disk_back_and_keeps_the_file(store, path):
    put(store, {content(i): vector(i) for i in range(1000)})
    before = path.stat().st_size
    drop_oldest(path)
    assert path.stat().st_size < before / 5
    assert read_store(path) == (json.loads(SPACE.describe()), 0)
    put(store, {content(1): vector(1)})
    assert read_store(path)[1] == 1


def test_notes_are_kept_with_the_features(store, path):
    notes = ("transparent: shown on white", "animated: first frame; 3 in all")
    store.put_many({content(1): Kept(vector(1), notes), content(2): Kept(vector(2))})
    store.close()
    with contextlib.closing(FeatureStore(path, SPACE)) as again:
        assert again.get(content(1)).notes == notes
        assert again.get(content(2)).notes == ()


def test_long_notes_are_cut(store):
    store.put_many({content(1): Kept(vector(1), ("x" * 5000,))})
    assert len(store.get(content(1)).notes[0]) == 1000


def test_altered_notes_are_absent(store, path):
    store.put_many({content(1): Kept(vector(1), ("a note",))})
    change(path, "UPDATE features SET notes = 'another'")
    assert store.get(content(1)) is None


def test_dropping_from_an_empty_store(path):
    FeatureStore(path, SPACE).close()
    drop_oldest(path, 1000)
    assert read_store(path)[1] == 0


def test_a_file_of_another_space_is_refused(store, path):
    store.close()
    other = Space("other net", "crop", "f32", "openvino", "features", (300,))
    with pytest.raises(sqlite3.DatabaseError, match="features of another space"):
        FeatureStore(path, other)


def test_a_database_of_somebody_else_is_refused(path):
    change(path, "CREATE TABLE theirs (x)")
    with pytest.raises(sqlite3.DatabaseError, match="not a feature cache"):
        FeatureStore(path, SPACE)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_file_with_altered_bytes_never_answers_wrongly(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("store") / "features.sqlite"
    with contextlib.closing(FeatureStore(path, SPACE)) as store:
        put(store, {content(i): vector(i) for i in range(30)})
    altered = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        altered[data.draw(st.integers(0, len(altered) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(altered[: data.draw(st.sampled_from([len(altered), len(altered) // 2, 10]))])
    with contextlib.suppress(sqlite3.Error), contextlib.closing(FeatureStore(path, SPACE)) as store:
        for i in range(30):
            kept = get(store, content(i))
            assert kept is None or np.array_equal(kept, vector(i))


WRITER = """
import itertools, sys
from pathlib import Path
import numpy as np
from headstart.features.store import FeatureStore, Kept, Space
start, stop, bulk = map(int, sys.argv[2:])
space = Space("net", "crop", "f32", "openvino", "features", (300,))
store = FeatureStore(Path(sys.argv[1]), space)
print("ready", flush=True)
for first in range(start, stop, bulk):
    store.put_many({
        f"{i:032x}": Kept(np.random.default_rng(i).random(300, np.float32))
        for i in range(first, min(first + bulk, stop))
    })
store.close()
"""


def writer(path, start, stop, bulk=50):
    numbers = map(str, (start, stop, bulk))
    command = [sys.executable, "-c", WRITER, str(path), *numbers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_whole(path):
    """Return how many entries there are, after checking every one of them."""
    with contextlib.closing(FeatureStore(path, SPACE)) as store:
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == (b"ok",)
        keys = [key.hex() for key, *_ in rows(path)]
        for key in keys:
            np.testing.assert_array_equal(get(store, key), vector(int(key, 16)))
    return len(keys)


def kill_while_writing(path, start, pause):
    with writer(path, start, start + 1_000_000) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause)
        process.kill()


def test_a_kill_while_writing_leaves_whole_transactions(path):
    pause = random.Random(0)
    for round_ in range(3):
        kill_while_writing(path, round_ * 1_000_000, pause.uniform(0.02, 0.2))
    assert check_whole(path) % 50 == 0


@pytest.mark.slow
def test_many_kills_while_writing(path):
    pause, entries = random.Random(), 0
    for round_ in range(25):
        kill_while_writing(path, round_ * 1_000_000, pause.uniform(0, 0.4))
        before, entries = entries, check_whole(path)
        assert entries >= before
        assert entries % 50 == 0
    assert entries > 0


def test_two_processes_write_one_store(path):
    with writer(path, 0, 1500) as first, writer(path, 1000, 2500) as second:
        assert first.wait() == second.wait() == 0
    assert check_whole(path) == 2500
