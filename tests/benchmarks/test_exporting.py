"""Exported models predict in the programs they are for what they predict here."""

import pytest

import headstart as hs
from headstart.exporting.export import export
from headstart.exporting.exported_model import ExportedModel
from headstart.exporting.formats import FORMATS

KINDS = ("logistic", "knn", "mirrored", "padded")


@pytest.fixture(scope="module")
def dataset(real_data):
    return hs.read_dataset(real_data / "data" / "vehicles")


@pytest.mark.real_data
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_top_classes_and_labels_are_the_same_on_all_photos(
    module, real_data, dataset, monkeypatch, tmp_path, kind, to
):
    """All 192, probabilities within 1e-3; docs/export.md has what was measured."""
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(real_data / "weights"))
    exporting = module("exporting")
    ((_, predictor),) = exporting.models(dataset, [kind])
    row = FORMATS[to]
    path = export(predictor, to, tmp_path / f"net{row.suffixes[0]}").path
    expected, pixels = (
        exporting.expected_of(predictor, dataset),
        exporting.pixels_of(predictor, dataset),
    )
    found = exporting.agreement(lambda some: row.run(path, some), pixels, expected)
    assert found.same == len(pixels) == 192
    assert found.difference < 1e-3
    pytest.importorskip("model_api")
    labels = ExportedModel.of(predictor).labels
    assert exporting.shown_alike(path, list(pixels), expected, labels) == 192
