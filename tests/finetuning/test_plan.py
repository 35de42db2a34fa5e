from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import headstart as hs
from headstart.backbones.catalogue import get_backbone
from headstart.data.inputs import labelled_images
from headstart.errors import DatasetError, UsageError, WeightsMismatch, WeightsNotFound
from headstart.finetuning import plan as room
from headstart.finetuning.plan import (
    Plan,
    check_labels,
    find_origin_of,
    make_plan,
    validation_splits,
)
from headstart.finetuning.settings import FineTuning
from headstart.heads.dense import DenseHead
from headstart.heads.logistic import LogisticHead
from headstart.images.sources import as_source, content_hash

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
LABELS = ["a", "b", "c"] * 4


def plan_of(labels, head=None, **settings):
    head = head or LogisticHead()
    head.classes_ = np.unique(labels)
    frozen = SimpleNamespace(head_=head, classes_=head.classes_)
    return Plan(
        frozen=frozen,
        settings=FineTuning(**settings),
        origin=None,
        sources=[],
        labels=labels,
        features=np.random.default_rng(0).standard_normal((len(labels), 4)).astype(np.float32),
        images=room._all_images(frozen, labels, len(labels)),
        n_train=len(labels),
        groups=None,
        fingerprint="",
    )


@pytest.mark.parametrize(
    ("labels", "is_quick", "validation", "expected"),
    [
        (["a", "b"] * 50, True, None, [(80, 20)] * 5),
        (["a", "b"] * 50, False, None, [(90, 10)]),
        (["a", "b"] * 1001, True, None, [(1802, 200)]),
        (["a", "b"] * 50, True, 0.3, [(70, 30)]),
        (["a", "b"] * 50, False, 10, [(90, 10)] * 10),
    ],
)
def test_few_images_are_cross_validated_and_of_many_a_share_is_the_validation_set(
    labels, is_quick, validation, expected
):
    splits = validation_splits(labels, FineTuning(validation=validation), is_quick=is_quick)
    assert [(len(train), len(valid)) for train, valid in splits] == expected
    if len(splits) > 1:
        rows = np.sort(np.concatenate([valid for _, valid in splits]))
        assert rows.tolist() == list(range(len(labels)))


def test_the_only_image_of_a_class_is_always_a_training_image():
    ((train, validation),) = validation_splits(["a"] * 20 + ["b"], FineTuning(), is_quick=True)
    assert 20 in train
    assert len(validation) == 2


def test_folds_need_two_images_of_each_class():
    with pytest.raises(UsageError, match=r"at least 2 images\. Received: a class with 1"):
        validation_splits(["a"] * 20 + ["b"], FineTuning(validation=5), is_quick=True)


@pytest.mark.parametrize("validation", [None, 3, 0.3])
def test_groups_are_held_out_as_a_whole(validation):
    labels = ["a", "b"] * 12
    groups = np.arange(24) // 4
    settings = FineTuning(validation=validation)
    for train, valid in validation_splits(labels, settings, is_quick=True, groups=groups):
        assert len(valid)
        assert not set(groups[train]) & set(groups[valid])
        assert {labels[row] for row in train} == {"a", "b"}


@pytest.mark.parametrize("validation", [3, 0.3])
def test_a_group_of_each_class_can_not_be_held_out(validation):
    settings = FineTuning(validation=validation)
    with pytest.raises(UsageError, match="at least 2 groups"):
        check_labels(["a", "b"] * 4, None, settings, np.array([0, 1] * 4))


def test_the_images_have_the_weights_that_the_head_gives_them():
    images = plan_of(["a", "a", "a", "b"]).images
    assert images.labels.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(images.weights, [2 / 3, 2 / 3, 2 / 3, 2])
    unweighted = plan_of(["a", "a", "a", "b"], LogisticHead(class_weight=None)).images
    assert unweighted.weights.tolist() == [1] * 4


def test_a_head_of_the_same_kind_is_trained_on_some_of_the_images():
    plan = plan_of(["a", "b"] * 10)
    scorer = plan.train_head(np.arange(10))
    expected = LogisticHead().fit(plan.features[:10], plan.labels[:10]).scorer_
    np.testing.assert_array_equal(scorer.layers[0].weights, expected.layers[0].weights)


def test_the_dropout_is_that_of_a_dense_head_unless_it_is_set():
    assert plan_of(["a", "b"]).dropout == 0.5
    assert plan_of(["a", "b"], dropout=0.1).dropout == 0.1
    assert plan_of(["a", "b"], DenseHead(dropout=0.3)).dropout == 0.3
    assert plan_of(["a", "b"], DenseHead(dropout=0.3), dropout=0.0).dropout == 0


