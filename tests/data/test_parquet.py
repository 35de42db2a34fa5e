import builtins
import contextlib
import json
import pickle
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.parquet import ParquetImages
from headstart.data.parquet_columns import ParquetColumns
from headstart.errors import DatasetError, ImageDamaged, ImageError, ImageTooLarge, MissingExtra
from headstart.images.decoding import decode
from headstart.images.reader import read_images
from headstart.images.resizing import Resize

# What the ``datasets`` library writes about the column.
NAMED = b'{"info": {"features": {"label": {"names": %s}}}}'


def red(data):
    return decode(data, name="x").image.getpixel((0, 0))[0]


@pytest.mark.parametrize("bare", [False, True])
def test_every_row_is_read_from_its_group(tmp_path, make_parquet, bare):
    make_parquet(tmp_path / "a.parquet", 11, bare=bare)
    images = ParquetImages(tmp_path / "a.parquet")
    assert len(images) == 11
    for order in (range(11), reversed(range(11)), (0, 10, 4, 3, 7, 8)):
        for row in order:
            assert red(images.image_bytes(row)) == row


def test_threads_read_each_group_once(tmp_path, make_parquet, monkeypatch):
    make_parquet(tmp_path / "a.parquet", 40, group=10)
    images = ParquetImages(tmp_path / "a.parquet")
    read = Counter()
    batches = ParquetColumns.batches

    def counted(columns, group, *path):
        read[group] += 1
        return batches(columns, group, *path)

    monkeypatch.setattr(ParquetColumns, "batches", counted)
    loaded = list(read_images(images.sources(), Resize("squash", 4, 4), workers=3))
    assert [int(item.pixels[0, 0, 0]) for item in loaded] == list(range(40))
    assert read == {0: 1, 1: 1, 2: 1, 3: 1}
    assert len(images._groups) == 2


def test_sources_are_named_by_file_and_row_and_can_be_pickled(tmp_path, make_parquet):
    make_parquet(tmp_path / "a.parquet", 3)
    source = ParquetImages(tmp_path / "a.parquet").sources()[2]
    assert source.name == f"{tmp_path / 'a.parquet'}#2"
    again = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own
    assert again.name == source.name
    assert again.read() == source.read()


def test_a_forked_process_opens_the_file_anew(tmp_path, make_parquet, monkeypatch):
    """A thread of its parent may have been reading, and would hold the lock for ever."""
    make_parquet(tmp_path / "a.parquet", 3)
    images = ParquetImages(tmp_path / "a.parquet")
    expected = images.image_bytes(2)
    before = images._lock
    before.acquire()
    monkeypatch.setattr("headstart.data.parquet.os.getpid", lambda: -1)
    assert images.image_bytes(2) == expected
    assert images._lock is not before


def test_a_row_without_an_image_is_an_error(tmp_path, make_parquet):
    cells = [{"bytes": b"x", "path": None}, {"bytes": None, "path": "a.jpg"}, None]
    make_parquet(tmp_path / "a.parquet", 3, image=cells)
    images = ParquetImages(tmp_path / "a.parquet")
    for row in (1, 2):
        with pytest.raises(ImageDamaged, match=rf"a\.parquet#{row} has no image bytes"):
            images.image_bytes(row)


def test_a_row_over_the_limit_is_an_error(tmp_path, make_parquet, monkeypatch):
    make_parquet(tmp_path / "a.parquet", 1)

    def refuse(size, name):
        raise ImageTooLarge(f"{name} {size}")

    monkeypatch.setattr("headstart.data.parquet.check_bytes", refuse)
    with pytest.raises(ImageTooLarge, match=r"a\.parquet#0 \d+"):
        ParquetImages(tmp_path / "a.parquet").image_bytes(0)


def test_want_of_memory_is_no_damage(tmp_path, make_parquet, monkeypatch):
    def refuse(*_, **__):
        raise MemoryError

    make_parquet(tmp_path / "a.parquet", 2)
    images = ParquetImages(tmp_path / "a.parquet")
    monkeypatch.setattr(ParquetImages, "_group", refuse)
    with pytest.raises(ImageTooLarge, match="needs too much memory"):
        images.sources()[0].read()


