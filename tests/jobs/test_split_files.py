import csv

import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.data.labelled_images import LabelledImages
from headstart.data.splits import ALWAYS_TRAINS
from headstart.errors import UsageError
from headstart.images.sources import as_source
from headstart.jobs.parts import Parts
from headstart.jobs.split_files import write_split_file


@pytest.mark.parametrize("test", [0.25, None])
def test_a_split_that_was_written_is_the_same_again(tiny_network, tmp_path, test):
    data = tmp_path / "data"
    for place in range(24):
        folder = data / ("odd" if place % 2 else "even")
        folder.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(place).integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).save(folder / f"p{place // 3}_{place}.png")
    file, again = tmp_path / "split.csv", tmp_path / "again.csv"
    options = {"backbone": tiny_network, "quick": True}
    first = hs.train(
        data, tmp_path / "m", test=test, group_by="*/{group}_*", write_split=file, **options
    )
    second = hs.train(file, tmp_path / "n", group_by="group", write_split=again, **options)
    assert second.evaluation.outcomes.names == first.evaluation.outcomes.names
    with file.open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    with again.open(encoding="utf-8") as table:
        assert list(csv.DictReader(table)) == rows
    tested = {row["group"] for row in rows if row["split"] == "test"}
    assert (len(rows), bool(tested)) == (24, test is not None)
    assert not tested & {row["group"] for row in rows if row["split"] == "train"}
    folds = [row["fold"] for row in rows]
    assert set(folds) == ({""} if test else {"1", "2", "3", "4", "5"})
    assert len({(row["group"], row["fold"]) for row in rows}) == 8
    assert sum(row["why"].startswith("stays with ") for row in rows) == 16
    with pytest.raises(UsageError, match="The split must be written outside"):
        hs.train(data, tmp_path / "o", write_split=data / "split.csv", **options)


def test_images_that_are_never_held_out_are_told(tmp_path):
    sources = [as_source(b"no image", place) for place in range(4)]
    images = LabelledImages(sources[:3], ["a", "a", "b"], ["a", "b"])
    valid = LabelledImages(sources[3:], ["b"], ["a", "b"])
    file = tmp_path / "split.csv"
    write_split_file(file, Parts(images, None, valid), np.array([0, 1, ALWAYS_TRAINS]))
    with file.open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert [row["split"] for row in rows] == ["train", "train", "train", "valid"]
    assert [row["fold"] for row in rows] == ["1", "2", "", ""]
    assert [row["why"].partition(":")[0] for row in rows] == ["", "", "never held out", ""]
