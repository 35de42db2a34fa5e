"""Try something in a process of its own, under limits of time and memory.

A `Trial` says what is tried: it reads a file or folder as a user's command would, and returns what
it found. `Tries` runs it on many files in one process, and starts another process where one has
crashed, hung or taken too much.
"""

import gc
import multiprocessing
import os
import time
import traceback
import warnings
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from headstart.errors import HeadstartError

#: No mutant may take longer, in seconds of one processor; and none may wait so long.
SECONDS, SECONDS_WAITING = 10, 60
#: Nor take more memory than a normal file, in bytes.
MEMORY = 2**30
# What is watched is measured a little late.
_ABOVE = 2**29
# A message is read by people.
_LONGEST_MESSAGE = 4_000

Verdict = Literal["refused", "same", "other", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What happened.

    Attributes
    ----------
    verdict : {"refused", "same", "other", "failed"}
        Whether an error of headstart's own was raised; or the answer is the same as that of the
        original; or is another one; or what must never happen did: another error, a crash, too
        much time or memory.
    said : str
        The error, or what happened.
    seconds : float
        Of one processor.
    memory : int
        Bytes more than before.
    """

    verdict: Verdict
    said: str = ""
    seconds: float = 0.0
    memory: int = 0


class Trial(ABC):
    """Something to try on mutants; runs in a process of its own."""

    def prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Import and make what all tries share."""

    @abstractmethod
    def answer(self, path: Path) -> object:
        """Return what headstart finds in a file or folder, to be compared by ``==``.

        Raises
        ------
        HeadstartError
            If headstart refuses it.
        """


class Tries:
    """Run one trial on many mutants.

    Parameters
    ----------
    trial : Trial
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._trial), daemon=True)
        self._process.start()
        theirs.close()
        self._known: set[Path] = set()
        self._memory_before = self._received()

    def __call__(self, mutant: Path, original: Path) -> Outcome:
        """Try one mutant; the answer to its original is the right one."""
        if original not in self._known:
            self._connection.send((original, None))
            self._memory_before = self._received()
            self._known.add(original)
        self._connection.send((original, mutant))
        began, used = time.monotonic(), _seconds(self._process.pid)
        while not self._connection.poll(0.05):
            why = self._excess(time.monotonic() - began, used)
            if why or not self._process.is_alive():
                return self._ended(why)
        try:
            outcome: Outcome = self._connection.recv()
        except EOFError:
            return self._ended("")
        # The processor may have been slow, but what was used is known.
        if outcome.seconds > SECONDS or outcome.memory > MEMORY:
            used = f"{outcome.seconds:.1f} s and {outcome.memory / 2**20:,.0f} MiB"
            outcome = Outcome("failed", f"took {used} ({outcome.said})")
            self._restart()
        return outcome

    def _received(self) -> int:
        """Return the memory of the process, once it has read an original."""
        ready = self._connection.recv() if self._connection.poll(300) else "it does not answer"
        if not isinstance(ready, int):
            raise AssertionError(f"an original must be read. Received: {ready}")  # noqa: TRY004
        return ready

    def _excess(self, waited: float, used: float) -> str:
        seconds = _seconds(self._process.pid) - used
        if seconds > SECONDS:
            return f"took more than {SECONDS} s of the processor"
        if waited > SECONDS_WAITING:
            return f"did not end in {SECONDS_WAITING} s"
        if _memory(self._process.pid) > self._memory_before + MEMORY + _ABOVE:
            return "took more than 1 GiB of memory"
        return ""

    def _ended(self, why: str) -> Outcome:
        self._process.join(0 if why else 10)
        said = why or f"the process ended with {self._process.exitcode}"
        self._restart()
        return Outcome("failed", said)

    def _restart(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.join()

    def __enter__(self) -> "Tries":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _seconds(pid: int | None) -> float:
    """Return the processor time of a process; 0 where that can't be known."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _memory(pid: int | str | None, what: str = "VmRSS") -> int:
    """Return the memory of a process in bytes, now or at its peak; 0 where that can't be known."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) * 1024
    return 0


def _forget_peak() -> None:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _serve(connection, trial: Trial) -> None:
    """Answer with the outcome of each mutant that comes, or with a word about an original."""
    warnings.simplefilter("ignore", ResourceWarning)
    right: dict[Path, object] = {}
    _answer_about(connection, trial.prepare)
    _limit_memory()
    while True:
        try:
            original, mutant = connection.recv()
        except EOFError:
            return
        if mutant is None:
            _answer_about(connection, partial(_learn, trial, original, right))
            continue
        gc.collect(0)
        _forget_peak()
        before, began = _memory("self"), time.process_time()
        verdict, said = _judged(trial, mutant, right[original])
        seconds, peak = time.process_time() - began, _memory("self", "VmHWM")
        connection.send(Outcome(verdict, said, seconds, peak - before))


def _answer_about(connection, prepare) -> None:
    try:
        prepare()
    except BaseException:
        connection.send(traceback.format_exc())
        raise
    connection.send(_memory("self"))


def _learn(trial: Trial, original: Path, right: dict[Path, object]) -> None:
    right[original] = trial.answer(original)
    if trial.answer(original) != right[original]:
        raise AssertionError(f"{original} has two answers")


def _judged(trial: Trial, path: Path, expected: object) -> tuple[Verdict, str]:
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            found = trial.answer(path)
        except HeadstartError as error:
            return _checked_refusal(error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it must not happen
            return "failed", _where(error)
    loud = [str(each.message) for each in raised if issubclass(each.category, RuntimeWarning)]
    if loud:
        return "failed", f"a warning of another package: {loud[0]}"
    return ("same", "") if found == expected else ("other", _shown(found))


def _where(error: BaseException) -> str:
    """Say which error it is, and which line of headstart it came through last."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "headstart" in Path(frame.filename).parts] or frames
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}"
    return f"{type(error).__name__} in {place}: {_shown(str(error))}"


def _checked_refusal(error: HeadstartError) -> tuple[Verdict, str]:
    said = f"{type(error).__name__}: {error}"
    if len(said) > _LONGEST_MESSAGE:
        return "failed", f"a message of {len(said):,} characters: {said[:200]}"
    return "refused", said


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}..."


def _limit_memory() -> None:
    """Have what is far beyond the limit refused by the system, so that no machine is filled."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = _memory("self", "VmSize") + 8 * 2**30
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
