"""The settings of `gpu.py`, and what its parts share."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finding import Finding, Missing, ratios
from rounds import Records, in_turn
from settings import Processes, say

# Of Keras. TensorFlow comes last: few machines with a GPU have a build of it that uses one.
BACKENDS = ("torch", "jax", "tensorflow")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured.

    Attributes
    ----------
    batch : int
        Images in a batch that torch predicts by itself.
    features : int
        Images of CIFAR-10 whose features are computed.
    step_batch, step_size, steps : int
        Images of a training step, their height and width, and the steps that are timed.
    epochs : mapping
        Batch sizes with which epochs on CIFAR-10 are timed, and the goal in seconds of each.
    images : int or None
        Images of a dataset that are trained on; None for all.
    training, pretraining : tuple of str
        Arguments of ``headstart train`` and ``pretrain`` that come after the usual ones.
    """

    batch: int = 256
    features: int = 50_000
    step_batch: int = 128
    step_size: int = 120
    steps: int = 100
    epochs: Mapping[int, float] = field(default_factory=lambda: {128: 13, 512: 8})
    images: int | None = None
    training: tuple[str, ...] = ()
    pretraining: tuple[str, ...] = ()


QUICK = Sizes(
    batch=4,
    features=64,
    step_batch=8,
    step_size=64,
    steps=2,
    epochs={8: 0},
    images=60,
    training=("--size", "64", "--view-size", "56", "--epochs", "2"),
    pretraining=("--size", "32", "--epochs", "1", "--batch-size", "16"),
)


@dataclass(frozen=True, kw_only=True)
class GpuSettings(Processes):
    """Data, device, and how much to measure."""

    photos: Path | None
    cifar10: Path | None
    tiny_imagenet: Path | None
    vehicles: Path | None
    weights: Path | None
    device: str
    torch_device: str
    precision: str
    backends: tuple[str, ...]
    backend: str
    models: tuple[str, ...]
    sizes: Sizes
    repeats: int
    seconds: float

    def in_turn(
        self, commands: Mapping[str, Sequence[str | Path]], failed: dict[str, str]
    ) -> Records:
        """Run contestants in turn, as many rounds as there is time for."""
        return in_turn(self.run, commands, self.repeats, within=self, failed=failed)

    def random_weights(self, model: str) -> Path:
        """Return a weights file of a network that no one has trained."""
        path = self.work / f"{model}.weights.h5"
        if not path.exists():
            say(f"random weights of {model}")
            self.run("random_weights", "--model", model, "--out", path)
        return path

    def dataset(self, given: Path) -> Path:
        """Return a dataset, or a folder with some of its images."""
        if self.sizes.images is None:
            return given
        return as_files(given, self.work / f"some-{given.name}", self.sizes.images)

    def on_photos(self, photos: Path, model: str) -> tuple[str | Path, ...]:
        """Return the arguments of a contestant that reads photos."""
        return (
            *("--photos", photos, "--model", model, "--weights", self.random_weights(model)),
            *("--work", self.work, "--seconds", str(self.seconds)),
            *("--device", self.device, "--precision", self.precision),
        )

    def of_torch(self, model: str) -> tuple[str, ...]:
        """Return the arguments of a contestant that is torch by itself."""
        return "--model", model, "--device", self.torch_device, "--precision", self.precision


def as_files(dataset: Path, folder: Path, n: int) -> Path:
    """Write some images of each split of a dataset as files, and return their folder.

    They are the first `n` of ten classes at most, so that each split has all of these.
    """
    from headstart.data.datasets import read_dataset

    images = read_dataset(dataset)
    classes = sorted(set(map(str, images.labels)))[:10]
    for split in sorted(set(images.split or ())):
        part = images.part(split)
        labelled = zip(part.sources, part.labels, strict=True)
        chosen = ((source, label) for source, label in labelled if str(label) in classes)
        for number, (source, label) in enumerate(itertools.islice(chosen, n)):
            path = folder / split / str(label) / f"{number:04}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read())
    return folder


def rows(figures: Mapping[str, list[float]], unit: str, records: Records) -> Iterator[Finding]:
    """Yield what each contestant did."""
    for name, runs in figures.items():
        yield Finding(name, unit, runs, details=records[name][0])


def share(
    figures: Mapping[str, list[float]], name: str, bounds: Sequence[str], goal: float
) -> Iterator[Finding]:
    """Yield the ratio of a contestant to the lowest of others, if all of them ran."""
    if not {name, *bounds} <= set(figures):
        return
    n = min(len(figures[each]) for each in (name, *bounds))
    lowest = [min(figures[each][number] for each in bounds) for number in range(n)]
    against = bounds[0] if len(bounds) == 1 else f"the smaller of {' and '.join(bounds)}"
    yield Finding(f"{name}, against {against}", "x", ratios(figures[name][:n], lowest), goal)


def lacking(failed: Mapping[str, str]) -> Iterator[Missing]:
    """Yield the contestants that failed."""
    for name, why in failed.items():
        yield Missing(name, why)
