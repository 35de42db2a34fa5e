"""Parts of `gpu.py`: networks that learn."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finding import Finding, Missing
from gpu_settings import GpuSettings, lacking, rows, share
from rounds import column
from settings import Failed, say

MODEL = "mobilenet_v2"
EAGER, COMPILED = "plain torch, eager", "plain torch, compiled"
# The share of the training images of CIFAR-10 in the validation set.
VALIDATION = 0.02
CIFAR10 = (
    *(
        "--fine-tune",
        "all",
        "--mirror",
        "--label-smoothing",
        "0.1",
        "--validation",
        str(VALIDATION),
    ),
    *("--crop", "0.64", "--aspect", "1.15", "--colour", "0"),
)
EPOCH = ("--size", "128", "--view-size", "120", "--epochs", "4", "--learning-rate", "1e-4")
# Chosen by computing how long they take; no GPU was at hand to try others.
ACCURATE = (
    *("--size", "192", "--view-size", "176", "--epochs", "10", "--batch-size", "128"),
    *("--learning-rate", "4e-4"),
)
# As the first one was made, but with what docs/pretraining.md says would make it better.
MINI = (
    *("--teacher", MODEL, "--teacher-size", "160", "--epochs", "32"),
    *("--crop", "0.6", "--colour", "0"),
)


def steps(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Measure training steps of a whole network, and those of plain Keras and plain torch."""
    sizes = settings.sizes
    size = (
        "--batch", str(sizes.step_batch), "--size", str(sizes.step_size),
        "--steps", str(sizes.steps),
    )  # fmt: skip
    commands: dict[str, tuple[str | Path, ...]] = {
        EAGER: ("torch_steps", *settings.of_torch(MODEL), *size),
        COMPILED: ("torch_steps", *settings.of_torch(MODEL), *size, "--compile"),
    }
    precision = ("--precision", settings.precision)
    weights = settings.random_weights(MODEL)
    for backend in settings.backends:
        commands[_keras(backend)] = (
            "keras_steps", "--model", MODEL, "--backend", backend, *precision, *size,
        )  # fmt: skip
        commands[_ours(backend)] = (
            "headstart_steps", "--model", MODEL, "--weights", weights, "--backend", backend,
            "--device", settings.device, *precision, *size,
        )  # fmt: skip
    failed: dict[str, str] = {}
    records = settings.in_turn(commands, failed)
    rates = column(records)
    yield from rows(rates, "images/s", records)
    chosen = _ours(settings.backend)
    yield from share(rates, chosen, (_keras("jax"),), 0.9)
    yield from share(rates, chosen, (EAGER,), 0.9)
    yield from lacking(failed)


def epoch(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Measure epochs on CIFAR-10, and torch's steps on as many images."""
    for batch, goal in settings.sizes.epochs.items():
        try:
            yield from _epoch(settings, batch, goal)
        except Failed as error:
            yield Missing(f"an epoch with batches of {batch}", str(error))


def _epoch(settings: GpuSettings, batch: int, goal: float) -> Iterator[Finding]:
    say(f"an epoch with batches of {batch}")
    found = settings.run(
        "torch_steps", *settings.of_torch(MODEL), "--batch", str(batch),
        "--size", str(settings.sizes.step_size), "--steps", str(settings.sizes.steps),
    )  # fmt: skip
    trained = _train(
        settings, f"epoch-{batch}", settings.random_weights(MODEL), *EPOCH,
        "--batch-size", str(batch),
    )  # fmt: skip
    n = round(trained["n_train"] * (1 - VALIDATION))
    bound = n / found["images_per_second"]
    yield Finding(f"{n:,} images by {EAGER}, batches of {batch}", "s", [bound])
    # The first epoch also compiles.
    seconds = [each["seconds"] for each in trained["tuning"]["history"][1:]]
    what = f"headstart, an epoch of CIFAR-10, batches of {batch}"
    yield Finding(what, "s", seconds, at_most=goal, details=_facts(trained))
    against = [bound / each for each in seconds]
    yield Finding(f"{EAGER} against headstart, batches of {batch}", "x", against)


def accuracy(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Measure what a training of a few minutes reaches on CIFAR-10's test set."""
    assert settings.weights is not None  # noqa: S101 - the part runs only with them
    say("CIFAR-10")
    found = _train(settings, "accurate", settings.weights, *ACCURATE)
    details = _facts(found)
    yield Finding("CIFAR-10, test set", "share", [found["accuracy"]], 0.95, details=details)
    yield Finding("the whole command", "s", [found["wall"]], at_most=300)


def mini(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Train the bundled backbone again; a run that was ended is continued by the next one."""
    assert settings.tiny_imagenet is not None  # noqa: S101 - the part runs only with both
    assert settings.weights is not None  # noqa: S101 - the same
    dataset, out = settings.dataset(settings.tiny_imagenet), settings.work / "mini"
    known = settings.work / "mini.json"
    if not known.exists():
        say("mini")
        try:
            printed = settings.output(*settings.headstart(
                "pretrain", dataset, "--out", out, *MINI,
                *settings.sizes.pretraining,
                "--teacher-weights", settings.weights, "--device", settings.device, "--json",
            ))  # fmt: skip
        except Failed as error:
            yield Missing("mini", f"{error} (the same command with the same --work continues it)")
            return
        known.write_text(printed)
    found = json.loads(known.read_text())
    yield Finding("mini, training", "s", [found["seconds"]], at_most=1200, details=found)
    weights = (out / "backbone.weights.h5").stat().st_size
    yield Finding("mini, weights", "MB", [weights / 1e6], at_most=8)
    say("its validation set")
    own = settings.run("own_classes", "--folder", dataset, "--model", out)
    yield Finding("mini, Tiny ImageNet, one view", "share", [own["top1"]], 0.61, details=own)
    if settings.vehicles:
        say("vehicles")
        judged = settings.run("cross_validation", "--folder", settings.vehicles, "--model", out)
        what = "mini, vehicles, 10-fold cross-validation, ten times"
        yield Finding(what, "share", [judged["mean"]], 0.9, details=judged)


def _train(settings: GpuSettings, name: str, weights: Path, *arguments: str) -> dict[str, Any]:
    """Fine-tune on CIFAR-10 by the command, and return its summary, with the time it took."""
    assert settings.cifar10 is not None  # noqa: S101 - the parts run only with it
    dataset, out = settings.dataset(settings.cifar10), settings.work / name
    wall, printed = settings.timed(*settings.headstart(
        "train", dataset, "--out", out, "--overwrite", "--restart",
        "--model", MODEL, "--weights", weights, "--device", settings.device,
        *CIFAR10, *arguments, *settings.sizes.training, "--json",
    ))  # fmt: skip
    return {**json.loads(printed), "wall": wall}


def _facts(trained: dict[str, Any]) -> dict[str, Any]:
    names = ("accuracy", "interval", "n_train", "n_test", "tuning", "wall")
    return {name: trained[name] for name in names}


def _keras(backend: str) -> str:
    return f"plain Keras on {backend}"


def _ours(backend: str) -> str:
    return f"headstart, Keras on {backend}"
