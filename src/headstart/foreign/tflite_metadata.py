"""What a TFLite file says of its network: TFLite's metadata, and the files that are packed in it.

The metadata is a FlatBuffer among the buffers of the file. The label file is in a zip archive that
is appended to it.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from headstart.escaping import quoted
from headstart.foreign.facts import Facts
from headstart.foreign.flatbuffers import Table, root
from headstart.foreign.labels import MAX_BYTES, classes_in_text
from headstart.foreign.model_info import facts_of_export
from headstart.networks.preprocessing import Preprocessing
from headstart.untrusted.json_text import parse_json
from headstart.untrusted.zip_lists import DAMAGED, check_list, read_member

if TYPE_CHECKING:
    from typing import BinaryIO

    from headstart.networks.classes import ClassName

# Fields of the tables, as TFLite's schema and that of its metadata count them.
_SUBGRAPHS, _BUFFERS, _METADATA = 2, 4, 6
_TENSORS, _INPUTS = 0, 1
_TENSOR_TYPE = 1
_METADATA_NAME, _METADATA_BUFFER = 0, 1
_LICENSE, _SUBGRAPH_METADATA = 5, 3
_INPUT_METADATA, _OUTPUT_METADATA = 2, 3
_PROCESS_UNITS, _ASSOCIATED_FILES = 4, 6
_OPTIONS_TYPE, _OPTIONS, _NORMALIZATION = 0, 1, 1
_FILE_NAME, _FILE_TYPE, _AXIS_LABELS, _VALUE_LABELS = 0, 2, 2, 3

# Of each kind, such as outputs and their label files.
_MOST = 1_000

_UINT8 = 3
_NAME = "TFLITE_METADATA"
# The identifier of a FlatBuffer that is such metadata.
_IDENTIFIER = b"M001"
# What our own exports pack beside the labels.
_OF_EXPORTS = "headstart.json"
# Bytes of the end of a zip archive without a comment.
_ZIP_END = 22


def facts_in_tflite(content: memoryview, file: BinaryIO) -> Facts:
    """Return what a TFLite file says of its network.

    Parameters
    ----------
    content : memoryview
        The bytes of the file.
    file : file
        The same, open for reading bytes.

    Raises
    ------
    ValueError
        If the metadata is damaged, or names a label file that is not packed.
    """
    try:
        return _facts(root(content), file)
    except DAMAGED as error:
        raise ValueError(f"what is packed in it is damaged: {error}") from error


def _facts(model: Table, file: BinaryIO) -> Facts:
    about = _metadata(model)
    if about is None:
        return Facts(classes=_packed_labels(file, None))
    subgraph = next(about.tables(_SUBGRAPH_METADATA, _MOST), None)
    named = None if subgraph is None else _label_file(subgraph)
    # Pixels go into a network of 8 bits as they are, whatever is said of numbers.
    takes_pixels = _input_type(model) == _UINT8
    said = Facts(
        preprocessing=None if takes_pixels or subgraph is None else _preprocessing(subgraph),
        classes=_packed_labels(file, named),
        license=about.text(_LICENSE),
    )
    return _packed_export(file).over(said)


def _metadata(model: Table) -> Table | None:
    for entry in model.tables(_METADATA, _MOST):
        if entry.text(_METADATA_NAME) == _NAME:
            number = int(entry.number(_METADATA_BUFFER, "I"))
            content = model.item(_BUFFERS, number).data(0)
            if bytes(content[4:8]) != _IDENTIFIER:
                raise ValueError("its metadata is not TFLite's")
            return root(content)
    return None


def _input_type(model: Table) -> int | None:
    subgraph = next(model.tables(_SUBGRAPHS, _MOST), None)
    inputs = () if subgraph is None else subgraph.numbers(_INPUTS, "i")
    if subgraph is None or len(inputs) != 1:
        return None
    return int(subgraph.item(_TENSORS, int(inputs[0])).number(_TENSOR_TYPE, "b"))


def _preprocessing(subgraph: Table) -> Preprocessing | None:
    """Return the normalisation of the first input: pixels minus the mean, divided by the std."""
    tensor = next(subgraph.tables(_INPUT_METADATA, _MOST), None)
    for unit in () if tensor is None else tensor.tables(_PROCESS_UNITS, _MOST):
        options = unit.table(_OPTIONS)
        if unit.number(_OPTIONS_TYPE, "B") == _NORMALIZATION and options is not None:
            mean, std = (_three(options.numbers(place, "f")) for place in (0, 1))
            if min(std) <= 0:
                raise ValueError(f"its metadata has the standard deviations {std}")
            return Preprocessing("rgb", 1.0, mean, std)
    return None


def _three(numbers: tuple[float, ...]) -> tuple[float, float, float]:
    # As short numbers as were written: 127.5 and not 127.49999.
    written = [float(f"{number:.7g}") for number in numbers]
    if len(written) not in (1, 3):
        raise ValueError(f"its metadata has a mean or standard deviation of {len(written)} colours")
    red, green, blue = written * 3 if len(written) == 1 else written
    return red, green, blue


def _label_file(subgraph: Table) -> str | None:
    """Return the name of the packed label file of the first output that has one."""
    for tensor in subgraph.tables(_OUTPUT_METADATA, _MOST):
        for each in tensor.tables(_ASSOCIATED_FILES, _MOST):
            if each.number(_FILE_TYPE, "b") in (_AXIS_LABELS, _VALUE_LABELS):
                return each.text(_FILE_NAME)
    return None


def _packed_labels(file: BinaryIO, named: str | None) -> tuple[ClassName, ...] | None:
    """Return the labels in the archive that is appended; without a name, those of its only text."""
    texts = _packed(file, ".txt")
    wanted = texts if named is None else [each for each in texts if each.filename == named]
    if named is not None and not wanted:
        raise ValueError(f"its metadata names the label file {quoted(named)}, which is not packed")
    if len(wanted) != 1:
        return None
    with zipfile.ZipFile(file) as archive:
        return classes_in_text(read_member(archive, wanted[0], MAX_BYTES))


def _packed_export(file: BinaryIO) -> Facts:
    """Return what one of our own exports says of itself."""
    for member in _packed(file, _OF_EXPORTS):
        with zipfile.ZipFile(file) as archive:
            return facts_of_export(parse_json(read_member(archive, member, MAX_BYTES)))
    return Facts()


def _packed(file: BinaryIO, ending: str) -> list[zipfile.ZipInfo]:
    """Return what is in the archive behind the network; nothing without such an archive."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _ZIP_END))
    if file.read(4) != b"PK\x05\x06":
        return []
    check_list(file, size)
    with zipfile.ZipFile(file) as archive:
        return [each for each in archive.infolist() if each.filename.lower().endswith(ending)]
