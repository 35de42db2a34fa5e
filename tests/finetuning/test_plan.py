from types import SimpleNamespace

import numpy as np
import pytest

import headstart as hs
from headstart.backbones.catalogue import get_backbone
from headstart.errors import UsageError, WeightsMismatch, WeightsNotFound
from headstart.finetuning.plan import Plan, divisions, make_plan
from headstart.finetuning.settings import FineTuning
from headstart.heads.dense import DenseHead
from headstart.heads.logistic import LogisticHead

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
LABELS = ["a", "b", "c"] * 4


def plan_of(labels, head=None, **settings):
    head = head or LogisticHead()
    head.classes_ = np.unique(labels)
    frozen = SimpleNamespace(head_=head, classes_=head.classes_)
    return Plan(
        frozen=frozen,
        recipe=FineTuning(**settings),
        row=None,
        weights=None,
        sources=[],
        labels=labels,
        features=np.random.default_rng(0).standard_normal((len(labels), 4)).astype(np.float32),
    )


def sizes(found):
    return [(len(learnt), len(tested)) for learnt, tested in found]


@pytest.mark.parametrize(
    ("labels", "thorough", "validation", "expected"),
    [
        (["a", "b"] * 50, True, None, [(80, 20)] * 5),
        (["a", "b"] * 50, False, None, [(90, 10)]),
        (["a", "b"] * 1001, True, None, [(1802, 200)]),
        (["a", "b"] * 50, True, 0.3, [(70, 30)]),
        (["a", "b"] * 50, False, 10, [(90, 10)] * 10),
        (["a"] * 20 + ["b"], True, None, [(19, 2)]),
    ],
)
def test_few_pictures_go_round_and_of_many_a_part_is_kept_out(
    labels, thorough, validation, expected
):
    found = divisions(plan_of(labels, validation=validation), thorough=thorough)
    if labels.count("b") > 1:
        assert sizes(found) == expected
    else:
        # A class with one picture is learnt from, in whichever division.
        assert all(20 in learnt for learnt, _ in found)
    if len(found) > 1:
        tested = np.sort(np.concatenate([tested for _, tested in found]))
        assert tested.tolist() == list(range(len(labels)))


def test_folds_need_two_pictures_of_each_class():
    with pytest.raises(UsageError, match=r"at least 2 pictures. Received: one with 1"):
        divisions(plan_of(["a"] * 20 + ["b"], validation=5), thorough=True)


def test_pictures_count_as_the_head_says():
    lot = plan_of(["a", "a", "a", "b"]).lot()
    assert lot.labels.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(lot.weights, [2 / 3, 2 / 3, 2 / 3, 2])
    some = lot.of(np.array([3, 0]))
    assert some.places.tolist() == [3, 0]
    assert some.labels.tolist() == [1, 0]
    alike = plan_of(["a", "a", "a", "b"], LogisticHead(class_weight=None)).lot()
    assert alike.weights.tolist() == [1] * 4


def test_a_head_of_the_same_kind_learns_from_some_of_the_pictures():
    plan = plan_of(["a", "b"] * 10)
    scorer = plan.head(np.arange(10))
    expected = LogisticHead().fit(plan.features[:10], plan.labels[:10]).scorer_
    np.testing.assert_array_equal(scorer.layers[0].weights, expected.layers[0].weights)


def test_dropout_is_what_the_head_was_trained_with():
    assert plan_of(["a", "b"]).dropout == 0.5
    assert plan_of(["a", "b"], dropout=0.1).dropout == 0.1
    assert plan_of(["a", "b"], DenseHead(dropout=0.3)).dropout == 0.3
    assert plan_of(["a", "b"], DenseHead(dropout=0.3), dropout=0.0).dropout == 0


def planned(classifier, recipe=None):
    recipe = recipe or FineTuning()
    return make_plan(classifier, PIXELS, LABELS, recipe, skip_unreadable=False, progress=None)


def test_a_network_that_is_no_backbone_is_refused(tiny_network):
    with pytest.raises(UsageError, match=r"The backbone that .* Received: tiny"):
        planned(hs.ImageClassifier(tiny_network))


@pytest.mark.parametrize("name", ["mobilenet_v2", "mini"])
def test_a_network_made_from_other_weights_is_refused(tiny_network, offline, name):
    from dataclasses import replace

    assert not list(offline.iterdir())
    other = replace(tiny_network, name=name)
    kind = WeightsNotFound if name == "mobilenet_v2" else WeightsMismatch
    with pytest.raises(kind, match=r"No weights for mobilenet_v2|has lost its weights file"):
        planned(hs.ImageClassifier(other))


def test_a_head_without_layers_is_refused(monkeypatch, tiny_network):
    from dataclasses import replace

    from headstart.finetuning import plan

    monkeypatch.setattr(plan, "find_origin", lambda *_: (get_backbone("mini"), None))
    network = replace(tiny_network, name="mini")
    with pytest.raises(UsageError, match="a head that is made of layers"):
        planned(hs.ImageClassifier(network, head="knn"))
    assert planned(hs.ImageClassifier(network)).size == 32


@pytest.mark.parametrize("size", [31, 40])
def test_it_learns_from_images_of_a_size_that_the_network_can_take(monkeypatch, tiny_network, size):
    from dataclasses import replace

    from headstart.finetuning import plan

    monkeypatch.setattr(plan, "find_origin", lambda *_: (get_backbone("mini"), None))
    network = hs.ImageClassifier(replace(tiny_network, name="mini"))
    with pytest.raises(UsageError, match=rf"from 32 to the network's own, 32. Received: {size}"):
        planned(network, FineTuning(where="all", view_size=size))
    assert planned(network, FineTuning(where="all", view_size=32)).recipe.view_size == 32
