"""Convert networks of other programs, in a process of its own within limits."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.errors import ConversionError, StorageError, UsageError
from headstart.escaping import printable
from headstart.foreign.checking import check
from headstart.foreign.contents import files_of, refused
from headstart.networks.keras_settings import environment
from headstart.processes.asking import ask
from headstart.processes.limits import TOO_MUCH_MEMORY
from headstart.storage.whole_folders import temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.foreign.facts import Facts
    from headstart.foreign.files import ForeignFile
    from headstart.processes.asking import Reply

#: Part of the key of every network: raise it whenever a graph comes out differently.
FORMAT = 4
#: Bytes that all files of a network may have.
MAX_BYTES = 2**32

_MODULE = "headstart.foreign.converting"
# Front ends hold the weights several times. A small network takes less than a second.
_MEMORY, _MEMORY_PER_BYTE = 3 * 2**30, 8
_SECONDS, _SECONDS_PER_BYTE = 60.0, 1e-6

_logger = logging.getLogger("headstart")

#: The errors that the process reports by name.
REPORTED = (ConversionError, StorageError, UsageError)


def convert(
    file: ForeignFile,
    facts: Facts,
    graph: Path,
    *,
    size: tuple[int, int] | None = None,
    layer: str | None = None,
) -> dict[str, Any]:
    """Write the OpenVINO graph of a network of another program.

    Parameters
    ----------
    file : ForeignFile
    facts : Facts
        What is known of it.
    graph : Path
        The file to write, ending in ``.xml``; the weights go beside it.
    size : tuple of int, optional
        Height and width of the images, instead of the file's own.
    layer : str, optional
        The layer that gives the features.

    Returns
    -------
    dict
        ``outputs``: the shape of each output without its batch axis. ``size``: height and width.
        ``inside``: whether the network itself does its preprocessing. ``quantised``: whether it has
        8 bits. ``macs``: multiply-accumulates for one image.

    Raises
    ------
    ConversionError
        If the file is too large or no network that headstart can take; if a front end crashes, or
        takes more time or memory than it may.
    StorageError
        If the graph can't be written.
    UsageError
        If something must be known that is not.
    """
    n_bytes = sum(path.stat().st_size for path in files_of(file).values())
    if n_bytes > MAX_BYTES:
        raise refused(file, f"{n_bytes:,} bytes, where {MAX_BYTES:,} are the most")
    began = time.perf_counter()
    check(file)
    seconds = _SECONDS + n_bytes * _SECONDS_PER_BYTE
    request = {
        "path": str(file.path.absolute()),
        "format": file.format,
        "graph": str(graph.absolute()),
        "preprocessing": records.to_json(facts.preprocessing) if facts.preprocessing else None,
        "size": size,
        "layer": layer,
        "n_classes": None if facts.classes is None else len(facts.classes),
        "memory": _MEMORY + n_bytes * _MEMORY_PER_BYTE,
    }
    with temporary_folder() as settings:
        message = json.dumps(request).encode()
        reply = ask(_MODULE, message, environment(settings, "openvino"), seconds=seconds)
    answer = _answer(file, reply, seconds)
    _logger.info("converted %s in %.1f s", printable(file.path.name), time.perf_counter() - began)
    return answer


def _answer(file: ForeignFile, reply: Reply, seconds: float) -> dict[str, Any]:
    answer, error = reply.answer, reply.reported(REPORTED)
    if error is not None:
        raise refused(file, str(error)) if isinstance(error, ConversionError) else error
    if answer is not None and "unfit" in answer:
        raise ConversionError(f"headstart can't use the network in {file.path}. {answer['unfit']}")
    if reply.status == 0 and answer is not None:
        return answer
    if reply.status is None:
        why = f"a file whose conversion takes more than {seconds:,.0f} seconds"
    elif reply.status == TOO_MUCH_MEMORY or "bad_alloc" in reply.errors:
        why = "a file whose conversion takes more memory than a network of its size needs"
    else:
        why = f"a file at which the conversion ended with {reply.status}"
    raise ConversionError(f"{refused(file, why)}\n{reply.errors}".strip())
