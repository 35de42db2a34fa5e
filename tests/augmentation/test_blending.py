import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.augmentation.blending import blend, cutmix, mixup


def random(seed=0):
    return np.random.default_rng(seed)


def numbered(n, height, width, channels):
    """Return images whose values are their index."""
    values = np.arange(n, dtype=np.float32)[:, None, None, None]
    return np.broadcast_to(values, (n, height, width, channels)).copy()


def one_hot(n):
    return np.eye(n, dtype=np.float32)


SHAPES = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5)), min_size=1, max_size=3
)


@given(
    shapes=SHAPES,
    n=st.integers(1, 6),
    alpha=st.floats(0.05, 5),
    seed=st.integers(0, 2**32),
    how=st.sampled_from([mixup, cutmix]),
)
def test_shapes_types_and_sums_are_kept(shapes, n, alpha, seed, how):
    images = [random(i).random((n, *shape)).astype(np.float32) for i, shape in enumerate(shapes)]
    before = [each.copy() for each in images]
    targets = [one_hot(n), random(9).random(n).astype(np.float32)]
    blended, (classes, weights) = how(images, targets, alpha, random(seed))
    assert [each.shape for each in blended] == [each.shape for each in images]
    assert all(each.dtype == np.float32 for each in (*blended, classes, weights))
    np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(weights.sum(), targets[1].sum(), rtol=1e-4)
    assert all(map(np.array_equal, images, before))


def test_mixup_blends_images_and_targets_by_the_same_share():
    images = random(0).random((4, 8, 8, 3)).astype(np.float32)
    maps = random(2).random((4, 2, 3, 7)).astype(np.float32)
    targets = [one_hot(4), random(1).random((4, 5)).astype(np.float32)]
    (blended, blended_maps), (classes, teacher_targets) = mixup(
        [images, maps], targets, 0.4, random(3)
    )
    share = classes[0, 0]
    assert 0 < share < 1
    np.testing.assert_allclose(blended[0], share * images[0] + (1 - share) * images[3], rtol=1e-5)
    np.testing.assert_allclose(
        blended_maps[0], share * maps[0] + (1 - share) * maps[3], rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        teacher_targets[1], share * targets[1][1] + (1 - share) * targets[1][2], rtol=1e-5
    )


@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    channels=st.integers(1, 4),
    alpha=st.floats(0.1, 5),
    seed=st.integers(0, 2**32),
)
def test_the_share_of_cutmix_is_the_replaced_area(height, width, channels, alpha, seed):
    images = numbered(4, height, width, channels)
    (cut,), (classes,) = cutmix([images], [one_hot(4)], alpha, random(seed))
    for place, partner in enumerate((3, 2, 1, 0)):
        replaced = cut[place] == partner
        assert (replaced | (cut[place] == place)).all()
        np.testing.assert_allclose(classes[place, partner], replaced.mean(), atol=1e-6)


def test_cutmix_replaces_one_box_by_the_same_box_of_the_partner():
    images = random().random((2, 20, 30, 3)).astype(np.float32)
    (cut,), _ = cutmix([images], [one_hot(2)], 1.0, random(3))
    rows, columns = np.nonzero((cut[0] != images[0]).all(axis=-1))
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert len(rows) == cut[0][box].size / 3
    np.testing.assert_array_equal(cut[0][box], images[1][box])
    np.testing.assert_array_equal(cut[1][box], images[0][box])


@given(
    coarse=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    factors=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_maps_of_several_sizes_have_the_same_box(coarse, factors, seed):
    height, width = coarse
    maps = [numbered(2, height, width, 1)]
    maps += [numbered(2, height * factor, width * factor, 3) for factor in factors]
    (small, *larger), (classes,) = cutmix(maps, [one_hot(2)], 1.0, random(seed))
    for factor, large in zip(factors, larger, strict=True):
        np.testing.assert_array_equal(
            large[..., 0], np.kron(small[..., 0], np.ones((1, factor, factor)))
        )
    np.testing.assert_allclose(classes[0, 1], (small[0] == 1).mean(), atol=1e-6)


def test_the_mean_share_counts_if_the_boxes_differ():
    maps = [numbered(2, 3, 3, 1), numbered(2, 7, 7, 1)]
    for seed in range(20):
        cut, (classes,) = cutmix(maps, [one_hot(2)], 1.0, random(seed))
        expected = np.mean([(each[0] == 1).mean() for each in cut])
        np.testing.assert_allclose(classes[0, 1], expected, atol=1e-6)


@pytest.mark.parametrize("how", [mixup, cutmix])
def test_alpha_zero_changes_nothing(how):
    images, targets = [numbered(2, 4, 4, 3)], [one_hot(2)]
    blended = how(images, targets, 0, random())
    assert blended[0] is images
    assert blended[1] is targets


def method_used(seed, **alphas):
    """Return the method by which a batch was blended."""
    images = [numbered(2, 32, 32, 1)]
    (blended,), _ = blend(images, [one_hot(2)], random(seed), **alphas)
    if blended is images[0]:
        return "not"
    return "cutmix" if set(np.unique(blended[0])) <= {0, 1} else "mixup"


def test_one_of_both_methods_is_chosen_at_random():
    seeds = range(60)
    assert {method_used(seed) for seed in seeds} == {"not"}
    assert {method_used(seed, mixup_alpha=1.0) for seed in seeds} == {"mixup"}
    assert {method_used(seed, cutmix_alpha=1.0) for seed in seeds} == {"cutmix"}
    both = [method_used(seed, mixup_alpha=1.0, cutmix_alpha=1.0) for seed in seeds]
    assert {both.count("mixup") + both.count("cutmix")} == {60}
    assert 15 < both.count("cutmix") < 45
