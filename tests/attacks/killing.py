"""Run commands of headstart in processes that are killed, or whose disk is full, at some moment.

Importing takes seconds, and a kill while modules are imported shows nothing. So a `Nursery`, a
process that has imported everything, forks a child for each command. Before the child would change
a file it counts; it is killed before the n-th time, or some seconds after the first; or from the
n-th time on there is no room for new files.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

#: Longer than any command takes on a busy machine: one that takes longer hangs.
SECONDS = 240

_NURSERY = r"""
import errno, json, os, resource, signal, sys, tempfile, threading, warnings

warnings.simplefilter("ignore")
import headstart.cli.main
import headstart.cli.cache, headstart.cli.evaluate, headstart.cli.predict, headstart.cli.train
import headstart.demo, headstart.jobs.train, headstart.jobs.evaluate, headstart.jobs.predict
import headstart.jobs.sorting, headstart.evaluation.plots, headstart.evaluation.sheet
from headstart.networks.runtime import load_openvino
load_openvino()
import h5py, matplotlib.figure, matplotlib.backends.backend_agg, sklearn.linear_model
if sys.argv[1] == "keras":
    import headstart.cli.pretrain
    import tensorflow, keras

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
           "os.chmod", "os.utime", "sqlite3.connect", "ctypes.dlsym", "subprocess.Popen"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


def watched(order):
    # Count what changes files in the folder, and die before the n-th.
    folder, at, count = order["folder"], order["at"], 0
    started = os.open(order["started"], os.O_WRONLY | os.O_CREAT)
    main = threading.get_ident(), os.getpid()

    def hook(event, args):
        nonlocal count
        if event == "open":
            path, _, flags = args
            if not flags & WRITING:
                return
        elif event in CHANGES:
            path = args[0] if args else ""
        else:
            return
        if event == "ctypes.dlsym":
            if args[1] != "renameat2":
                return
        elif event != "subprocess.Popen":
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if not isinstance(path, (str, os.PathLike)):
                return
            path = os.fspath(path)
            if os.path.isabs(path) and not path.startswith(folder):
                return
        if os.getpid() != main[1]:
            return
        count += 1
        os.write(started, b".")
        if order["full"]:
            if count >= at and event in ("open", "os.mkdir", "os.link"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        elif count == at:
            if order["group"]:
                os.killpg(0, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def child(order):
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    tempfile.tempdir = None
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0), os.dup2(said, 1), os.dup2(said, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    exec(order["before"], {})
    watched(order)
    if order["largest"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], order["largest"]))
    if order["code"]:
        exec(order["code"], {"__name__": "__main__"})
        return
    sys.argv = ["headstart", *order["words"]]
    headstart.cli.main.run()


for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        child(order)
        sys.exit()
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit status (-9: killed), what it said, how often it changed files."""

    status: int
    said: str
    changes: int
    seconds: float


class Nursery:
    """A process that forks a child for each command. Close it."""

    def __init__(self, *, keras: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY, "keras" if keras else ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def close(self) -> None:
        with self._process:
            self._process.kill()

    def run(
        self,
        folder: Path,
        *words: object,
        code: str = "",
        before: str = "",
        at: int = 0,
        after: float | None = None,
        group: bool = True,
        full: bool = False,
        largest: int | None = None,
    ) -> Ended:
        """Run a command in `folder`, which is also home of its cache and temporary files.

        It is killed before it changes a file for the time number `at`, or `after` seconds since
        the first time; with all processes that it has started if `group`. If `full`, there is no
        room for new files from number `at` on. No file gets more than `largest` bytes.
        """
        outside = folder.parent
        started, said = outside / f"{folder.name}.started", outside / f"{folder.name}.said"
        for each in (started, said):
            each.unlink(missing_ok=True)
        (folder / "tmp").mkdir(exist_ok=True)
        environment = {"HEADSTART_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
        environment["KERAS_HOME"] = str(outside / "keras")
        order = {
            "folder": str(folder),
            "words": [str(word) for word in words],
            "code": code,
            "before": before,
            "environment": environment,
            "started": str(started),
            "said": str(said),
            "at": at,
            "group": group,
            "full": full,
            "largest": largest,
        }
        began = time.monotonic()
        pid = int(self._ask(order))
        with _killed_after(pid, started, after, group=group):
            status = int(self._process.stdout.readline())
        seconds = time.monotonic() - began
        return Ended(status, said.read_text("utf-8", "replace"), started.stat().st_size, seconds)

    def _ask(self, order: dict[str, object]) -> str:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextlib.contextmanager
def _killed_after(pid, started, after, *, group):
    """Kill a command some seconds after its first change; and any one that hangs."""
    import threading

    ended = threading.Event()

    def wait():
        limit = time.monotonic() + SECONDS
        while after is not None and not _size(started) and time.monotonic() < limit:
            if ended.wait(0.001):
                return
        if not ended.wait(SECONDS if after is None else after):
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if group or after is None else os.kill)(pid, signal.SIGKILL)

    watching = threading.Thread(target=wait)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def listing(folder: Path) -> set[str]:
    """Return everything below a folder, hidden files too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
