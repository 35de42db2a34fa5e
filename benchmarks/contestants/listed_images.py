"""Read what a dataset holds, without reading its images."""

import argparse
import json
import time
from pathlib import Path

from entry import peak_mib

from headstart.data.datasets import read_dataset


def main() -> None:
    """Read the dataset, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    options = parser.parse_args()
    before, began, processor = peak_mib(), time.perf_counter(), time.process_time()
    images = read_dataset(options.dataset)
    record = {
        "images": len(images),
        "classes": len(images.classes),
        "wall": time.perf_counter() - began,
        "processor": time.process_time() - processor,
        # A small dataset fits into what the interpreter holds already.
        "mib": max(peak_mib() - before, 1),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
