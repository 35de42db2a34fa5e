import numpy as np
import pytest
from tests.prediction.scorers import affine, dense, neighbours

from headstart.prediction import scoring
from headstart.prediction.scoring import (
    ACTIVATIONS,
    SCORERS,
    AffineSoftmax,
    DenseSoftmax,
    Layer,
    NeighbourVotes,
    nearest,
    softmax,
    unit,
)

SOME = np.random.default_rng(1).standard_normal((9, 16)).astype(np.float32)


@pytest.mark.parametrize("scorer", [affine(), dense(), neighbours()], ids=SCORERS)
def test_arrays_are_all_there_is(scorer):
    again = SCORERS[scorer.kind].from_arrays(scorer.arrays())
    assert np.array_equal(again.probabilities(SOME), scorer.probabilities(SOME))
    assert again.shape == scorer.shape == (16, 3)


@pytest.mark.parametrize("scorer", [affine(), dense(), neighbours()], ids=SCORERS)
def test_probabilities_are_probabilities(scorer):
    found = scorer.probabilities(SOME)
    assert (found.shape, found.dtype) == ((9, 3), np.float32)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert scorer.probabilities(SOME[:0]).shape == (0, 3)


def test_softmax_does_not_overflow():
    assert softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])).tolist() == [[1, 0], [0.5, 0.5]]


def test_votes_by_hand():
    examples = np.eye(3)
    scorer = NeighbourVotes(
        np.zeros(3), examples, np.array([0, 1, 1]), np.array([2.0, 1.0]), 1.0, 2
    )
    # Nearest are the first (class 0, two votes) and the second (class 1, one vote).
    found = scorer.probabilities(np.array([[1.0, 0.5, 0.0]]))
    np.testing.assert_allclose(found, [[2.5 / 4, 1.5 / 4]])


def test_nearest_is_the_same_in_blocks_and_for_twins(monkeypatch):
    examples = unit(np.repeat(np.random.default_rng(0).standard_normal((10, 4)), 2, axis=0))
    whole = nearest(examples, examples, 4)
    assert whole[:, 0].tolist() == [2 * (row // 2) for row in range(20)]
    monkeypatch.setattr(scoring, "_BLOCK", 50)
    assert np.array_equal(nearest(examples, examples, 4), whole)


def test_an_image_without_features_has_no_direction():
    assert unit(np.zeros((1, 3))).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    "arrays",
    [{"weights": np.ones((2, 3)), "bias": np.ones(2)}, {"weights": np.ones(3), "bias": np.ones(3)}],
)
def test_arrays_that_do_not_fit_together_are_refused(arrays):
    with pytest.raises(ValueError, match="weights must be"):
        AffineSoftmax.from_arrays(arrays)


@pytest.mark.parametrize(
    "change",
    [
        {"centre": np.ones(3)},
        {"codes": np.full(12, 3)},
        {"codes": np.full(12, -1)},
        {"codes": np.zeros(11, int)},
        {"votes": np.ones((3, 1))},
        {"n_neighbors": np.array(13)},
        {"n_neighbors": np.array(0)},
    ],
)
def test_neighbours_that_do_not_go_together_are_refused(change):
    with pytest.raises(ValueError, match="examples must be"):
        NeighbourVotes.from_arrays(neighbours().arrays() | change)


def test_dense_layers_by_hand():
    layers = [Layer(np.array([[1.0, -1.0]]), np.array([0.0, 1.0]), "relu")]
    layers += [Layer(np.eye(2), np.array([0.0, 0.5]))]
    # 3 becomes (3, -2), rectified (3, 0), and then (3, 0.5).
    found = DenseSoftmax(layers).probabilities(np.array([[3.0]]))
    np.testing.assert_allclose(found, softmax(np.array([[3.0, 0.5]])))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_keras_and_do_not_overflow(name):
    values = np.array([-1e4, -1.0, 0.0, 1.0, 1e4], np.float32)
    by_hand = {
        "linear": values,
        "relu": [0, 0, 0, 1, 1e4],
        "elu": [-1, -0.6321206, 0, 1, 1e4],
        "silu": [0, -0.2689414, 0, 0.7310586, 1e4],
        "sigmoid": [0, 0.2689414, 0.5, 0.7310586, 1],
        "tanh": [-1, -0.7615942, 0, 0.7615942, 1],
    }
    found = ACTIVATIONS[name](values)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_hand[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [Layer(np.ones((2, 3)), np.ones(3), "relu")],
        [Layer(np.ones((2, 3)), np.ones(3), "softplus"), Layer(np.ones((3, 2)), np.ones(2))],
        [Layer(np.ones((2, 3)), np.ones(3), "relu"), Layer(np.ones((4, 2)), np.ones(2))],
        [Layer(np.ones((2, 3)), np.ones(2))],
        [Layer(np.ones(3), np.ones(3))],
    ],
)
def test_layers_that_do_not_go_together_are_refused(layers):
    with pytest.raises(ValueError, match=r"activation|follow|weights must be"):
        DenseSoftmax(layers)
