"""Tables and archives of a few bytes that stand for gigabytes: read within limits, or refused."""

from collections import Counter

import pytest
from tests.attacks.limits import Trial, Tries

import headstart as hs
from headstart.errors import ImageError

# Of the images, so many are read: each of them may be one of a group that is too large.
_READ = 300


class ReadAll(Trial):
    """Read a dataset, and as many images as there may be in a group."""

    def answer(self, path):
        found = hs.read_dataset(path)
        kinds: Counter[str] = Counter()
        for source in found.sources[:_READ]:
            try:
                kinds[f"{len(source.read())} bytes"] += 1
            except ImageError as error:
                kinds[type(error).__name__] += 1
        return len(found), kinds


def repeated(kind, cell, n):
    """Return a column of equal cells, which takes little memory."""
    pa = pytest.importorskip("pyarrow")
    return pa.chunked_array([pa.array([cell] * 100, kind)] * (n // 100))


def written(path, images, labels, **settings):
    """Write a parquet file whose column is as small as can be, and return its path."""
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(
        pa.table({"image": images, "label": labels}),
        path,
        **{
            "compression": "zstd",
            "compression_level": 3,
            "dictionary_pagesize_limit": 2**30,
            "row_group_size": 2**30,
            "write_statistics": False,
            **settings,
        },
    )
    return path


@pytest.fixture
def parquet_bombs(tmp_path):
    """Parquet files that expand to 2 GB, by kind; those of 40 GB take minutes to write."""
    pa = pytest.importorskip("pyarrow")
    n, cell, text = 2_000, bytes(1_000_000), "a" * 1_000_000
    flat, field = pa.binary(), pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    bare = repeated(flat, cell, n)
    held = repeated(field, {"bytes": cell, "path": None}, n)
    beside = repeated(field, {"bytes": b"x", "path": text}, n)
    few, labels = repeated(flat, b"x", n), [i % 2 for i in range(n)]
    several = repeated(pa.list_(pa.string()), [text], n)
    delta = {"use_dictionary": False, "column_encoding": {"image": "DELTA_BYTE_ARRAY"}}
    return {
        "images": written(tmp_path / "images.parquet", bare, labels),
        "images in small groups": written(
            tmp_path / "groups.parquet", bare, labels, row_group_size=200
        ),
        "images in a field": written(tmp_path / "field.parquet", held, labels),
        "paths beside them": written(tmp_path / "paths.parquet", beside, labels),
        "labels": written(tmp_path / "labels.parquet", few, repeated(pa.string(), text, n)),
        "lists of labels": written(tmp_path / "lists.parquet", few, several),
        "prefixes": written(tmp_path / "prefixes.parquet", bare, labels, **delta),
        "pages": written(tmp_path / "pages.parquet", bare, labels, use_dictionary=False),
    }


@pytest.mark.slow
def test_parquet_files_that_expand_to_gigabytes(tmp_path, parquet_bombs, attacked):
    usual = written(tmp_path / "usual.parquet", [b"x", b"y"], ["cat", "dog"])
    sizes = {kind: path.stat().st_size for kind, path in parquet_bombs.items()}
    assert max(sizes.values()) < 200_000
    assert sizes["images"] < 1_200
    with Tries(ReadAll()) as tries:
        outcomes = {kind: tries(path, usual) for kind, path in parquet_bombs.items()}
    attacked("bombs in tables", len(outcomes))
    assert {kind: each.said for kind, each in outcomes.items() if each.verdict == "failed"} == {}
    refused = [kind for kind, each in outcomes.items() if each.verdict == "refused"]
    assert refused == ["labels", "lists of labels"]
    for kind in ("images", "images in a field", "prefixes", "pages"):
        assert "'ImageTooLarge': 300" in outcomes[kind].said
    assert "'1 bytes': 300" in outcomes["paths beside them"].said
    assert "'1000000 bytes': 300" in outcomes["images in small groups"].said
