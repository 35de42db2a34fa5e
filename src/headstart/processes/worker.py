"""A process of ours that works for this one until it is told to end.

`headstart.processes.asking` starts those that answer once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from headstart.processes import messages

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Mapping

#: Threads up to which work on images becomes faster nearly in proportion.
THREADS_SCALE_TO = 4
#: Processes that the threads of one process can keep busy.
MOST_WORKERS = 32

# Our own module, so on no system does the user's program run again, as multiprocessing would have
# it. -P: a file in the current directory that is called like a module must not run.
_RUN = ("-P", "-m")
# Each process runs one thread.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Bytes that a pipe holds, so that hardly an image takes more than one turn of each process.
_PIPE = 2**19
# Seconds that a process whose pipes are closed may take to end.
_PATIENCE = 10.0


class WorkerEnded(Exception):
    """A worker process has ended, or sent what it must not send."""


class WorkerProcess:
    """A process that does one piece of work after another.

    Parameters
    ----------
    module : str
        What it runs. It calls `serve` of `headstart.processes.serving`.

    Attributes
    ----------
    usable : bool
        Whether it is ready and waits for work.

    Raises
    ------
    OSError
        The system starts no process.
    """

    def __init__(self, module: str) -> None:
        self.usable = False
        self._process = subprocess.Popen(
            [sys.executable, *_RUN, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A buffer has a lock, which may be held when the process forks.
            bufsize=0,
            env={**os.environ, **_ONE_THREAD},
            # On Windows: without a window, and out of the reach of Ctrl-C.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.requests = cast("io.FileIO", self._process.stdin)
        self.answers = cast("io.FileIO", self._process.stdout)
        for pipe in (self.requests, self.answers):
            _enlarge(pipe)
        _running.add(self)

    def greet(self, settings: Mapping[str, Any]) -> None:
        """Tell the process what its work is, as JSON, and wait until it is ready.

        Raises
        ------
        WorkerEnded
        """
        with self.exchange():
            messages.send(self.requests, messages.SETTINGS, json.dumps(settings).encode())
            if messages.receive_head(self.answers) != messages.Head(messages.READY, 0, 0):
                raise ValueError("no greeting")

    def dismiss(self) -> None:
        """Have the process end: at once, if it is not waiting for work."""
        if self.usable:
            # A program that forks without Python may hold the pipe open, so closing it says little.
            with contextlib.suppress(OSError):
                messages.send(self.requests, messages.END)
        else:
            self.kill()
        self._let_go()

    def end(self) -> None:
        """Have the process end, and wait until it has."""
        if not self.requests.closed:
            self.dismiss()
        self._wait()

    def kill(self) -> None:
        """Kill the process. Who waits for an answer gets a `WorkerEnded`."""
        self._process.kill()

    def forget(self) -> None:
        """In a forked process: let go of a process that works for the parent only."""
        self._let_go()
        self._process.returncode = 0  # Python would warn that it still runs

    def _let_go(self) -> None:
        self.usable = False
        self.requests.close()
        self.answers.close()

    def _wait(self) -> int:
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    @contextlib.contextmanager
    def exchange(self) -> Iterator[None]:
        """Hold that the process waits for work only after it has answered wholly."""
        self.usable = False
        try:
            yield
        except (OSError, EOFError) as error:
            raise WorkerEnded(_how_it_ended(self._wait())) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self.kill()
            raise WorkerEnded("it sent what it must not send") from error
        self.usable = True


def most_workers(threads: int, cores: int) -> int:
    """Return how many processes these threads may use; 0 if they are as fast without.

    Parameters
    ----------
    threads : int
        How many threads have work for them.
    cores : int
        How many cores this process may use.
    """
    n = min(threads, cores, MOST_WORKERS)
    return n if n > THREADS_SCALE_TO and _has_lock() and _can_start_python() else 0


def _has_lock() -> bool:
    """Tell whether one thread of Python waits for another, as in all but free-threaded builds."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _can_start_python() -> bool:
    """Tell whether `sys.executable` is Python, not a program that it is built into."""
    program = Path(sys.executable or "").name.lower()
    return program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)


def _enlarge(pipe: io.FileIO) -> None:
    """Have a pipe hold what is usually sent at once, where the system can do that."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # not on Windows

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _how_it_ended(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"


# The workers of this process, so that a forked one can let go of them: they end when nobody holds
# their pipes any more.
_running: weakref.WeakSet[WorkerProcess] = weakref.WeakSet()


def _forget_all() -> None:
    for worker in list(_running):
        worker.forget()


if hasattr(os, "register_at_fork"):  # Windows can't fork
    os.register_at_fork(after_in_child=_forget_all)
