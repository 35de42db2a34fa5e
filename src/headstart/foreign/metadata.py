"""Read what a network's file, and the small files beside it, say of the network."""

from __future__ import annotations

import contextlib
import os
import zipfile
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from headstart.errors import ConversionError
from headstart.escaping import quoted
from headstart.foreign.facts import Facts
from headstart.foreign.files import mapped
from headstart.foreign.hub_configs import facts_of_config, facts_of_preprocessor
from headstart.foreign.labels import label_file, read_label_file
from headstart.foreign.model_info import facts_in_texts, facts_of_export
from headstart.foreign.protobuf import messages_in, only, texts_in
from headstart.foreign.tflite_metadata import facts_in_tflite
from headstart.networks.graph_check import MAX_BYTES
from headstart.networks.preprocessing import ZERO_TO_ONE
from headstart.untrusted.json_text import MAX_BYTES as MAX_JSON
from headstart.untrusted.json_text import parse_json, read_json
from headstart.untrusted.regular_files import open_regular, read_bytes
from headstart.untrusted.xml_text import read_xml
from headstart.untrusted.zip_lists import DAMAGED, ZIP, check_list, read_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from headstart.foreign.files import ForeignFile

# ONNX: metadata_props of the model, and key and value of each.
_PROPS, _KEY, _VALUE = 14, 1, 2
#: How many there may be, and how many bytes of them: exporters write a few.
MOST_PROPS, MOST_BYTES = 10_000, 2**22
# The mark of TensorFlow Hub's first format; its images are RGB from 0 to 1.
_HUB_MARKS = ("tfhub_module.pb", "assets.extra/tfhub_module.pb")
#: What TensorFlow Hub's networks for images have in common:
#: https://www.tensorflow.org/hub/common_signatures/images
TENSORFLOW_HUB = Facts(preprocessing=ZERO_TO_ONE)

_KERAS_METADATA = "metadata.json"

_CONFIGS = {"preprocessor_config.json": facts_of_preprocessor, "config.json": facts_of_config}


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts about a network stand.

    Attributes
    ----------
    name : str
        The name of a file.
    facts : Facts
        What stands there.
    """

    name: str
    facts: Facts


def read_facts(file: ForeignFile) -> Facts:
    """Return what is known of the network in a file of another program; see `read_sources`."""
    return together(read_sources(file))


def together(sources: Iterable[Source]) -> Facts:
    """Return what all sources say; what stands first counts."""
    facts = Facts()
    for source in sources:
        facts = facts.over(source.facts)
    return facts


def read_sources(file: ForeignFile) -> tuple[Source, ...]:
    """Return what a network's file says of it, and then what each small file beside it says.

    What stands first counts. Nothing of the files is run.

    Parameters
    ----------
    file : ForeignFile

    Raises
    ------
    ConversionError
        If something that should be known is written in another way than it must be.
    """
    return tuple(source for source in _sources(file) if source.facts != Facts())


def _sources(file: ForeignFile) -> Iterator[Source]:
    path = file.path
    with _reading(path, "Get the file again, or have it written again"):
        yield Source(path.name, _own_facts(file))
    folder = path if path.is_dir() else path.parent
    for name, read in _CONFIGS.items():
        beside = next((at for at in (folder / name, path.parent / name) if at.is_file()), None)
        if beside is not None:
            with _reading(beside):
                config = read_json(beside)
                yield Source(name, read(config) if isinstance(config, dict) else Facts())
    try:
        labels = label_file(path)
    except ValueError as error:
        raise ConversionError(
            f"It must be clear which labels {path} has. Received: {error}."
        ) from error
    if labels is not None:
        with _reading(labels):
            yield Source(labels.name, Facts(classes=read_label_file(labels)))


@contextlib.contextmanager
def _reading(path: Path, way_out: str = "Correct it, or move it away") -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError, LookupError, AttributeError, *DAMAGED) as error:
        why = error if type(error) is ValueError else quoted(error)
        raise ConversionError(
            f"What {path} says of its network must be readable. Received: {why}. {way_out}."
        ) from error


def _own_facts(file: ForeignFile) -> Facts:
    match file.format:
        case "onnx":
            with open_regular(file.path) as opened, mapped(opened) as content:
                return facts_in_texts(_props(content))
        case "tflite":
            with open_regular(file.path) as opened, mapped(opened) as content:
                return facts_in_tflite(content, opened)
        case "openvino":
            return facts_in_texts(_rt_info(read_bytes(file.path, MAX_BYTES)))
        case "saved_model":
            is_hub = any((file.path / mark).is_file() for mark in _HUB_MARKS)
            return TENSORFLOW_HUB if is_hub else Facts()
        case "keras":
            return _in_archive(file.path)


def _in_archive(path: Path) -> Facts:
    """Return what our own exports write into a ``.keras`` archive; nothing for an HDF5 file."""
    with open_regular(path) as opened:
        if opened.read(len(ZIP)) != ZIP:
            return Facts()
        check_list(opened, os.fstat(opened.fileno()).st_size)
        with zipfile.ZipFile(opened) as archive:
            about = parse_json(read_member(archive, archive.getinfo(_KERAS_METADATA), MAX_JSON))
    return facts_of_export(about["headstart"]) if "headstart" in about else Facts()


def _props(model: memoryview) -> dict[str, str]:
    """Return the ``metadata_props`` of an ONNX model."""
    pairs = list(islice(messages_in(model, _PROPS), MOST_PROPS + 1))
    if len(pairs) > MOST_PROPS or sum(map(len, pairs)) > MOST_BYTES:
        raise ValueError(
            f"more than {MOST_PROPS:,} metadata_props, or more than {MOST_BYTES:,} bytes"
        )
    return {_text(pair, _KEY): _text(pair, _VALUE) for pair in pairs}


def _text(message: memoryview, number: int) -> str:
    return only(texts_in(message, number), "")


def _rt_info(xml: bytes) -> dict[str, str]:
    """Return the notes about a whole graph: the values below ``net/rt_info``, by their names."""
    found: dict[str, str] = {}

    def begin(path: list[str], attributes: dict[str, str]) -> None:
        if path[1:2] == ["rt_info"] and "value" in attributes:
            found[" ".join(path[2:])] = attributes["value"]

    read_xml(xml, begin)
    return found
