import json
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.augmentation.settings import Augmentation
from headstart.errors import DamagedModel
from headstart.finetuning.activations import Activations
from headstart.finetuning.data_source import ActivationData, ImageData, views_to_keep
from headstart.finetuning.settings import FineTuning
from headstart.training.subset import Subset

ROWS = np.array([5, 0, 3, 2])
SUBSET = Subset(ROWS, np.array([1, 0, 1, 0]), 2, np.float32([1, 2, 3, 4]))
SETTINGS = FineTuning(augmentation=Augmentation.none(), batch_size=4, seed=3)

# What crosses a freeze point of 4 KiB an image.
POINT = SimpleNamespace(upper="a model", shapes=[(8, 8, 32)])


@pytest.fixture
def images():
    """Images that are each of one shade: 10 times their row."""
    pixels = np.broadcast_to(10 * np.arange(6, dtype=np.uint8)[:, None, None, None], (6, 8, 8, 3))
    return ImageData(pixels, 16)


@pytest.fixture
def activations():
    """Activations that tell their view and their row: 100 times the one plus the other."""
    values = 100 * np.arange(2)[:, None] + np.arange(6)[None]
    return ActivationData(Activations([values[..., None].astype(np.float16)]))


def test_images_are_batches_of_the_subset(images):
    (batch,) = images.batches(SUBSET, SETTINGS).epoch(0, [16])
    rows = np.rint(batch.inputs[:, 0, 0, 0] / 10).astype(int).tolist()
    assert sorted(rows) == sorted(ROWS)
    order = [ROWS.tolist().index(row) for row in rows]
    np.testing.assert_array_equal(batch.targets[0].argmax(axis=1), SUBSET.labels[order])
    np.testing.assert_array_equal(batch.weights, SUBSET.weights[order])


def test_images_are_validated_whole_at_the_size_of_the_network(images):
    validation = images.validation(SUBSET)
    (batch,) = validation.batches()
    assert batch.shape == (4, 16, 16, 3)
    assert np.rint(batch[:, 0, 0, 0] / 10).astype(int).tolist() == ROWS.tolist()
    assert validation.labels.tolist() == SUBSET.labels.tolist()


def test_activations_are_batches_of_the_subset_in_some_view(activations):
    (batch,) = activations.batches(SUBSET, SETTINGS).epoch(0, [0])
    rows = (batch.inputs[:, 0] % 100).astype(int).tolist()
    assert sorted(rows) == sorted(ROWS)
    order = [ROWS.tolist().index(row) for row in rows]
    np.testing.assert_array_equal(batch.targets[0].argmax(axis=1), SUBSET.labels[order])


def test_activations_are_validated_in_the_view_of_the_whole_image(activations):
    ((batch,),) = activations.validation(SUBSET).batches()
    assert batch[:, 0].tolist() == ROWS.tolist()


def test_a_batch_is_no_larger_than_the_subset(images, activations):
    settings = FineTuning(batch_size=32)
    for data in (images, activations):
        batches = data.batches(SUBSET, settings)
        assert len(batches) == 1
        assert len(next(batches.epoch(0, [16])).targets[0]) == 4


def test_as_many_views_are_kept_as_are_wanted(tmp_path):
    assert views_to_keep(POINT, FineTuning(views=3), 10, tmp_path) == (3, ())
    assert json.loads((tmp_path / "views.json").read_text("utf-8"))["views"] == 3


def test_no_views_are_kept_if_none_are_wanted_or_every_layer_learns(tmp_path):
    assert views_to_keep(POINT, FineTuning(views=0), 10, tmp_path) == (0, ())
    everything = SimpleNamespace(upper=None, shapes=[])
    assert views_to_keep(everything, FineTuning(), 10, tmp_path) == (0, ())
    assert not list(tmp_path.iterdir())


def test_the_number_that_headstart_0_1_wrote_is_read(tmp_path):
    (tmp_path / "views.json").write_text("2")
    assert views_to_keep(POINT, FineTuning(views=3), 10, tmp_path)[0] == 2


def test_another_number_of_views_is_noticed(tmp_path):
    views_to_keep(POINT, FineTuning(views=3), 10, tmp_path)
    path = tmp_path / "views.json"
    path.write_text(path.read_text("utf-8").replace('"views": 3', '"views": 2'), "utf-8")
    with pytest.raises(DamagedModel, match=r"views\.json must hold a number.*--restart"):
        views_to_keep(POINT, FineTuning(views=3), 10, tmp_path)


@pytest.mark.parametrize("content", ["", "null", '"three"', "{}", "-1", "4", "[" * 100_000])
def test_a_damaged_number_of_views_is_refused(tmp_path, content):
    (tmp_path / "views.json").write_text(content)
    with pytest.raises(DamagedModel, match=r"views\.json must hold a number.*--restart"):
        views_to_keep(POINT, FineTuning(views=3), 10, tmp_path)


def test_fewer_views_are_kept_if_there_is_little_room_and_a_note_says_so(tmp_path):
    settings = FineTuning(views=8, store_limit=100_000)
    n_views, notes = views_to_keep(POINT, settings, 10, tmp_path)
    assert n_views == 2
    assert notes == ("There was room for 2 views of each image instead of 8.",)


def test_without_room_for_one_view_a_note_says_how_much_it_takes(tmp_path):
    n_views, (note,) = views_to_keep(POINT, FineTuning(store_limit=1), 2**20, tmp_path)
    assert n_views == 0
    assert "for 1,048,576 images takes 4.0 GiB" in note


def test_a_training_that_continues_keeps_as_many_views_as_before(tmp_path):
    views_to_keep(POINT, FineTuning(views=8, store_limit=100_000), 10, tmp_path)
    n_views, notes = views_to_keep(POINT, FineTuning(views=8), 10, tmp_path)
    assert n_views == 2
    assert notes