def planned(classifier, X=PIXELS, y=LABELS, validation=None, **options):
    options = {"skip_unreadable": False, "progress": None} | options
    origin = find_origin_of(classifier, None)
    train = labelled_images(X, y)
    return make_plan(classifier, origin, train, validation, FineTuning(), **options)


@pytest.fixture
def as_mini(monkeypatch, tiny_network):
    """A small network that passes for mini."""
    monkeypatch.setattr(room, "find_origin", lambda *_: (get_backbone("mini"), None))
    return replace(tiny_network, name="mini")


def test_a_network_of_no_row_is_trained_as_its_graph_is(tiny_network):
    origin = find_origin_of(hs.ImageClassifier(tiny_network, mirror=True), None)
    assert origin.built is None
    assert origin.network.mirror
    assert origin.plain == tiny_network


@pytest.mark.parametrize("name", ["mobilenet_v2", "mini"])
def test_a_network_made_from_other_weights_is_refused(tiny_network, offline, name):
    assert not list(offline.iterdir())
    other = replace(tiny_network, name=name)
    kind = WeightsNotFound if name == "mobilenet_v2" else WeightsMismatch
    with pytest.raises(kind, match=r"no weights for mobilenet_v2|fine-tuned network is not kept"):
        planned(hs.ImageClassifier(other))


def test_a_head_without_layers_is_refused(as_mini):
    with pytest.raises(UsageError, match="a head that is made of layers"):
        planned(hs.ImageClassifier(as_mini, head="knn"))
    assert planned(hs.ImageClassifier(as_mini)).size == 32


def test_unreadable_images_are_skipped_if_that_is_asked_for(as_mini):
    images, labels = [*PIXELS, b"no image"], [*LABELS, "a"]
    plan = planned(hs.ImageClassifier(as_mini), images, labels, skip_unreadable=True)
    assert (
        len(plan.sources) == len(plan.labels) == len(plan.features) == len(plan.images.rows) == 12
    )
    assert len(plan.frozen.unreadable_) == 1


def test_a_validation_set_that_is_given_is_the_only_one_and_trains_nothing(as_mini):
    given = labelled_images([*PIXELS[:3], b"no image"], ["a", "b", "c", "a"])
    plan = planned(hs.ImageClassifier(as_mini), validation=given, skip_unreadable=True)
    ((train, validation),) = plan.splits(is_quick=True)
    assert (train.tolist(), validation.tolist()) == (list(range(12)), [12, 13, 14])
    assert plan.labels[12:] == ["a", "b", "c"]
    np.testing.assert_allclose(plan.features[12:], plan.features[:3])
    assert plan.frozen.training_.counts == (4, 4, 4)
    assert len(plan.frozen.unreadable_) == 1


def test_training_and_validation_images_are_recognised(as_mini):
    further = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), np.uint8)
    given = labelled_images([*further[:3]], ["a", "b", "c"])
    known = planned(hs.ImageClassifier(as_mini), validation=given).frozen.predictor_.training_hashes
    contents = [content_hash(as_source(image).read()) for image in [*PIXELS, *further]]
    assert [known.has(content) for content in contents] == [True] * 15 + [False]


def test_validation_images_of_which_none_can_be_read_are_refused(as_mini):
    given = labelled_images([b"no image"], ["a"])
    with pytest.raises(DatasetError, match="one validation image must be readable"):
        planned(hs.ImageClassifier(as_mini), validation=given, skip_unreadable=True)


@pytest.mark.parametrize(
    ("labels", "validation", "settings", "says"),
    [
        (["a", "a", "b"], None, {"validation": 5}, "at least 2 images"),
        (["a", "b"], ["a", "c"], {}, r"'a', 'b'\. Received: 'c'\."),
        (["a", "b"], [], {}, "at least one image"),
        (["a", "b"], ["a"], {"validation": 0.2}, "in one way"),
    ],
)
def test_labels_that_can_not_be_split_are_refused(labels, validation, settings, says):
    with pytest.raises((UsageError, DatasetError), match=says):
        check_labels(labels, validation, FineTuning(**settings))


def test_the_description_changes_with_images_labels_head_and_settings(as_mini):
    plan = planned(hs.ImageClassifier(as_mini))
    others = [
        planned(hs.ImageClassifier(as_mini), y=LABELS[::-1]),
        planned(hs.ImageClassifier(as_mini, head="ridge")),
        replace(plan, settings=FineTuning(seed=1)),
    ]
    assert planned(hs.ImageClassifier(as_mini)).described() == plan.described()
    assert all(other.described() != plan.described() for other in others)
