"""Ask a short process of our own: its environment, and its answer, which it says with `say`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.errors import ConversionError
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from headstart.errors import HeadstartError

# Characters of what a process wrote to stderr: the end says why it failed.
_SHOWN = 2000

# Variables that change what these programs compute, or how they start.
_PROGRAMS = ("KERAS_", "TF_", "XLA_", "OV_", "OPENVINO_", "ONEDNN_")
_OF_PYTHON = ("PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONINSPECT", "PYTHONSTARTUP")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a process said before it ended.

    Attributes
    ----------
    answer : dict or None
        The JSON object in the last line of its standard output; None if there is none.
    status : int or None
        Its exit status; minus the number of the signal that killed it. None if it was ended because
        it took longer than it may.
    errors : str
        The end of what it wrote to stderr.
    """

    answer: dict[str, Any] | None
    status: int | None
    errors: str

    def reported(self, kinds: Sequence[type[HeadstartError]]) -> HeadstartError | None:
        """Return the error that the process said with `report`; None if it said none.

        It is of one of these kinds, or else a `ConversionError`.
        """
        if self.answer is None or "error" not in self.answer:
            return None
        named = {kind.__name__: kind for kind in kinds}
        return named.get(self.answer["error"], ConversionError)(self.answer["message"])

    def failure(self, what: str, program: str) -> ConversionError:
        """Return the error for a process that ended without the answer that was asked for.

        Parameters
        ----------
        what : str
            What did not happen, such as "mobilenet could not be converted".
        program : str
            What the process runs.
        """
        return ConversionError(
            f"{what}: the process that runs {program} ended with {self.status}. The end of its "
            f"messages:\n{self.errors}"
        )


def ask(
    module: str, message: bytes, environment: Mapping[str, str], *, seconds: float | None = None
) -> Reply:
    """Run a module of ours in a process of its own, and return what it says.

    Parameters
    ----------
    module : str
        Its ``main`` calls `headstart.processes.parent.end_with_parent` first.
    message : bytes
        What it reads from standard input. No other process sees it, and no file holds it.
    environment : mapping
    seconds : float, optional
        How long it may take; then it is killed. The default sets no limit.
    """
    try:
        done = subprocess.run(
            # -P: a file called keras.py or nncf.py in the current directory must not be run.
            [sys.executable, "-P", "-m", module, str(os.getpid())],
            input=message,
            env=environment,
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        return Reply(None, None, _end_of(error.stderr or b""))
    said = done.stdout.decode("utf-8", "replace")
    return Reply(last_json_line(said), done.returncode, _end_of(done.stderr))


def report(error: HeadstartError, kinds: Sequence[type[HeadstartError]]) -> dict[str, Any]:
    """Return the answer of a process that ends with an error of one of these kinds.

    See `Reply.reported`.
    """
    kind = next(each for each in kinds if isinstance(error, each))
    return {"error": kind.__name__, "message": str(error)}


def say(answer: Mapping[str, Any]) -> None:
    """Write the answer of this process: the last line, which `ask` reads."""
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


def _end_of(errors: bytes) -> str:
    return errors.decode("utf-8", "replace").strip()[-_SHOWN:]


def inherited_environment() -> dict[str, str]:
    """Return the environment of this process without what changes the results of another one."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_PROGRAMS) and name not in _OF_PYTHON
    }
    return {**inherited, "PYTHONUTF8": "1"}


def last_json_line(text: str) -> dict[str, Any] | None:
    """Return the JSON object in the last line of what a process wrote; None if there is none."""
    try:
        answer = parse_json(text.strip().rpartition("\n")[2])
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
