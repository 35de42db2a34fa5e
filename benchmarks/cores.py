r"""Measure how reading, inference and both together grow with the cores, beside their bound.

    python benchmarks/cores.py --photos PHOTOS --weights mobilenet_v2_imagenet.weights.h5 \
        --out results/

With 1, 2, 4, ... and all cores, photos are decoded in threads and in processes that share nothing,
read by headstart's reader, run through the network alone, and predicted end to end. The bound is
1/(1/decoding in processes + 1/inference). Each contestant has a process of its own, which may use
so many cores, and all take turns, round after round. Writes ``cores.json`` and ``cores.md`` into
`--out`. Needs Linux, and a machine that does nothing else.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import machine
import table
from finding import Finding, ratios
from rounds import column, in_turn
from settings import Settings, say

THREADS = "decoding in threads"
PROCESSES = "decoding in processes"
READING = "headstart's reader alone"
INFERENCE = "inference alone"
WHOLE = "headstart, folder of photos"
# What of the bound is to be reached with all cores.
GOAL = 0.85


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    cores = _in_order(os.sched_getaffinity(0))
    counts = sorted(set(options.cores or _doubled(len(cores))))
    if not 1 <= counts[0] <= counts[-1] <= len(cores):
        sys.exit(f"--cores must be from 1 to {len(cores)}. Received: {options.cores}.")
    described = machine.describe()
    found: list[Finding] = []
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            photos=options.photos.resolve(), weights=options.weights.resolve(),
            model=options.model, labelled=None, parquet=[], images=None,
            repeats=options.repeats, seconds=options.seconds, work=work,
        )  # fmt: skip
        for n in counts:
            with _only(cores[:n]):
                found += _measure(settings, n, options.precision, goal=n == counts[-1])
    title = f"{options.model}, {options.precision}"
    return table.publish("cores", title, described, found, options.out)


def _measure(settings: Settings, n: int, precision: str, *, goal: bool) -> Iterator[Finding]:
    """Run all contestants in turn on `n` cores."""
    where = f"{n} cores" if n > 1 else "1 core"
    say(where)
    workers, how = ("--workers", str(n)), ("--precision", precision, "--device", "cpu")
    commands = {
        THREADS: ("decode_by_workers", *workers, "--threads"),
        PROCESSES: ("decode_by_workers", *workers),
        READING: ("decode_alone",),
        INFERENCE: ("inference_alone", *how),
        WHOLE: ("headstart_folder", *how),
    }
    records = in_turn(settings.compete, commands, settings.repeats)
    rates = column(records)
    for name, runs in rates.items():
        yield Finding(f"{where}: {name}", "images/s", runs, details=records[name][0])
    pairs = zip(rates[PROCESSES], rates[INFERENCE], strict=True)
    bound = [1 / (1 / decoding + 1 / inference) for decoding, inference in pairs]
    yield Finding(f"{where}: the bound", "images/s", bound)
    share = ratios(rates[WHOLE], bound)
    what = f"{where}: {WHOLE}, against the bound"
    yield Finding(what, "x", share, at_least=GOAL if goal else None)


@contextlib.contextmanager
def _only(cores: list[int]) -> Iterator[None]:
    """Let this process, and those that it starts, use some cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _in_order(cores: set[int]) -> list[int]:
    """Return the cores so that each physical core comes once before any comes twice."""

    def turn(core: int) -> tuple[int, int]:
        topology = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
        text = topology.read_text() if topology.exists() else str(core)
        return _listed(text).index(core), core

    return sorted(cores, key=turn)


def _listed(text: str) -> list[int]:
    """Return the numbers of a list as Linux writes it, such as ``0,8`` or ``0-1,4``."""
    spans = [[int(end) for end in span.split("-")] for span in text.strip().split(",")]
    return [number for span in spans for number in range(span[0], span[-1] + 1)]


def _doubled(n: int) -> list[int]:
    """Return 1, 2, 4, ... below `n`, and `n`."""
    return [2**power for power in range(n.bit_length()) if 2**power < n] + [n]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument(
        "--weights", type=Path, required=True, help="Keras weights file of the model"
    )
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument(
        "--cores", type=int, nargs="+", help="numbers of cores (default: 1, 2, 4, ... and all)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument(
        "--seconds", type=float, default=5, help="time of each contestant in a round (default: 5)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder that keeps converted networks between runs"
    )
    parser.add_argument("--out", type=Path, default=Path("results"), help="(default: results)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
