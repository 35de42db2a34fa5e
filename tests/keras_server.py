"""Python on TensorFlow: one process imports it, and becomes another for each script.

Importing TensorFlow takes seconds of processor time. A forked process has it at once, and is
otherwise like a new one: its own arguments, environment, output and exit status, and no state of
a script that ran before. Where there is no fork, each script gets a process that imports it.
"""

import atexit
import gc
import importlib
import json
import multiprocessing
import os
import runpy
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

ENVIRONMENT = {"KERAS_BACKEND": "tensorflow"}
# What takes long to import, and starts no threads: a fork is safe.
IMPORTED = ("h5py", "keras", "scipy.optimize", "sklearn.linear_model")


class KerasServer:
    """Runs scripts as ``subprocess.run([sys.executable, *words])`` does."""

    def __init__(self):
        self._server = None
        self._open = ExitStack()

    def run(self, *words, stdin="", cwd=None, fresh=False, **settings):
        """Return the completed process; `settings` are variables of its environment.

        One that is `fresh` is not forked: it imports TensorFlow itself, as a user's does.
        """
        words = [*map(str, words)]
        environment = {**os.environ, **ENVIRONMENT, **settings}
        fresh = fresh or environment["KERAS_BACKEND"] != ENVIRONMENT["KERAS_BACKEND"]
        if fresh or not hasattr(os, "fork"):
            return subprocess.run(
                [sys.executable, *words],
                cwd=cwd,
                env=environment,
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
        with TemporaryDirectory() as folder:
            files = [str(Path(folder, name)) for name in ("stdin", "stdout", "stderr")]
            Path(files[0]).write_text(stdin, "utf-8")
            status = self._ask([words, environment, str(cwd or Path.cwd()), files])
            output, errors = (Path(file).read_text("utf-8") for file in files[1:])
        return subprocess.CompletedProcess(words, status, output, errors)

    def close(self):
        """End the server."""
        self._open.close()

    def _ask(self, request):
        if self._server is None:
            self._server = self._open.enter_context(
                subprocess.Popen(
                    [sys.executable, __file__],
                    env={**os.environ, **ENVIRONMENT, "TF_CPP_MIN_LOG_LEVEL": "2"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())


def serve():
    """Fork a process for each request."""
    start = multiprocessing.get_context("fork").Process
    for line in sys.stdin:
        child = start(target=become, args=json.loads(line))
        child.start()
        child.join()
        print(child.exitcode, flush=True)


def become(words, environment, folder, files):
    """Run a script in this process, as Python would run it in a new one."""
    for number, file in enumerate(files):
        opened = os.open(file, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        execute(*words)
    finally:
        # Not the rest of Python's way to end, here and below: taking TensorFlow apart needs a
        # second.
        atexit._run_exitfuncs()


def execute(kind, *words):
    """Do what Python does with its arguments."""
    sys.path[0] = ""
    if kind == "-c":
        code, *sys.argv[1:] = words
        exec(code, {"__name__": "__main__"})  # noqa: S102 - a test's own script
    elif kind == "-m":
        sys.argv = [*words]
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [kind, *words]
        sys.path[0] = str(Path(kind).parent)
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    for module in IMPORTED:
        importlib.import_module(module)
    gc.freeze()
    serve()
    os._exit(0)
