import threading

import numpy as np
import pytest

from headstart.augmentation.settings import Augmentation
from headstart.training.batches import ImageBatches
from headstart.training.subset import Subset


def batches(n=22, batch_size=4, rows=None, labels=None, weights=None, **settings):
    random = np.random.default_rng(0)
    rows = np.arange(n) if rows is None else rows
    labels = rows % 3 if labels is None else labels
    return ImageBatches(
        **{
            "pixels": random.integers(0, 256, (n, 16, 16, 3), np.uint8),
            "subset": Subset(rows, labels, 3, weights),
            "teacher_targets": random.random((n, 6)).astype(np.float16),
            "batch_size": batch_size,
            "augmentation": Augmentation(),
            "mixup": 0.0,
            "seed": 0,
        }
        | settings
    )


def listed(epoch):
    made = [[batch.inputs, *batch.targets, batch.weights] for batch in epoch]
    return [[array for array in arrays if array is not None] for arrays in made]


def same(one, other):
    return len(one) == len(other) and all(
        np.array_equal(a, b)
        for left, right in zip(one, other, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def test_an_epoch_has_whole_batches_of_the_sizes_asked_for():
    made = list(batches().epoch(0, [8, 8, 12, 16, 16]))
    assert [batch.inputs.shape for batch in made] == [
        (4, size, size, 3) for size in (8, 8, 12, 16, 16)
    ]
    # A quarter of the bytes to upload; steps make floats of them on the device.
    assert all(batch.inputs.dtype == np.uint8 for batch in made)
    assert [target.shape for target in made[0].targets] == [(4, 3), (4, 6)]


def test_an_epoch_shows_no_image_twice_and_each_with_its_own_label_and_teacher_target():
    plain = Augmentation(crop=(1, 1), aspect=1, flip=0, colour=0)
    given = batches(augmentation=plain)
    seen = []
    for batch in given.epoch(3, [16] * 5):
        for image, classes, target in zip(batch.inputs, *batch.targets, strict=True):
            (place,) = [i for i, pixels in enumerate(given.pixels) if (pixels == image).all()]
            assert classes.argmax() == given.subset.labels[place]
            np.testing.assert_array_equal(target, given.teacher_targets[place])
            seen.append(place)
    assert len(set(seen)) == 20


def test_without_teacher_there_are_classes_only():
    (batch, *_) = batches(teacher_targets=None).epoch(0, [8] * 5)
    assert len(batch.targets) == 1


def test_each_image_has_its_own_weight():
    labels = np.arange(22) % 3
    given = batches(labels=labels, weights=(labels + 1).astype(np.float32))
    for batch in given.epoch(0, [8] * 5):
        assert batch.weights.dtype == np.float32
        np.testing.assert_array_equal(batch.weights, batch.targets[0].argmax(axis=1) + 1)
        assert len(batch.targets) == 2
    assert next(batches().epoch(0, [8] * 5)).weights is None


@pytest.mark.parametrize("how", ["mixup", "cutmix"])
def test_weights_are_blended_as_the_classes_are(how):
    labels = np.arange(22) % 3
    given = batches(labels=labels, weights=np.float32([1, 2, 5])[labels], **{how: 1.0})
    blended = 0
    for batch in given.epoch(0, [8] * 5):
        classes = batch.targets[0]
        np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(batch.weights, classes @ [1, 2, 5], rtol=1e-5)
        blended += (classes.max(axis=1) < 1).any()
    assert blended


def test_layers_are_called_once_for_each_batch():
    shapes = []

    def remember(images):
        shapes.append(images.shape)
        return images

    list(batches(augmentation=Augmentation(layers=[remember])).epoch(0, [8] * 5))
    assert shapes == [(4, 8, 8, 3)] * 5


@pytest.mark.parametrize("mixed", [0.0, 0.3])
@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_the_rest_of_an_epoch_is_the_rest_of_the_whole(mixed, cut):
    given = batches(
        mixup=mixed, cutmix=cut, augmentation=Augmentation(rotation=20, vertical_flip=0.5)
    )
    assert same(listed(given.epoch(1, [8] * 2)), listed(given.epoch(1, [8] * 5))[3:])


def test_more_threads_make_the_same_batches():
    assert same(listed(batches().epoch(0, [8] * 5)), listed(batches(workers=3).epoch(0, [8] * 5)))


def test_epochs_and_seeds_differ():
    first = listed(batches().epoch(0, [8] * 5))
    assert not same(first, listed(batches().epoch(1, [8] * 5)))
    assert not same(first, listed(batches(seed=1).epoch(0, [8] * 5)))


def test_an_epoch_that_is_left_early_ends_its_threads():
    epoch = batches(n=400).epoch(0, [8] * 100)
    next(epoch)
    epoch.close()
    assert not [
        thread for thread in threading.enumerate() if thread.name.startswith("headstart-batches")
    ]


def test_only_some_rows_of_the_data_are_in_the_training_set():
    plain = Augmentation(crop=(1, 1), aspect=1, flip=0, colour=0)
    rows = np.array([20, 3, 11, 7])
    given = batches(rows=rows, labels=np.array([0, 1, 2, 0]), augmentation=plain)
    (batch,) = given.epoch(0, [16])
    for image, classes, target in zip(batch.inputs, *batch.targets, strict=True):
        (row,) = [i for i, pixels in enumerate(given.pixels) if (pixels == image).all()]
        assert given.subset.labels[rows.tolist().index(row)] == classes.argmax()
        np.testing.assert_array_equal(target, given.teacher_targets[row])
