r"""Compare headstart with Keras, ONNX Runtime and the bound of the machine.

    python benchmarks/run.py --photos PHOTOS --weights mobilenet_v2_imagenet.weights.h5 \
        --labelled vehicles/ --parquet cifar10/*.parquet --out results/

Each contestant runs in its own process. All of them take turns, round after round, and a ratio
compares two measurements of the same round. Writes ``results.json`` and ``results.md`` into `--out`
and prints the tables. Needs ``pip install --group benchmark ".[finetune,parquet]"`` and a machine
that does nothing else.
"""

import argparse
import tempfile
from pathlib import Path

import agreement
import cache
import folder
import machine
import start
import table
import training
from settings import Settings

GROUPS = {
    "folder": folder,
    "agreement": agreement,
    "start": start,
    "training": training,
    "cache": cache,
}


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        settings = _settings(options, options.work or Path(temporary))
        described = machine.describe()
        found = {name: list(GROUPS[name].measure(settings)) for name in _groups(options)}
    text = table.render(described, found)
    measures = {name: [row.to_dict() for row in rows] for name, rows in found.items()}
    record = {"machine": described, "model": options.model, "measures": measures}
    table.write(options.out / "results", record, text)
    print(text)
    return int(any(row.reached is False for rows in found.values() for row in rows))


def _groups(options: argparse.Namespace) -> list[str]:
    missing = {
        "training": options.labelled is None,
        "cache": not options.parquet,
    }
    return [name for name in options.only or GROUPS if not missing.get(name)]


def _settings(options: argparse.Namespace, work: Path) -> Settings:
    work.mkdir(parents=True, exist_ok=True)
    return Settings(
        photos=options.photos.resolve(),
        weights=options.weights.resolve(),
        model=options.model,
        labelled=options.labelled and options.labelled.resolve(),
        parquet=[file.resolve() for file in options.parquet],
        images=options.images,
        repeats=options.repeats,
        seconds=options.seconds,
        work=work.resolve(),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument(
        "--weights", type=Path, required=True, help="Keras weights file of the model"
    )
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--labelled", type=Path, help="folder of class folders, for 'training'")
    parser.add_argument("--parquet", type=Path, nargs="+", default=[], help="files for 'cache'")
    parser.add_argument(
        "--images", type=int, help="number of rows of the parquet files (default: all)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=GROUPS, help="groups to measure (default: all)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument(
        "--seconds", type=float, default=10, help="time of each contestant in a round (default: 10)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder that keeps converted networks between runs"
    )
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
