import pytest

from headstart.classifier import ImageClassifier
from headstart.errors import NotASavedModel, UsageError
from headstart.images.sources import as_source
from headstart.jobs.report import report


@pytest.fixture
def model(tiny_network, images, tmp_path):
    classifier = ImageClassifier(tiny_network, resize="squash", cache=False)
    return classifier.fit(*images).save(tmp_path / "model")


def test_it_stands_beside_the_model(model, labelled, tmp_path):
    assert report(model, labelled) == tmp_path / "model.report.html"
    assert "24 of 24 right" in (tmp_path / "model.report.html").read_text("utf-8")
    assert report(tmp_path / "model", labelled, tmp_path / "other.html").exists()


def test_a_report_that_is_there_is_replaced(model, labelled, tmp_path):
    (tmp_path / "model.report.html").write_text("old")
    report(model, labelled)
    assert (tmp_path / "model.report.html").read_text("utf-8") != "old"


def test_images_that_the_model_has_learnt_from_are_warned_of(model, labelled):
    known = report(model, labelled).read_text("utf-8")
    said = (
        '<p class="warning">The model has learnt from all of these 24 images: its accuracy on them'
    )
    assert said in known
    assert "24 images tested, 24 of which the model has learnt from." in known
    new = labelled.subset([0, 23])
    new.sources[:] = [as_source(255 - source.array, n) for n, source in enumerate(new.sources)]
    assert "learnt from all of" not in report(model, new).read_text("utf-8")


def test_findings_and_what_else_is_asked_for_have_sections(model, labelled):
    copied = labelled.subset([*range(24), 0])
    plain = report(model, labelled).read_text("utf-8")
    assert "Check of the data" not in plain
    path = report(model, copied, against=model, at_recall=0.9, check=True)
    text = path.read_text("utf-8")
    for title in ("Check of the data", "Thresholds", "Against the other model"):
        assert f">{title}</h2>" in text
    assert '<ul class="captioned">' in text


def test_what_is_wrong_is_refused(model, labelled, tmp_path):
    with pytest.raises(UsageError, match="HTML file"):
        report(model, labelled, tmp_path / "report.pdf")
    with pytest.raises(NotASavedModel):
        report(tmp_path, labelled)
