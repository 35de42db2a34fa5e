import contextlib
import os
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.datasets import read_dataset
from headstart.data.folders import MAX_DEPTH, read_folder
from headstart.errors import DatasetError, ImageUnreadable


def read(folder):
    skipped = Counter()
    tree = read_folder(os.fspath(folder), skipped)
    return tree, {path: source.name for path, source in tree.walk()}, dict(skipped)


def test_a_tree_of_names(tmp_path, make_images):
    make_images(tmp_path, "cat/10.png", "cat/9.png", "cat/old/1.png", "a.png")
    (tmp_path / "dog").mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("words")
    tree, images, skipped = read(tmp_path)
    assert images == {
        name: str(tmp_path / name) for name in ("a.png", "cat/9.png", "cat/10.png", "cat/old/1.png")
    }
    assert skipped == {"not an image": 1}
    cat, dog = tree.folders
    assert (tree.n_direct, cat.n_direct, cat.n_others, dog.n_direct) == (1, 2, 1, 0)
    assert (cat.holds_images(), dog.holds_images()) == (True, False)
    assert len(tree.images()) == 4


@pytest.mark.parametrize(
    "files",
    [
        ("model.json", "SHA256SUMS", "confusion.png"),
        ("backbone.json", "backbone.weights.h5", "curves.png"),
        ("network.json", "graph.xml", "x.png"),
    ],
)
def test_models_that_lie_among_the_images_are_skipped(tmp_path, make_images, files):
    make_images(tmp_path, "cat/1.png", "model.mistakes.png", "other.mistakes.png")
    (tmp_path / "model").mkdir()
    for name in files:
        (tmp_path / "model" / name).write_text("")
    _, images, skipped = read(tmp_path)
    assert list(images) == ["cat/1.png", "other.mistakes.png"]
    assert skipped == {"saved by headstart": 2}
    # Whoever names it, means it.
    assert list(read(tmp_path / "model")[1]) == [files[2]]


def test_checkpoints_of_a_training_are_skipped(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png", "model.training/views.png")
    (tmp_path / "model.training" / "settings.json").write_text("{}")
    _, images, skipped = read(tmp_path)
    assert list(images) == ["cat/1.png"]
    assert skipped == {"saved by headstart": 1}


def test_a_folder_far_down_is_not_opened(tmp_path, make_images):
    deep = "/".join(["d"] * (MAX_DEPTH + 2))
    make_images(tmp_path, "1.png", f"{deep}/2.png")
    tree, _, _ = read(tmp_path)
    first, last = tree.images()
    assert first.read()
    with pytest.raises(ImageUnreadable, match=f"more than {MAX_DEPTH} folders deep"):
        last.read()


def test_a_folder_that_is_seen_already_is_no_folder(tmp_path, make_images):
    make_images(tmp_path, "cat/1.png")
    (tmp_path / "dog").symlink_to(tmp_path / "cat")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    tree, images, skipped = read(tmp_path)
    assert list(images) == ["cat/1.png"]
    assert [folder.name for folder in tree.folders] == ["cat"]
    assert skipped == {"folder seen already": 1, "not an image": 1}


NAME = st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name)


@settings(max_examples=30, deadline=None)
@given(st.lists(NAME, min_size=1, max_size=5))
def test_folders_and_images_may_have_any_names(tmp_path_factory, names):
    """Systems differ in what they allow; whatever is there is read, counted or refused."""
    folder = tmp_path_factory.mktemp("any")
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            inner = folder / os.fsdecode(name)
            inner.mkdir()
            (inner / f"{inner.name}.png").write_bytes(b"x")
    skipped = Counter()
    found = read_folder(str(folder), skipped).images()
    assert len(found) + skipped.total() == len(list(folder.iterdir()))
    with contextlib.suppress(DatasetError):
        assert read_dataset(folder).in_words()
