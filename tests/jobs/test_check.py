"""`headstart.check` as Python calls it."""

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.errors import DatasetError, UsageError
from headstart.jobs.check import check_outputs


def write(path, seed, shade=0):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 200, (6, 8, 3)) + shade
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(coarse.astype(np.uint8))
    image.resize((64, 48), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def folder(tmp_path):
    """A folder of two classes with a copy in each split, a broken file and a blank image."""
    for number in range(12):
        write(tmp_path / "pets" / "train" / "cat" / f"{number}.png", number)
        write(tmp_path / "pets" / "train" / "dog" / f"{number}.png", 100 + number, 50)
        write(tmp_path / "pets" / "test" / "cat" / f"{number}.png", 200 + number)
        write(tmp_path / "pets" / "test" / "dog" / f"{number}.png", 300 + number, 50)
    test = tmp_path / "pets" / "test"
    (test / "cat" / "0.png").write_bytes((test / "../train/cat/3.png").read_bytes())
    (test / "dog" / "1.png").write_bytes(b"<html>")
    Image.new("RGB", (64, 48), "white").save(test / "dog" / "2.png")
    return tmp_path / "pets"


def test_a_dataset_is_checked_with_the_features_of_a_network(folder, tiny_network):
    progress = Recorder()
    found = hs.check(folder, backbone=tiny_network, progress=progress)
    assert found.finding("across-splits").figures["copies"] == 1
    assert found.finding("unreadable").suspects[0].source.name.endswith("1.png")
    assert found.finding("blank").suspects[0].label == "dog"
    assert found.network == "tiny"
    assert "outliers" not in {each.check for each in found.not_run}
    assert "48 images (24 train, 24 test)" in progress.said[0]
    assert progress.bars[0] == ["measuring", 48, "image", 48]


def test_a_quick_check_asks_no_network(folder):
    found = hs.check(folder, backbone="vgg16", quick=True, progress=hs.NoProgress())
    assert (found.network, found.to_dict()["network"]) == ("", None)
    assert {"wrong-labels", "outliers"} <= {each.check for each in found.not_run}


def test_what_is_dropped_is_gone_from_the_list(folder, tmp_path):
    found = hs.check(folder, quick=True, progress=hs.NoProgress())
    assert found.write_fix(tmp_path / "pets.csv") == {"keep": 45, "relabel": 0, "drop": 3}
    again = hs.check(tmp_path / "pets.csv", quick=True, progress=hs.NoProgress())
    assert len(again.dataset) == 45
    assert {"across-splits", "unreadable", "blank"} <= set(again.passed)


def test_pairs_that_are_no_copies_are_read_from_a_file(tmp_path):
    write(tmp_path / "pets" / "cat" / "1.png", 0)
    with Image.open(tmp_path / "pets" / "cat" / "1.png") as image:
        image.resize((96, 72)).save(tmp_path / "pets" / "cat" / "2.png")
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("image,other\ncat/1.png,cat/2.png\n")
    quiet = {"quick": True, "progress": hs.NoProgress()}
    assert hs.check(tmp_path / "pets", **quiet).finding("near-copies")
    assert not hs.check(tmp_path / "pets", not_duplicates=pairs, **quiet).finding("near-copies")


def test_a_pair_of_images_and_labels_is_a_dataset(tiny_network):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (40, 40, 3)).astype(np.uint8) for _ in range(4)]
    found = hs.check(([*images, b""], [0, 0, 1, 1, 1]), backbone=tiny_network)
    assert found.folder is None
    assert found.finding("unreadable").suspects[0].label == 1


def test_a_dataset_of_which_nothing_can_be_read_is_reported(tiny_network):
    found = hs.check(([b"", b"x"], ["a", "b"]), backbone=tiny_network)
    assert found.finding("unreadable").figures["share"] == 1


def test_what_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(DatasetError):
        hs.check(tmp_path / "nowhere", quick=True)
    with pytest.raises(UsageError):
        hs.check(([b""], ["a"]), backbone="resnet51")
    with pytest.raises(DatasetError, match="at least 1 class"):
        hs.check(([], []), quick=True)


def test_outputs_are_checked_before_work(folder, tmp_path):
    check_outputs(folder, sheets=tmp_path / "sheets", fix=tmp_path / "list.csv")
    with pytest.raises(UsageError, match="The sheets must"):
        check_outputs(folder, sheets=folder / "sheets", fix=None)
    with pytest.raises(UsageError, match="The list must"):
        check_outputs(folder, sheets=None, fix=folder / "list.csv")
