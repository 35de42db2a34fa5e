"""Fixtures that write datasets."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.images.odd_images import encoded


@pytest.fixture(scope="session")
def make_parquet():
    """Write `n` small images to a parquet file, as the ``datasets`` library does."""
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")

    def make(path, n, *, names=("cat", "dog"), labels=None, group=4, bare=False, **columns):
        cells = [encoded(Image.new("RGB", (5, 4), (i, 0, 0)), "PNG") for i in range(n)]
        images = cells if bare else [{"bytes": cell, "path": None} for cell in cells]
        table = {
            "image": images,
            "label": [i % 2 for i in range(n)] if labels is None else labels,
            **columns,
        }
        table = pyarrow.table({name: cells for name, cells in table.items() if cells is not ...})
        if names:
            features = {"label": {"names": list(names), "_type": "ClassLabel"}}
            metadata = json.dumps({"info": {"features": features}})
            table = table.replace_schema_metadata({"huggingface": metadata})
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, path, row_group_size=group)

    return make


@pytest.fixture(scope="session")
def make_images():
    """Write small, distinct images to paths below a folder."""

    def make(folder, *names):
        for number, name in enumerate(names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 5, 3), number % 256, np.uint8)).save(path)

    return make
