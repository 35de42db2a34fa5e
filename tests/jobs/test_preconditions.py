"""Each check by itself; test_train.py shows that they come before the training."""

import pytest

from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, StorageError, UnknownBackbone, UsageError
from headstart.jobs.preconditions import check_labels, check_out
from headstart.model.description import DESCRIPTION


def images(*labels):
    return LabelledImages([None] * len(labels), list(labels), sorted(set(labels), key=str))


def test_a_place_for_a_model_passes_and_nothing_is_left_there(
    tmp_path, tiny_network, network_folder
):
    check_out(tmp_path / "new" / "m", tiny_network, overwrite=False)
    check_out(tmp_path / "new" / "m", network_folder, overwrite=False)
    check_out(tmp_path / "new" / "m", "auto", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_refused(tmp_path, tiny_network):
    (tmp_path / "m").touch()
    with pytest.raises(UsageError, match="something else"):
        check_out(tmp_path / "m", tiny_network, overwrite=True)
    with pytest.raises(StorageError, match="the model 'x' must be written into"):
        check_out(tmp_path / "m" / "x", tiny_network, overwrite=False)


def test_the_work_of_a_training_that_was_killed_when_it_was_saved_is_named(tmp_path, tiny_network):
    model, work = tmp_path / "m", tmp_path / "m.training"
    model.mkdir()
    DESCRIPTION.write(model, {})
    (model / "SHA256SUMS").touch()
    (tmp_path / ".m.training-abcd1234").mkdir()
    with pytest.raises(UsageError, match=r"overwrite=True\)\.$"):
        check_out(model, tiny_network, overwrite=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m"]
    work.mkdir()
    (work / "settings.json").touch()
    with pytest.raises(UsageError, match=r"m\.training holds the work .* Or delete that folder"):
        check_out(model, tiny_network, overwrite=False)
    check_out(model, tiny_network, overwrite=True)
    assert (work / "settings.json").exists()


def test_a_backbone_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(UnknownBackbone):
        check_out(tmp_path / "m", "mobilenet_v9", overwrite=False)


def test_test_images_of_other_classes_are_refused():
    with pytest.raises(DatasetError, match=r"classes of the model: 'a', 'b'\. Received: 'c'\."):
        check_labels(images("a", "b"), images("c"), print)


def test_test_images_are_labelled_as_the_training_images_are():
    said = []
    tested = check_labels(images(0, 1), images("1", "0", "1"), said.append)
    assert (tested.labels, tested.classes) == ([1, 0, 1], [0, 1])
    assert "'1' as 1" in said[0]
