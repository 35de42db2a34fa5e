import numpy as np
import pytest

from headstart.finetuning.activation_batches import ActivationBatches
from headstart.finetuning.activations import Activations
from headstart.training.subset import Subset

N, VIEWS = 23, 4


@pytest.fixture
def make():
    """Return a function that makes batches whose values tell their view and their image."""
    values = np.arange(VIEWS)[:, None] * 100 + np.arange(N)[None]
    maps = np.broadcast_to(values[..., None, None, None], (VIEWS, N, 2, 2, 3))

    def made(weights=None, **settings):
        rows = np.arange(3, N)
        usual = {
            "activations": Activations([maps.astype(np.float16), maps.astype(np.float16)]),
            "subset": Subset(rows, rows % 3, 3, weights),
            "batch_size": 8,
        }
        return ActivationBatches(**usual | settings)

    return made


def seen(batches, epoch):
    """Return which images an epoch shows, and in which view each."""
    shown = {}
    for batch in batches.epoch(epoch, [0] * len(batches)):
        for number, target in zip(batch.inputs[0][:, 0, 0, 0], batch.targets[0], strict=True):
            view, image = divmod(int(number), 100)
            shown[image] = view
            assert target.argmax() == image % 3
    return shown


def test_an_epoch_shows_the_chosen_images_once_and_leaves_out_the_rest_of_a_batch(make):
    batches = make()
    assert len(batches) == 2
    shown = seen(batches, 0)
    assert len(shown) == 16
    assert min(shown) >= 3


def test_in_as_many_epochs_as_there_are_views_each_image_is_seen_in_each_view(make):
    batches = make(batch_size=20)
    views = [seen(batches, epoch) for epoch in range(VIEWS)]
    for image in range(3, N):
        assert sorted(shown[image] for shown in views) == [0, 1, 2, 3]


def test_the_last_batches_are_the_same_wherever_one_starts(make):
    batches = make(mixup=0.3)
    whole = list(batches.epoch(1, [0, 0]))
    (last,) = batches.epoch(1, [0])
    np.testing.assert_array_equal(whole[1].inputs[0], last.inputs[0])
    np.testing.assert_array_equal(whole[1].targets[0], last.targets[0])


def test_all_activations_are_blended_alike_and_their_weights_too(make):
    batches = make(mixup=1.0, weights=np.arange(20, dtype=np.float32))
    (batch, _) = batches.epoch(0, [0, 0])
    np.testing.assert_allclose(batch.inputs[0], batch.inputs[1])
    np.testing.assert_allclose(batch.targets[0].sum(axis=1), 1, rtol=1e-6)
    assert batch.weights.shape == (8,)
    assert (batch.targets[0].max(axis=1) < 1).any()


def test_weights_stay_with_their_images(make):
    weights = np.arange(20, dtype=np.float32)
    for batch in make(weights=weights).epoch(0, [0, 0]):
        images = batch.inputs[0][:, 0, 0, 0].astype(int) % 100
        np.testing.assert_array_equal(batch.weights, weights[images - 3])
