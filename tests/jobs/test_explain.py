import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.errors import ImageError, StorageError, UsageError
from headstart.explaining.explainer import Explainer
from headstart.images.sources import as_source
from headstart.jobs.explain import Drawings, explained
from headstart.prediction.labels import user_classes
from headstart.prediction.predictor import Predictor


@pytest.fixture
def predictor(tiny_network):
    from tests.prediction.scorers import affine

    from headstart.features.extractor import FeatureExtractor, network_resize

    extractor = FeatureExtractor(tiny_network, network_resize(tiny_network, "squash"))
    return Predictor("tiny", extractor, user_classes(["ant", "bee", "cat"]), affine())


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for place in ("a", "b"):
        (folder / place).mkdir(parents=True)
        noise = np.random.default_rng(len(place)).integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(noise).save(folder / place / "1.png")
    return folder


def test_each_image_gets_a_drawing_of_its_own(predictor, photos, tmp_path):
    found = hs.explain(photos, predictor, out=tmp_path / "out", progress=hs.NoProgress())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1-2.png", "1.png"]
    assert [each.method for each in found] == ["activation map"] * 2
    assert found[0].heat.shape == (20, 30)


def test_a_class_is_asked_for(predictor, photos):
    found = hs.explain(photos, predictor, label="cat", progress=hs.NoProgress())
    assert [each.explained.label for each in found] == ["cat", "cat"]


def test_an_unreadable_image_is_raised_or_kept(predictor, photos, tmp_path):
    (photos / "b" / "1.png").write_bytes(b"")
    quiet = hs.NoProgress()
    with pytest.raises(ImageError):
        hs.explain(photos, predictor, progress=quiet)
    out = tmp_path / "out"
    found = hs.explain(photos, predictor, out=out, on_error="return", progress=quiet)
    assert [each.error is None for each in found] == [True, False]
    assert [path.name for path in out.iterdir()] == ["1.png"]


def test_a_folder_that_holds_something_or_lies_among_the_images_is_refused(
    predictor, photos, tmp_path
):
    with pytest.raises(UsageError, match="must be written outside"):
        hs.explain(photos, predictor, out=photos / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="must be new or empty"):
        hs.explain([photos / "a" / "1.png"], predictor, out=tmp_path / "out")


def test_drawings_come_in_order_while_images_go_on(predictor, tmp_path):
    images = [np.full((8, 8, 3), i, np.uint8) for i in range(9)]
    sources = [as_source(image, i) for i, image in enumerate(images)]
    drawings = Drawings(tmp_path / "out", sources, images)
    found = list(explained(Explainer.of(predictor), sources, None, drawings))
    assert [each.index for each, _ in found] == list(range(9))
    assert [path.name for _, path in found] == [f"image {i}.png" for i in range(9)]
    assert all(path.is_file() for _, path in found)


def test_a_drawing_that_can_not_be_written_ends_the_job(predictor, photos, tmp_path, monkeypatch):
    def full(*_):
        raise StorageError("there is no room")

    monkeypatch.setattr("headstart.jobs.explain.save_explanation", full)
    with pytest.raises(StorageError, match="no room"):
        hs.explain(photos, predictor, out=tmp_path / "out", progress=hs.NoProgress())
