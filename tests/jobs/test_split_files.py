import csv

import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.errors import UsageError


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
    tested = {row["group"] for row in rows if row["split"] == "test"}
    assert (len(rows), bool(tested)) == (24, test is not None)
    assert not tested & {row["group"] for row in rows if row["split"] == "train"}
    with pytest.raises(UsageError, match="The split must be written outside"):
        hs.train(data, tmp_path / "o", write_split=data / "split.csv", **options)