def test_only_the_rows_of_a_damaged_group_are_unreadable(tmp_path, make_parquet):
    path = tmp_path / "a.parquet"
    make_parquet(path, 40, group=10)
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    images = ParquetImages(path)
    with pytest.raises(ImageDamaged, match=r"a\.parquet#0 could not be read"):
        images.image_bytes(0)
    assert red(images.image_bytes(39)) == 39


def test_a_damaged_group_is_read_once(tmp_path, make_parquet, monkeypatch):
    """It may take long to find out, and it is asked for by each of its rows."""
    make_parquet(tmp_path / "a.parquet", 8, group=4)
    images = ParquetImages(tmp_path / "a.parquet")
    read = Counter()

    def damaged(_columns, group, *_path):
        read[group] += 1
        raise OSError("no such thing")

    monkeypatch.setattr(ParquetColumns, "batches", damaged)
    for row in [0, 5, 1, 6, 2, 7]:
        with pytest.raises(ImageDamaged, match=rf"#{row} could not be read: no such thing\. The"):
            images.image_bytes(row)
    assert read == {0: 1, 1: 1}


def test_a_group_that_expands_to_too_much_is_too_large(tmp_path, make_parquet, monkeypatch):
    monkeypatch.setattr("headstart.data.parquet_columns.MAX_GROUP_BYTES", 1_000_000)
    cells = [b"x"] * 4 + [bytes(10_000)] * 1000
    path = tmp_path / "a.parquet"
    make_parquet(path, len(cells), image=cells, group=2000)
    images = ParquetImages(path)
    assert images.labels()[:2] == ["cat", "dog"]
    for row in (0, 1000):
        with pytest.raises(ImageTooLarge, match=r"expands to more than 1,000,000\. .*fewer rows"):
            images.image_bytes(row)
    make_parquet(path, len(cells), image=cells, group=50)
    images = ParquetImages(path)
    assert len(images.image_bytes(1000)) == 10_000


def test_a_file_that_expands_to_too_much_holds_no_images(tmp_path, make_parquet, monkeypatch):
    monkeypatch.setattr("headstart.data.parquet_columns._MAX_TOTAL", 250_000)
    monkeypatch.setattr("headstart.data.parquet_columns._MAX_RATIO", 3)
    make_parquet(tmp_path / "a.parquet", 40, image=[bytes(10_000)] * 40, group=10)
    images = ParquetImages(tmp_path / "a.parquet")
    for row in (5, 15, 5):
        assert images.image_bytes(row) == bytes(10_000)
    with pytest.raises(ImageTooLarge, match="It holds no usual images"):
        images.image_bytes(25)
    assert images.image_bytes(5) == bytes(10_000)


@pytest.mark.parametrize(
    "kind",
    [
        "list<struct<bytes: binary>>",
        "struct<bytes: list<binary>>",
        "struct<bytes: struct<bytes: binary>>",
        "list<bytes: binary>",
        "string",
        "fixed_size_binary[4]",
    ],
)
def test_images_in_columns_of_other_types_are_refused(tmp_path, make_parquet, kind):
    make_parquet(tmp_path / "a.parquet", 1, image=_array(kind))
    with pytest.raises(DatasetError, match="must hold the bytes of image files"):
        ParquetImages(tmp_path / "a.parquet")


