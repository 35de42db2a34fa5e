import pytest

import headstart as hs
from headstart.errors import UsageError
from headstart.jobs import export as module


@pytest.fixture
def saved(tiny_network, images, tmp_path):
    """The folder of a saved model."""
    classifier = hs.ImageClassifier(tiny_network, cache=False).fit(*images)
    classifier.save(tmp_path / "saved")
    return tmp_path / "saved"


def test_a_saved_model_is_exported_by_its_folder_and_by_itself(saved, tmp_path):
    by_folder = hs.export(saved, "openvino", tmp_path / "one.xml")
    by_itself = hs.load(saved).export("openvino", tmp_path / "two.xml")
    assert by_folder.difference == by_itself.difference < 1e-4
    assert (tmp_path / "one.bin").read_bytes() == (tmp_path / "two.bin").read_bytes()


def test_a_repository_is_a_saved_model_that_loads(saved, tmp_path):
    found = hs.export(saved, "huggingface", tmp_path / "repo")
    assert found.difference < 1e-5
    assert "probabilities" in found.outputs
    assert hs.load(tmp_path / "repo").labels == hs.load(saved).labels
    for named, precision in (("mobilenet_v2", "auto"), (saved, "int8"), (saved, "f8")):
        with pytest.raises(UsageError):
            hs.export(named, "huggingface", tmp_path / "other", precision=precision)
    assert not (tmp_path / "other").exists()
    with pytest.raises(UsageError, match="must exist"):
        hs.export(tmp_path / "nothing", "huggingface", tmp_path / "other")
    with pytest.raises(UsageError, match="overwrite"):
        hs.export(saved, "huggingface", tmp_path / "other", overwrite="yes")


def test_wrong_requests_are_refused_before_the_model_is_read(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "open_predictor", None)
    for to, out in (("caffe", "a.xml"), ("openvino", "a.onnx")):
        with pytest.raises(UsageError):
            hs.export(saved, to, tmp_path / out)
