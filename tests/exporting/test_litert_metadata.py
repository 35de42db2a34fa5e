"""TFLite's metadata, as we write it: what our own reader finds in it."""

import pytest

from headstart.exporting import litert_metadata
from headstart.foreign.flatbuffers import root


def test_the_metadata_names_outputs_labels_and_licence():
    pytest.importorskip("flatbuffers")
    content = litert_metadata._metadata(["probabilities", "feature_vector"], "Apache-2.0")
    assert content[4:8] == b"M001"
    about = root(memoryview(content))
    assert about.text(5) == "Apache-2.0"
    (graph,) = about.tables(3)
    (image,) = graph.tables(2)
    (unit,) = image.tables(4)
    assert (unit.number(0, "B"), unit.table(1).numbers(1, "f")) == (1, (1.0,))
    probabilities, features = graph.tables(3)
    (labels,) = probabilities.tables(6)
    assert (labels.text(0), labels.number(2, "b")) == ("labels.txt", 2)
    assert features.text(0) == "feature_vector"
    assert list(features.tables(6)) == []


def test_without_a_licence_none_is_named():
    pytest.importorskip("flatbuffers")
    assert root(memoryview(litert_metadata._metadata(["probabilities"], ""))).text(5) is None
