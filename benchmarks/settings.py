"""The settings of one run of the benchmarks, and starting processes with them."""

import json
import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTESTANTS = Path(__file__).parent / "contestants"


class Failed(SystemExit):
    """A command failed or took too long. It ends the benchmark if nobody catches it."""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Starts contestants and commands, each in a process of its own.

    Attributes
    ----------
    work : Path
        A folder for what they keep: converted networks, random weights.
    until : float, optional
        When the last of them must be done, on the clock of `time.monotonic`.
    """

    work: Path
    until: float = math.inf

    @property
    def seconds_left(self) -> float:
        """The time until they must be done."""
        return self.until - time.monotonic()

    def run(self, contestant: str, *arguments: str | Path) -> dict[str, Any]:
        """Run a contestant in its own process and return its record."""
        record = json.loads(self.output(*self.script(contestant), *arguments).splitlines()[-1])
        return dict(record)

    def time(self, *command: str | Path) -> float:
        """Return the seconds that a command takes."""
        return self.timed(*command)[0]

    def timed(self, *command: str | Path) -> tuple[float, str]:
        """Return the seconds that a command takes, and its output."""
        began = time.perf_counter()
        printed = self.output(*command)
        return time.perf_counter() - began, printed

    def output(self, *command: str | Path) -> str:
        """Return the output of a command, or raise `Failed`."""
        words = [str(part) for part in command]
        limit = None if self.until == math.inf else max(self.seconds_left, 0)
        try:
            done = subprocess.run(
                words,
                env=self._environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(words)} was not done in {limit:.0f} s") from None
        if done.returncode:
            raise Failed(f"{' '.join(words)} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    def script(self, contestant: str) -> tuple[str, Path]:
        """Return the command that starts a contestant."""
        return sys.executable, CONTESTANTS / f"{contestant}.py"

    def headstart(self, *arguments: str | Path) -> tuple[str | Path, ...]:
        """Return a command of headstart."""
        return sys.executable, "-m", "headstart", *arguments

    def _environment(self) -> dict[str, str]:
        # Our own cache is empty at first, and the cache of the user is not changed.
        return {**os.environ, "HEADSTART_CACHE": str(self.work / "cache")}


@dataclass(frozen=True, kw_only=True)
class Settings(Processes):
    """Paths, the model, and how long to measure."""

    photos: Path
    weights: Path
    model: str
    labelled: Path | None
    parquet: list[Path]
    images: int | None
    repeats: int
    seconds: float

    def compete(self, contestant: str, *arguments: str | Path) -> dict[str, Any]:
        """Run a contestant on the photos for `seconds`."""
        return self.run(
            contestant, "--photos", self.photos, "--weights", self.weights, "--model", self.model,
            "--work", self.work, "--seconds", str(self.seconds), *arguments,
        )  # fmt: skip


def say(text: str) -> None:
    """Print what is being measured to stderr."""
    print(text, file=sys.stderr, flush=True)