def test_two_columns_of_images_are_refused(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table([[b"x"], [b"y"], ["a"]], ["image", "image", "label"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DatasetError, match=r"must have one column named image\. Received: 2"):
        ParquetImages(tmp_path / "a.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 40])
def test_another_file_is_an_error(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(DatasetError, match="must be a whole parquet file"):
        ParquetImages(tmp_path / "a.parquet")


def test_a_missing_column_is_an_error(tmp_path, make_parquet):
    make_parquet(tmp_path / "a.parquet", 2, image=..., other=[1, 2])
    with pytest.raises(DatasetError, match=r"column named image, .*Received: label, other"):
        ParquetImages(tmp_path / "a.parquet")
    make_parquet(tmp_path / "b.parquet", 2, labels=...)
    with pytest.raises(DatasetError, match=r"column named label, .*Received: image"):
        ParquetImages(tmp_path / "b.parquet").labels()


class TestLabels:
    def test_have_the_names_from_the_metadata(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 3)
        images = ParquetImages(tmp_path / "a.parquet")
        assert images.labels() == ["cat", "dog", "cat"]
        assert images.class_names() == ["cat", "dog"]

    @pytest.mark.parametrize(
        "content", ['["ape", "bee"]', '[["ape", "a large animal"], ["bee", "a small one"]]']
    )
    def test_have_the_names_from_the_file_beside(self, tmp_path, make_parquet, content):
        make_parquet(tmp_path / "a.parquet", 3, names=None)
        (tmp_path / "classes.json").write_text(content)
        assert ParquetImages(tmp_path / "a.parquet").labels() == ["ape", "bee", "ape"]

    @pytest.mark.parametrize("content", ["nonsense", "[[]]", "3", "{}", '"cat"', "[" * 9999])
    def test_are_an_error_if_the_file_beside_is_not_a_list_of_names(
        self, tmp_path, make_parquet, content
    ):
        make_parquet(tmp_path / "a.parquet", 3, names=None)
        (tmp_path / "classes.json").write_text(content)
        with pytest.raises(DatasetError, match="must be a list of class names"):
            ParquetImages(tmp_path / "a.parquet").labels()

    def test_stay_as_they_are_without_names(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 3, names=None)
        assert ParquetImages(tmp_path / "a.parquet").labels() == [0, 1, 0]

    def test_that_are_strings_stay_as_they_are(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 2, labels=["x", "y"])
        assert ParquetImages(tmp_path / "a.parquet").labels() == ["x", "y"]

    @pytest.mark.parametrize(
        "metadata",
        [
            *(b"nonsense", b"[]", b'{"info": 3}', b"[" * 100_000),
            *(NAMED % b"3", NAMED % b'"ab"', NAMED % b"[{}, []]", NAMED % rb'["\ud800", "b"]'),
        ],
    )
    def test_ignore_metadata_of_another_form(self, tmp_path, make_parquet, metadata):
        import pyarrow.parquet as pq

        make_parquet(tmp_path / "a.parquet", 2, names=None)
        table = pq.read_table(tmp_path / "a.parquet").replace_schema_metadata(
            {"huggingface": metadata}
        )
        pq.write_table(table, tmp_path / "a.parquet")
        assert ParquetImages(tmp_path / "a.parquet").labels() == [0, 1]

    def test_outside_the_names_are_an_error(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 2, labels=[0, -1])
        with pytest.raises(DatasetError, match=r"must be 0 to 1.*Received: -1"):
            ParquetImages(tmp_path / "a.parquet").labels()

    def test_must_have_different_names(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 2, names=["cat", "cat"])
        with pytest.raises(DatasetError, match=r"must differ\. Received: 'cat' twice"):
            ParquetImages(tmp_path / "a.parquet").labels()

    @pytest.mark.parametrize(
        "kind",
        [
            *("list<string>", "struct<a: string>", "map<string, string>", "list<list<int32>>"),
            "fixed_size_binary[4]",
        ],
    )
    def test_of_several_values_are_refused_unread(self, tmp_path, make_parquet, monkeypatch, kind):
        make_parquet(tmp_path / "a.parquet", 1, labels=_array(kind))
        monkeypatch.delattr(ParquetColumns, "batches")
        with pytest.raises(DatasetError, match="must hold one label in each row"):
            ParquetImages(tmp_path / "a.parquet").labels()

    def test_that_are_books_are_refused_before_all_are_read(
        self, tmp_path, make_parquet, monkeypatch
    ):
        labels = ["cat", "dog", "x" * 501, *["y" * 100_000] * 1000]
        make_parquet(tmp_path / "a.parquet", len(labels), labels=labels, group=3, names=None)
        read = []
        batches = ParquetColumns.batches
        monkeypatch.setattr(
            ParquetColumns,
            "batches",
            lambda columns, group, *path: read.append(group) or batches(columns, group, *path),
        )
        with pytest.raises(DatasetError, match=r"at most 500 characters.*Received: 'xxx.*row 2"):
            ParquetImages(tmp_path / "a.parquet").labels()
        assert read == [0]

    def test_of_a_dictionary_are_made_once(self, tmp_path, make_parquet):
        pyarrow = pytest.importorskip("pyarrow")
        labels = pyarrow.array(["a", "b", "a"]).dictionary_encode()
        make_parquet(tmp_path / "a.parquet", 3, labels=labels, names=None)
        found = ParquetImages(tmp_path / "a.parquet").labels()
        assert found == ["a", "b", "a"]
        assert found[0] is found[2]

    def test_in_a_damaged_group_are_an_error(self, tmp_path, make_parquet):
        path = tmp_path / "a.parquet"
        make_parquet(path, 40, labels=[f"class {n}" for n in range(40)], names=None)
        data = path.read_bytes()
        first = data.index(b"class")  # where it is depends on the version of pyarrow
        path.write_bytes(data[: first - 20] + bytes(60) + data[first + 40 :])
        with pytest.raises(DatasetError, match="must be a whole parquet file"):
            ParquetImages(path).labels()

    def test_must_be_in_every_row(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 3, labels=[0, None, 1])
        with pytest.raises(DatasetError, match=r"Received: None \(row 1 of .*a\.parquet\)"):
            ParquetImages(tmp_path / "a.parquet").labels()


def test_the_error_without_pyarrow_names_the_extra(tmp_path, make_parquet, monkeypatch):
    make_parquet(tmp_path / "a.parquet", 1)
    real = builtins.__import__

    def fail(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(MissingExtra, match=r'pip install "\.\[parquet\]"'):
        ParquetImages(tmp_path / "a.parquet")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 10_000) | st.none(),
)
def test_whatever_is_damaged_is_refused_in_words(whole_parquet, changes, length):
    data = bytearray(whole_parquet.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path = whole_parquet.with_name("damaged.parquet")
    path.write_bytes(data[:length])
    with contextlib.suppress(DatasetError):
        images = ParquetImages(path)
        for source in images.sources():
            with contextlib.suppress(ImageError):
                source.read()
        images.labels()


@pytest.fixture(scope="module")
def whole_parquet(tmp_path_factory, make_parquet):
    path = tmp_path_factory.mktemp("parquet") / "whole.parquet"
    make_parquet(path, 6)
    return path


NAMES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner),
    max_leaves=4,
)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=20) | NAMES.map(lambda names: json.dumps(names).encode()))
def test_any_names_of_labels_are_read_or_refused(whole_parquet, names):
    import pyarrow.parquet as pq

    path = whole_parquet.with_name("named.parquet")
    for metadata in (names, NAMED % names):
        table = pq.read_table(whole_parquet).replace_schema_metadata({"huggingface": metadata})
        pq.write_table(table, path)
        (path.parent / "classes.json").write_bytes(names)
        with contextlib.suppress(DatasetError):
            assert len(ParquetImages(path).labels()) == 6


def _array(kind):
    """Return an array of Arrow of one value, which is of the type."""
    pa = pytest.importorskip("pyarrow")
    held = pa.struct([("bytes", pa.binary())])
    value, as_arrow = {
        "list<struct<bytes: binary>>": ([{"bytes": b"x"}], pa.list_(held)),
        "struct<bytes: list<binary>>": (
            {"bytes": [b"x"]},
            pa.struct([("bytes", pa.list_(pa.binary()))]),
        ),
        "struct<bytes: struct<bytes: binary>>": ({"bytes": None}, pa.struct([("bytes", held)])),
        "list<bytes: binary>": ([b"x"], pa.list_(pa.field("bytes", pa.binary()))),
        "string": ("x", pa.string()),
        "fixed_size_binary[4]": (b"1234", pa.binary(4)),
        "list<string>": (["x"], pa.list_(pa.string())),
        "struct<a: string>": ({"a": "x"}, pa.struct([("a", pa.string())])),
        "map<string, string>": ([("x", "y")], pa.map_(pa.string(), pa.string())),
        "list<list<int32>>": ([[1]], pa.list_(pa.list_(pa.int32()))),
    }[kind]
    return pa.array([value], as_arrow)
