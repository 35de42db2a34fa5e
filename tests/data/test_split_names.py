import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.split_names import named_splits, says_nothing, split_of


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train training Train TRAINING training_set train-set trainset TrainingSet"),
        ("train", "train_images images_train trainImages train2017 train_data"),
        ("valid", "val valid validation Valid dev development eval evaluation val_set valset"),
        ("test", "test testing test_set testset Test test1 test_images test-data tests"),
        ("unlabelled", "unlabelled unlabeled_data pred predict test_unlabelled"),
    ],
)
def test_names_of_splits(split, names):
    for name in names.split():
        assert split_of(name) == split, name


@pytest.mark.parametrize(
    "name",
    [
        *("cat", "bus", "trainer", "contest", "testudo", "value", "valley", "device", "invalid"),
        *("train_station", "test tube", "dev-board", "train_test", "images", "2017", "", "猫"),
    ],
)
def test_names_of_other_things(name):
    assert split_of(name) is None


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ("train eval", ["train", "valid"]),
        ("seg_train seg_test seg_pred", ["train", "test", "unlabelled"]),
        ("dogs-train dogs-val", ["train", "valid"]),
        ("MoleTrain MoleTest", ["train", "test"]),
        ("train bus", ["train"]),
        ("train_station bus_station", []),
        ("test_tube test_strip", []),
        ("train_station test_tube", []),
        ("train test test_tube", ["train", "test"]),
        ("cat dog", []),
    ],
)
def test_what_a_name_says_besides_must_be_common(names, splits):
    assert list(named_splits(names.split()).values()) == splits


def test_names_that_say_nothing():
    assert says_nothing("images")
    assert says_nothing("JPEGImages")
    assert not says_nothing("2017")
    assert not says_nothing("")
    assert not says_nothing("cats")
    assert not says_nothing("train")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=20) | st.text("TRAINtrainVALval_09-", max_size=20)))
def test_any_name_is_that_of_a_split_or_not(names):
    known = {"train", "valid", "test", "unlabelled", None}
    assert {split_of(name) for name in names} <= known
    assert set(named_splits(names).values()) <= known
    assert named_splits(names).keys() <= set(names)
