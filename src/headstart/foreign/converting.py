"""Read the network of another program and write its graph; runs as a process.

`headstart.foreign.conversion` runs it as ``python -m headstart.foreign.converting < request.json``.
What a front end does with a stranger's file, it does here, within limits.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.errors import ConversionError, UsageError
from headstart.foreign.conversion import REPORTED
from headstart.foreign.lowering import Unfit
from headstart.foreign.normalising import Wanted, normalise, takes_floats
from headstart.foreign.raw_pixels import takes_raw_pixels
from headstart.networks.preprocessing import USUAL, Preprocessing
from headstart.networks.runtime import count_macs, load_openvino, write_graph
from headstart.processes.asking import report, say
from headstart.processes.limits import TOO_MUCH_MEMORY, limit_memory
from headstart.processes.parent import end_with_parent
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from openvino import Model

_SHOWN = 600
# What OpenVINO says where it is given no more memory.
_NO_MEMORY = ("bad_alloc", "Failed to allocate")


def convert(request: dict[str, Any]) -> dict[str, Any]:
    """Write a graph, and return the shapes of its outputs, its size and its multiply-accumulates.

    Parameters
    ----------
    request : dict
        See `headstart.foreign.conversion.convert`.
    """
    size = tuple(request["size"]) if request["size"] else None
    model = _read(Path(request["path"]), request["format"], size)
    preprocessing = None
    if not takes_floats(model):
        pass  # it takes pixels as they are
    elif request["preprocessing"] is not None:
        preprocessing = records.from_json(Preprocessing, request["preprocessing"])
    elif not takes_raw_pixels(model):
        raise UsageError(_unknown_preprocessing(Path(request["path"])))
    wanted = Wanted(
        preprocessing=preprocessing,
        size=size,
        layer=request["layer"],
        n_classes=request["n_classes"],
    )
    normalised = normalise(model, wanted)
    write_graph(normalised.model, Path(request["graph"]))
    return {
        "outputs": {name: list(shape) for name, shape in normalised.outputs.items()},
        "size": list(normalised.size),
        "inside": preprocessing is None,
        "quantised": normalised.quantised,
        "macs": count_macs(normalised.model),
    }


def _read(path: Path, file_format: str, size: tuple[int, int] | None) -> Model:
    if file_format == "keras":
        from headstart.foreign.keras_models import read_keras_model
        from headstart.networks.keras_tracing import prepare

        prepare()
        return read_keras_model(path, size)
    try:
        return load_openvino().Core().read_model(path)
    except RuntimeError as error:
        raise ValueError(
            f"what OpenVINO's front end for {file_format} can't read: {_reason(error)}. "
            "Export the network to ONNX with its own program, and give that file"
        ) from error


def _unknown_preprocessing(path: Path) -> str:
    usual = "|".join(list(USUAL)[:6])
    return (
        f"What happens to pixels before the first layer of {path.name} must be known, and the file "
        f"does not say it. Say it: --preprocessing {usual}; or have it measured on labelled images "
        f"of its classes: headstart models add {path} --name NAME --images FOLDER; or put "
        "preprocessor_config.json, as Hugging Face has it, beside the file."
    )


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:_SHOWN]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Convert what `request` names. Errors that are `REPORTED` are answers as well."""
    try:
        return convert(request)
    except REPORTED as error:
        return report(error, REPORTED)
    except Unfit as error:
        return {"unfit": str(error)}
    except ValueError as error:
        return report(ConversionError(str(error).rstrip(".")), REPORTED)
    except RuntimeError as error:
        if any(words in str(error) for words in _NO_MEMORY):
            raise MemoryError from error
        return report(ConversionError(f"what OpenVINO refuses: {_reason(error)}"), REPORTED)


def main() -> None:
    """Answer the request on standard input with a line of JSON on standard output."""
    end_with_parent()
    request = parse_json(sys.stdin.read())
    limit_memory(request["memory"])
    try:
        found = answer(request)
    except MemoryError:
        sys.exit(TOO_MUCH_MEMORY)
    say(found)


if __name__ == "__main__":
    main()
