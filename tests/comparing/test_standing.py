import numpy as np
import pytest
from tests.comparing.makers import standing

from headstart.comparing.candidates import Candidate
from headstart.comparing.standing import judge
from headstart.evaluation.comparison import paired_interval


def test_a_difference_is_paired_by_image():
    one = standing([1, 1, 1, 0, 0], images=[0, 1, 2, 3, 4])
    two = standing([0, 1, 1, 1, 0], images=[1, 2, 3, 4, 5])
    # Common are 1 to 4: right are 1, 1, 0, 0 of the first and 0, 1, 1, 1 of the second.
    gain, interval = one.gain_over(two)
    assert gain == pytest.approx(-0.25)
    assert interval == paired_interval([1, 0, -1, -1])


def test_nothing_differs_from_itself():
    one = standing([1, 0, 1])
    gain, (low, high) = one.gain_over(one)
    assert gain == 0
    assert low == -high


def test_groups_make_intervals_wider():
    right = np.repeat(np.arange(20) % 4 > 0, 5)
    alone, grouped = standing(right), standing(right, groups=np.repeat(np.arange(20), 5))
    assert grouped.interval.low < alone.interval.low
    assert grouped.gain_over(standing(~right))[1].low < alone.gain_over(standing(~right))[1].low


def features(seed=0, n=60):
    random = np.random.default_rng(seed)
    labels = ["a", "b", "c"] * (n // 3)
    centres = {label: random.normal(0, 3, 8) for label in "abc"}
    values = [centres[label] + random.normal(0, 1, 8) for label in labels]
    return np.array(values, np.float32), labels


@pytest.mark.parametrize("head", ["logistic", "ridge", "nearest_mean", "knn"])
def test_every_head_is_judged_on_images_it_was_not_trained_on(head):
    values, labels = features()
    found = judge(Candidate("net", "crop", head), values, labels, np.arange(60) + 100)
    assert found.accuracy > 0.9
    assert found.images.tolist() == list(range(100, 160))
    assert found.log_loss == pytest.approx(found.losses.mean())
    # Labels without a reason can't be predicted: a head that has seen them could.
    shuffled = np.random.default_rng(1).permutation(labels).tolist()
    assert judge(Candidate("net", "crop", head), values, shuffled, np.arange(60)).accuracy < 0.6


def test_every_class_weighs_alike():
    values, labels = features()
    few = [0, 3, 6, 9, *range(1, 60, 3), *range(2, 60, 3)]
    found = judge(
        Candidate("net", "crop", "ridge"),
        values[few],
        [labels[row] for row in few],
        np.array(few),
    )
    mean = np.mean([found.losses[[labels[i] == label for i in few]].mean() for label in "abc"])
    assert found.log_loss == pytest.approx(mean)


def test_copies_in_one_group_do_not_vouch_for_each_other():
    random = np.random.default_rng(0)
    single = random.normal(size=(40, 8)).astype(np.float32)
    values = np.repeat(single, 5, axis=0)
    labels = np.repeat(random.permutation(["a", "b"] * 20), 5).tolist()
    candidate, images = Candidate("net", "crop", "knn"), np.arange(200)
    assert judge(candidate, values, labels, images).accuracy > 0.9
    groups = np.repeat(np.arange(40), 5)
    assert judge(candidate, values, labels, images, groups=groups).accuracy < 0.75
