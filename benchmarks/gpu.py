r"""Measure what headstart makes of a GPU, with the bound of each figure in the same run.

    python benchmarks/gpu.py --photos PHOTOS --out results/
    python benchmarks/gpu.py --only accuracy --cifar10 cifar10/ \
        --weights mobilenet_v2_imagenet.weights.h5 --minutes 10 --out results/
    python benchmarks/gpu.py --photos PHOTOS --device cpu --quick --out try/

Parts:

- folder: photos end to end; reading alone in processes, the engine alone, torch by itself
- features: frozen features of CIFAR-10, with the same bounds
- image: one photo, with the GPU at hand and without
- steps: fine-tuning all of MobileNetV2; plain Keras on each backend, plain torch
- epoch: the same on CIFAR-10, and torch's steps
- accuracy: a CIFAR-10 training as good as a few minutes allow
- mini: the bundled backbone trained again

Each contestant is a process of its own. A part that fails says why, and the others go on. What is
measured is written after each part. Weights are random, which is as fast as real ones, unless
accuracy is measured. `--minutes` ends a run in time where commands are limited. `--work` keeps
converted networks, and what `mini` has trained, for the next run. `--device cpu --quick` tries
everything without a GPU and judges nothing. Writes ``gpu.json`` and ``gpu.md`` into `--out`.
"""

import argparse
import dataclasses
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gpu_predicting
import gpu_training
import machine
import table
from finding import Finding, Missing
from gpu_settings import BACKENDS, QUICK, GpuSettings, Sizes
from settings import Failed, Processes, say

Part = Callable[[GpuSettings], Iterator[Finding | Missing]]

PARTS: dict[str, Part] = {
    "folder": gpu_predicting.folder,
    "features": gpu_predicting.features,
    "image": gpu_predicting.image,
    "steps": gpu_training.steps,
    "epoch": gpu_training.epoch,
    "accuracy": gpu_training.accuracy,
    "mini": gpu_training.mini,
}
NEEDS = {
    "folder": ("photos",),
    "features": ("cifar10",),
    "image": ("photos",),
    "epoch": ("cifar10",),
    "accuracy": ("cifar10", "weights"),
    "mini": ("tiny_imagenet", "weights"),
}


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed or a part failed."""
    parser = _parser()
    options = parser.parse_args()
    parts = _parts(options, parser)
    described = machine.describe()
    measured: dict[str, list[Finding]] = {}
    missing: list[Missing] = []
    with tempfile.TemporaryDirectory() as temporary:
        try:
            settings = _settings(options, options.work or Path(temporary), described)
        except Failed as error:
            parser.error(str(error))
        for name in parts:
            say(f"{name}: {settings.seconds_left:.0f} s left")
            measured[name] = []
            for found in _measured(name, settings):
                if isinstance(found, Missing):
                    missing.append(found)
                else:
                    measured[name].append(_unjudged(found) if options.quick else found)
            text = _write(options.out, described, measured, missing)
    print(text)
    rows = (row for rows in measured.values() for row in rows)
    return int(bool(missing) or any(row.reached is False for row in rows))


def _measured(name: str, settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Yield what a part finds, and why it fails if it does."""
    if settings.seconds_left <= 0:
        yield Missing(name, "the time of --minutes was used up before")
        return
    try:
        yield from PARTS[name](settings)
    except Failed as error:
        yield Missing(name, str(error))


def _unjudged(found: Finding) -> Finding:
    return dataclasses.replace(found, at_least=None, at_most=None)


def _write(
    out: Path,
    described: dict[str, Any],
    measured: dict[str, list[Finding]],
    missing: list[Missing],
) -> str:
    """Write what is known so far, and return the text."""
    text = table.render(described, measured, missing)
    measures = {name: [row.to_dict() for row in rows] for name, rows in measured.items()}
    lacking = [dataclasses.asdict(each) for each in missing]
    record = {"machine": described, "measures": measures, "missing": lacking}
    table.write(out / "gpu", record, text)
    return text


def _parts(options: argparse.Namespace, parser: argparse.ArgumentParser) -> list[str]:
    """Return the parts to measure: those asked for, or all whose data were given."""
    lacking = {
        part: [f"--{name.replace('_', '-')}" for name in names if getattr(options, name) is None]
        for part, names in NEEDS.items()
    }
    for part in options.only or ():
        if lacking.get(part):
            parser.error(f"the part {part} needs {' and '.join(lacking[part])}")
    for part, flags in lacking.items():
        if flags and not options.only:
            say(f"{part}: left out, it needs {' and '.join(flags)}")
    return [part for part in options.only or PARTS if not lacking.get(part)]


def _settings(options: argparse.Namespace, work: Path, described: dict[str, Any]) -> GpuSettings:
    """Return the settings; add to the description of the machine which GPU it has."""
    until = time.monotonic() + 60 * options.minutes
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    found = Processes(work=work, until=until).run("gpus")
    gpus = {name: gpu for name, gpu in found["gpus"].items() if gpu is not None}
    if options.device == "gpu" and "torch" not in gpus:
        raise Failed(
            "a GPU that torch can use must be there; 'headstart predict --device gpu' says what "
            f"is wrong. Received: {', '.join(gpus) or 'none'}. Try the rest with --device cpu"
        )
    described["gpu"] = next((gpu["name"] for gpu in gpus.values()), "")
    described["backend"] = found["backend"]
    on_gpu = options.device == "gpu"
    given = {
        name: options.__dict__[name] and options.__dict__[name].resolve()
        for name in ("photos", "cifar10", "tiny_imagenet", "vehicles", "weights")
    }
    return GpuSettings(
        work=work,
        until=until,
        device=options.device,
        torch_device=gpus["torch"]["kind"] if on_gpu else "cpu",
        precision="bf16" if on_gpu and gpus["torch"]["has_bf16"] else "f32",
        backends=tuple(
            name for name in BACKENDS if name in (gpus if on_gpu else found["installed"])
        ),
        backend=found["backend"],
        models=tuple(options.models),
        sizes=QUICK if options.quick else Sizes(),
        repeats=1 if options.quick else options.repeats,
        seconds=1 if options.quick else options.seconds,
        **given,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="folder of photos")
    parser.add_argument("--cifar10", type=Path, help="folder with CIFAR-10 as parquet files")
    parser.add_argument(
        "--tiny-imagenet", type=Path, help="the same with Tiny ImageNet, for 'mini'"
    )
    parser.add_argument("--vehicles", type=Path, help="folder of class folders, for 'mini'")
    parser.add_argument("--weights", type=Path, help="ImageNet weights of MobileNetV2 for Keras")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts to measure (default: all)")
    parser.add_argument(
        "--models", nargs="+", choices=("mobilenet_v2", "resnet50"),
        default=["mobilenet_v2", "resnet50"], help="networks of 'folder' (default: both)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--quick", action="store_true", help="little of everything, no goals")
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument(
        "--seconds", type=float, default=5, help="time of each contestant in a round (default: 5)"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="end after so long (default: no limit)"
    )
    parser.add_argument(
        "--work", type=Path, help="folder that keeps converted networks and trainings between runs"
    )
    parser.add_argument("--out", type=Path, default=Path("results"), help="(default: results)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
