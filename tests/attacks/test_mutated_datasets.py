"""Damaged and hostile tables, parquet files and zip archives: read or refused."""

import csv
import io
import json
import zipfile

import pytest
from tests.attacks.limits import Trial
from tests.images.odd_images import encoded, photo

import headstart as hs
from headstart.images.reader import load
from headstart.images.resizing import Resize

LABELS = ("red", "grün", "blue")
ROWS = [(f"{i}.png", LABELS[i % 3], ("train", "test")[i % 2]) for i in range(12)]
# A mutant that lists thousands of images need not have all of them read.
_READ = 20


class ReadDataset(Trial):
    """Read a labelled dataset and some of its images."""

    def prepare(self):
        self._resize = Resize("squash", 32, 32)

    def answer(self, path):
        found = hs.read_dataset(path)
        loaded = [load(i, source, self._resize) for i, source in enumerate(found.sources[:_READ])]
        pixels = [str(item.error) if item.error else item.pixels.tobytes() for item in loaded]
        return found.labels, found.classes, found.split, found.layout, pixels


def image(i):
    return encoded(photo(16, 12, seed=i), "PNG")


def fill(folder):
    """Write the images that a table lists."""
    folder.mkdir()
    for i, (name, _, _) in enumerate(ROWS):
        (folder / name).write_bytes(image(i))
    return folder


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Folders of images with a table, by the kind of table."""
    place = tmp_path_factory.mktemp("tables")
    for kind, dialect in (("csv", "excel"), ("tsv", "excel-tab")):
        file = io.StringIO()
        csv.writer(file, dialect).writerows([("path", "label", "split"), *ROWS])
        (fill(place / kind) / f"labels.{kind}").write_text(file.getvalue(), "utf-8")
    objects = [{"path": path, "label": label, "split": split} for path, label, split in ROWS]
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in objects)
    (fill(place / "jsonl") / "labels.jsonl").write_text(lines, "utf-8")
    return place


@pytest.fixture(scope="module")
def parquets(tmp_path_factory):
    """Parquet files: bytes alone, or as the Hugging Face ``datasets`` library writes them."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    folder = tmp_path_factory.mktemp("parquet")
    images = [image(i) for i in range(12)]
    plain = pa.table({"image": images, "label": [row[1] for row in ROWS]})
    parquet.write_table(plain, folder / "plain.parquet", row_group_size=4)
    parquet.write_table(plain, folder / "gzip.parquet", compression="gzip")
    structs = [{"bytes": data, "path": None} for data in images]
    rich = pa.table({"image": structs, "label": [i % 3 for i in range(12)]})
    features = {"label": {"names": list(LABELS), "_type": "ClassLabel"}}
    said = json.dumps({"info": {"features": features}})
    rich = rich.replace_schema_metadata({"huggingface": said})
    parquet.write_table(rich, folder / "rich.parquet", compression="none")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Zip archives with class folders, packed and not."""
    folder = tmp_path_factory.mktemp("zips")
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(folder / f"{packing}.zip", "w", packing) as file:
            for i, (name, label, split) in enumerate(ROWS):
                file.writestr(f"{split}/{label}/{name}", image(i))
    return sorted(folder.iterdir())


def test_tables(tables, fuzz):
    files = [f"labels.{kind}" for kind in ("csv", "tsv", "jsonl")]
    folders = sorted(tables.iterdir())
    fuzz("mutated tables", ReadDataset(), folders, n=60, files=files, others=True)


def test_parquet(parquets, fuzz):
    fuzz("mutated parquet files", ReadDataset(), parquets, n=60, others=True)


def test_archives(archives, fuzz):
    fuzz("mutated zip archives", ReadDataset(), archives, n=60, forge=True, others=True)
