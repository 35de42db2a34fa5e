"""Recognise networks in files of other programs, by what is in them."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal, get_args

from headstart.errors import ConversionError
from headstart.foreign.protobuf import BYTES, VARINT, read_fields
from headstart.images.signatures import SIGNATURES
from headstart.untrusted.regular_files import open_regular
from headstart.untrusted.zip_lists import DAMAGED, ZIP, check_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Formats of other programs, by the names that messages say.
Format = Literal["onnx", "tflite", "saved_model", "openvino", "keras"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: The file that a SavedModel's folder must hold.
SAVED_MODEL = "saved_model.pb"

# The beginning of an OpenVINO graph holds its root element.
_BEGINNING = 4096
_HDF5 = b"\x89HDF\r\n\x1a\n"
# Written by Python since version 3; PyTorch's zip archives have "NAME/data.pkl" first.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
# Of the message ModelProto of ONNX: how its fields are written.
_ONNX_FIELDS = {
    **dict.fromkeys((1, 5), VARINT),
    **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES),
}
_ONNX_GRAPH = 7
# Fields of a ModelProto; exporters write hundreds of metadata_props at most.
_MOST_FIELDS = 100_000


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A network in a file, or a SavedModel's folder, of another program.

    Attributes
    ----------
    path : Path
        The file, or the folder of a SavedModel.
    format : {"onnx", "tflite", "saved_model", "openvino", "keras"}
        "openvino" is the ``.xml`` of an intermediate representation; "keras" is a ``.keras`` file
        or an HDF5 file with a whole network.
    """

    path: Path
    format: Format


def recognise(path: Path) -> ForeignFile | None:
    """Return what kind of network is in a file or folder; None if it is something else.

    Its content decides, and not its name. What it holds is not checked yet.

    Raises
    ------
    ConversionError
        If it can't be read.
    """
    if path.is_dir():
        is_saved_model = (path / SAVED_MODEL).is_file()
        return ForeignFile(path, "saved_model") if is_saved_model else None
    try:
        with open_regular(path) as file:
            found = _format(file)
    except OSError as error:
        raise ConversionError(
            f"The file of a network must be readable. Received: {path}: {error.strerror}."
        ) from error
    return None if found is None else ForeignFile(path, found)


def recognise_fetched(path: Path, name: str) -> ForeignFile:
    """Return what kind of network is in a file that was fetched under a name.

    Raises
    ------
    ConversionError
        If it is something else, or can't be read.
    """
    found = recognise(path)
    if found is None:
        raise ConversionError(
            f"{name} must be a network that headstart reads. Received: {path.name}, which is "
            "something else, or cut short."
        )
    return found


def describe_other(path: Path) -> tuple[str, str]:
    """Return what a file is that holds no network, and what to do instead, for messages."""
    with contextlib.suppress(OSError), open_regular(path) as file:
        beginning = file.read(_BEGINNING)
        if not beginning:
            return "an empty file", "Copy or download it again."
        if _PICKLE.match(beginning) or b"/data.pkl" in beginning:
            return (
                "a pickle, which can run code when it is read",
                "Export the network to ONNX with the program that wrote it.",
            )
        if beginning.startswith(_HDF5) or beginning[8:10] == b'{"':
            return (
                "weights without their network",
                "Give them together with the name of their backbone: --model NAME --weights FILE.",
            )
        found = next((each for each in SIGNATURES if each.begins.match(beginning)), None)
        if found is not None and not beginning.startswith(ZIP):  # .keras, cut short
            return f"a file of another kind: {found.kind}", "Give the file of a network."
    return (
        "a file that holds none of these, or is cut short",
        "Compare its size with where it is from, or export it again.",
    )


@contextlib.contextmanager
def mapped(file: BinaryIO) -> Iterator[memoryview]:
    """Yield the bytes of an open file without reading them all.

    Raises
    ------
    ValueError
        If it is empty.
    """
    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view = memoryview(content)
    try:
        yield view
    finally:
        # Views of the view may be held by the frames of an exception; the last one closes it.
        with contextlib.suppress(BufferError):
            view.release()
            content.close()


def _format(file: BinaryIO) -> Format | None:
    beginning = file.read(_BEGINNING)
    if beginning[4:8] == b"TFL3":
        return "tflite"
    if beginning.startswith(ZIP):
        return "keras" if _is_keras_archive(file) else None
    if beginning.startswith(_HDF5):
        return "keras" if _holds_keras_network(file) else None
    if beginning.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") and b"<net " in beginning:
        return "openvino"
    return "onnx" if beginning and _is_onnx(file) else None


def _is_onnx(file: BinaryIO) -> bool:
    """Tell whether the file is one message with the fields of ONNX, a graph among them."""
    has_graph = False
    try:
        with mapped(file) as content:
            for i, field in enumerate(read_fields(content)):
                if _ONNX_FIELDS.get(field.number) != field.wire or i > _MOST_FIELDS:
                    return False
                has_graph |= field.number == _ONNX_GRAPH
    except ValueError:
        return False
    return has_graph


def _is_keras_archive(file: BinaryIO) -> bool:
    with contextlib.suppress(OSError, ValueError, *DAMAGED):
        check_list(file, os.fstat(file.fileno()).st_size)
        names = zipfile.ZipFile(file).namelist()
        return "config.json" in names and "metadata.json" in names
    return False


def _holds_keras_network(file: BinaryIO) -> bool:
    """Tell whether an HDF5 file describes a network; weights alone do not."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"model_config") >= 0
