"""Metadata and label files in TFLite files."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign.buffers import flatbuffer

from headstart.foreign.facts import Facts
from headstart.foreign.labels import MAX_BYTES
from headstart.foreign.tflite_metadata import facts_in_tflite
from headstart.networks.classes import ClassName
from headstart.networks.preprocessing import Preprocessing

FLOAT, UINT8 = 0, 3
CATS = (ClassName("cat", "cat"), ClassName("dog", "dog"))


def about(mean=(127.5,), std=(127.5,), labels="labels.txt"):
    """Return TFLite's metadata of a classifier."""
    options = {0: ("f", list(mean)), 1: ("f", list(std))}
    image = {4: [{0: ("B", 1), 1: options}]}
    output = {6: [{0: labels, 2: ("b", 2)}]} if labels else {}
    return flatbuffer({3: [{2: [image], 3: [output]}], 5: "Apache-2.0"}, b"M001")


def tflite(metadata=None, kind=FLOAT, packed=None):
    """Return a TFLite file without operators, with metadata and files packed in it."""
    model = {2: [{0: [{1: ("b", kind)}], 1: ("i", [0])}], 4: [{}]}
    if metadata is not None:
        model[4] = [{}, {0: metadata}]
        model[6] = [{0: "min_runtime_version", 1: ("I", 0)}, {0: "TFLITE_METADATA", 1: ("I", 1)}]
    file = io.BytesIO()
    file.write(flatbuffer(model, b"TFL3"))
    if packed:
        with zipfile.ZipFile(file, "a") as archive:
            for name, text in packed.items():
                archive.writestr(name, text)
    return file.getvalue()


def facts(content):
    return facts_in_tflite(memoryview(content), io.BytesIO(content))


def test_normalisation_labels_and_licence():
    content = tflite(about(), packed={"labels.txt": "cat\ndog\n", "other.txt": "x"})
    assert facts(content) == Facts(
        preprocessing=Preprocessing("rgb", 1.0, (127.5,) * 3, (127.5,) * 3),
        classes=CATS,
        license="Apache-2.0",
    )


def test_numbers_are_those_that_were_written():
    content = tflite(about((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), None))
    assert facts(content).preprocessing.mean == (123.675, 116.28, 103.53)


def test_pixels_go_into_8_bits_as_they_are():
    assert facts(tflite(about(labels=None), UINT8)) == Facts(license="Apache-2.0")


def test_without_metadata_the_only_text_that_is_packed_holds_the_labels():
    assert facts(tflite()) == Facts()
    assert facts(tflite(packed={"a.txt": "cat\ndog"})) == Facts(classes=CATS)
    assert facts(tflite(packed={"a.txt": "cat", "b.txt": "dog"})) == Facts()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (tflite(about()), "names the label file 'labels.txt', which is not packed"),
        (tflite(about(std=(0.0,), labels=None)), "standard deviations"),
        (tflite(about(mean=(1.0, 2.0), labels=None)), "of 2 colours"),
        (tflite(b"12345678"), "not TFLite's"),
        (tflite(packed={"a.txt": "a" * (MAX_BYTES + 1)}), f"more than {MAX_BYTES:,} bytes"),
        (b"\xff" * 20, "no FlatBuffer"),
    ],
)
def test_anything_else_is_refused(content, why):
    with pytest.raises(ValueError, match=why):
        facts(content)


WHOLE = tflite(about(), packed={"labels.txt": "cat\ndog\n"})


@given(st.integers(0, len(WHOLE)), st.binary(max_size=8))
def test_damaged_files_are_read_or_refused(place, written):
    content = bytearray(WHOLE)
    content[place : place + len(written)] = written
    with contextlib.suppress(ValueError):
        facts(bytes(content))


@given(st.integers(0, len(WHOLE)))
def test_files_that_are_cut_short_are_read_or_refused(length):
    with contextlib.suppress(ValueError):
        facts(WHOLE[:length])
