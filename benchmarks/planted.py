r"""Plant copies, wrong labels and broken files in a dataset, and count what `check` finds of them.

    python benchmarks/planted.py --dataset vehicles/ --model mobilenet_v2 --seeds 8 --out results/

Each seed copies the dataset and plants, on different images: 8 exact copies, 8 copies that are
re-encoded, resized, mirrored or cropped, 10 wrong labels and 5 broken files. A near copy is right
if it joins its original. A false duplicate joins images of which neither is a copy of the other.
`check` runs twice, each time in a process of its own: the first run fills the cache, the second one
is timed. Writes ``planted.json`` and ``planted.md`` into `--out`.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import machine
import table
from finding import Finding
from settings import Processes, say

EXACT, NEAR, WRONG, BROKEN, FIRST = 8, 8, 10, 5, 20


@dataclass
class Planted:
    """What was planted, by paths below the folder."""

    exact: dict[str, str] = field(default_factory=dict)
    near: dict[str, str] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)


def plant(source: Path, folder: Path, seed: int) -> Planted:
    """Copy a dataset of class folders into `folder`, plant faults, and return them."""
    shutil.copytree(source, folder)
    random = np.random.default_rng(seed)
    images = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = [images[n] for n in random.permutation(len(images))[: EXACT + NEAR + WRONG + BROKEN]]
    planted = Planted()
    for number, path in enumerate(chosen[:EXACT]):
        copy = path.with_name(f"exact{number}{path.suffix}")
        shutil.copyfile(path, copy)
        planted.exact[_name(copy, folder)] = _name(path, folder)
    for number, path in enumerate(chosen[EXACT : EXACT + NEAR]):
        change = CHANGES[number % len(CHANGES)]
        with Image.open(path) as image:
            changed = change(image.convert("RGB"), random)
        copy = path.with_name(f"near{number}.jpg")
        changed.save(copy, "JPEG", quality=70)
        planted.near[_name(copy, folder)] = _name(path, folder)
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    for path in chosen[EXACT + NEAR : EXACT + NEAR + WRONG]:
        other = random.choice([name for name in classes if name != path.parent.name])
        moved = path.rename(folder / str(other) / f"wrong-{path.name}")
        planted.wrong.add(_name(moved, folder))
    for number, path in enumerate(chosen[-BROKEN:]):
        data = path.read_bytes()
        breaks = (data[: len(data) // 2], b"", b"<html>not found</html>", data[: len(data) // 5])
        path.write_bytes(breaks[number % len(breaks)])
        planted.broken.add(_name(path, folder))
    return planted


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _encoded(image: Image.Image, _random: np.random.Generator) -> Image.Image:
    return image


def _resized(image: Image.Image, random: np.random.Generator) -> Image.Image:
    scale = random.uniform(0.4, 0.8)
    return image.resize((round(scale * image.width), round(scale * image.height)))


def _mirrored(image: Image.Image, _random: np.random.Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _cropped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    share = random.uniform(0.7, 0.9)
    left, top = (random.uniform(0, 1 - share, 2) * image.size).astype(int).tolist()
    return image.crop(
        (left, top, left + round(share * image.width), top + round(share * image.height))
    )


#: How near copies are made, in turn.
CHANGES: tuple[Callable[[Image.Image, np.random.Generator], Image.Image], ...] = (
    _encoded,
    _resized,
    _mirrored,
    _cropped,
)


def counts(found: dict[str, Any], planted: Planted, known: dict[str, str]) -> dict[str, int]:
    """Return how many planted faults `check --json` found, and how many duplicates are false.

    Parameters
    ----------
    found : dict
        What ``check --json`` printed, with paths below the folder.
    planted : Planted
    known : dict
        The file name of each image that was a copy before, and that of the first of its group.
    """
    images = {each["check"]: each["images"] for each in found["findings"]}
    first = {kind: _first(images.get(f"{kind}-copies", [])) for kind in ("exact", "near")}
    copies = planted.exact | planted.near

    def shown(path: str) -> str:
        """Return what an image shows: the name of the first image that it is a copy of."""
        name = Path(copies.get(path, path)).name.removeprefix("wrong-")
        return known.get(name, name)

    joined = [pair for pairs in first.values() for pair in pairs.items()]
    return {
        "exact copies": _joined(planted.exact, first["exact"]),
        "near copies": _joined(planted.near, first["exact"] | first["near"]),
        "wrong labels": len(
            planted.wrong.intersection(
                each["path"] for each in images.get("wrong-labels", [])[:FIRST]
            )
        ),
        "broken files": len(
            planted.broken.intersection(each["path"] for each in images.get("unreadable", []))
        ),
        "false duplicates": sum(shown(one) != shown(other) for one, other in joined),
    }


def _first(images: list[dict[str, Any]]) -> dict[str, str]:
    """Return the first image of the group that each image is in."""
    first: dict[int, str] = {}
    return {each["path"]: first.setdefault(each["group"], each["path"]) for each in images}


def _joined(pairs: dict[str, str], first: dict[str, str]) -> int:
    """Return how many pairs are in one group."""
    return sum(one in first and first[one] == first.get(other) for one, other in pairs.items())


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    described = machine.describe()
    with tempfile.TemporaryDirectory() as temporary:
        found = list(_measure(options, Path(temporary)))
    return table.publish("planted", "what check finds", described, found, options.out)


def _measure(options: argparse.Namespace, work: Path) -> Iterator[Finding]:
    processes = Processes(work=work)
    _, before = _checked(processes, options, options.dataset.resolve())
    images = {each["check"]: each["images"] for each in before["findings"]}
    first = _first(images.get("near-copies", [])) | _first(images.get("exact-copies", []))
    known = {Path(one).name: Path(other).name for one, other in first.items()}
    runs: list[dict[str, float]] = []
    for seed in range(options.seeds):
        folder = work / str(seed)
        planted = plant(options.dataset, folder, seed)
        _checked(processes, options, folder)
        seconds, found = _checked(processes, options, folder)
        runs.append({**counts(found, planted, known), "warm": seconds})
        say(f"seed {seed}: {runs[-1]}")
        shutil.rmtree(folder)
    least = {
        "exact copies": EXACT,
        "near copies": NEAR - 1,
        "wrong labels": 7,
        "broken files": BROKEN,
    }
    for what, goal in least.items():
        yield Finding(what, "", [run[what] for run in runs], at_least=goal)
    yield Finding("false duplicates", "", [run["false duplicates"] for run in runs], at_most=2)
    yield Finding("warm", "s", [run["warm"] for run in runs], at_most=10)


def _checked(
    processes: Processes, options: argparse.Namespace, folder: Path
) -> tuple[float, dict[str, Any]]:
    words = ("check", folder, "--model", options.model, "--json", "--quiet")
    seconds, printed = processes.timed(*processes.headstart(*words))
    found = json.loads(printed)
    for finding in found["findings"]:
        for image in finding["images"]:
            image["path"] = _name(Path(image["path"]), folder)
    return seconds, found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, help="a folder of class folders")
    parser.add_argument("--model", default="mobilenet_v2", help="(default: mobilenet_v2)")
    parser.add_argument("--seeds", type=int, default=8, help="(default: 8)")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
