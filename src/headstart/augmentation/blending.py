"""Blend the images of a batch with one another, and their targets in the same way."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Arrays = list[NDArray[np.float32]]
# Top, bottom, left, right.
Box = tuple[int, int, int, int]


def blend(
    images: Arrays,
    targets: Arrays,
    random: Generator,
    *,
    mixup_alpha: float = 0.0,
    cutmix_alpha: float = 0.0,
) -> tuple[Arrays, Arrays]:
    """Blend a batch by `mixup` or by `cutmix`; if both are above 0, by one of them at random.

    Parameters
    ----------
    images, targets : list of ndarray of float32
        See `mixup`.
    random : numpy.random.Generator
    mixup_alpha, cutmix_alpha : float
        See there; 0 turns the method off.

    Returns
    -------
    images, targets : list of ndarray of float32
        The given lists if both methods are off.
    """
    both = mixup_alpha > 0 and cutmix_alpha > 0
    if cutmix_alpha > 0 and not (both and random.random() < 0.5):
        return cutmix(images, targets, cutmix_alpha, random)
    return mixup(images, targets, mixup_alpha, random)


def mixup(
    images: Arrays, targets: Arrays, alpha: float, random: Generator
) -> tuple[Arrays, Arrays]:
    """Blend each image of a batch with another one: the first with the last, and so on.

    Parameters
    ----------
    images : list of ndarray of float32, each of shape (n, height, width, channels)
        One array of images, or several arrays of the same images, such as feature maps. All are
        blended alike.
    targets : list of ndarray of float32, each of shape (n, ...)
    alpha : float
        The share that each image keeps is drawn from the distribution Beta(alpha, alpha). 0 returns
        the given lists.
    random : numpy.random.Generator

    Returns
    -------
    images, targets : list of ndarray of float32

    References
    ----------
    Zhang et al. 2017, arXiv:1710.09412; for feature maps: Verma et al. 2018, arXiv:1806.05236.
    """
    if alpha == 0:
        return images, targets
    share = np.float32(random.beta(alpha, alpha))
    return [_mixed(each, share) for each in images], [_mixed(each, share) for each in targets]


def cutmix(
    images: Arrays, targets: Arrays, alpha: float, random: Generator
) -> tuple[Arrays, Arrays]:
    """Replace a random box in each image of a batch by the same box of another one.

    The first image receives it from the last, and so on. The box is clipped at the edges and
    rounded to whole pixels; targets are blended by the share of the area that is really replaced.

    Parameters
    ----------
    images : list of ndarray of float32, each of shape (n, height, width, channels)
        One array of images, or several arrays of the same images, such as feature maps. All have
        the same box, in whole pixels of the coarsest array. If the box does not fit the pixels of
        a finer array exactly, targets are blended by the mean of the shares.
    targets : list of ndarray of float32, each of shape (n, ...)
    alpha : float
        The share of the area, before clipping, is drawn from the distribution Beta(alpha, alpha).
        0 returns the given lists.
    random : numpy.random.Generator

    Returns
    -------
    images, targets : list of ndarray of float32

    References
    ----------
    Yun et al. 2019, arXiv:1905.04899.
    """
    if alpha == 0:
        return images, targets
    boxes = _boxes([each.shape[1:3] for each in images], random.beta(alpha, alpha), random)
    cut, replaced = [], []
    for rows, (top, bottom, left, right) in zip(images, boxes, strict=True):
        patched = rows.copy()
        patched[:, top:bottom, left:right] = rows[::-1, top:bottom, left:right]
        cut.append(patched)
        replaced.append((bottom - top) * (right - left) / (rows.shape[1] * rows.shape[2]))
    kept = np.float32(1 - np.mean(replaced))
    return cut, [_mixed(each, kept) for each in targets]


def _mixed(rows: NDArray[np.float32], share: np.float32) -> NDArray[np.float32]:
    mixed: NDArray[np.float32] = share * rows + (1 - share) * rows[::-1]
    return mixed


def _boxes(sizes: list[tuple[int, ...]], area: float, random: Generator) -> list[Box]:
    """Return the same random box for each of these heights and widths."""
    side = math.sqrt(area)
    top, bottom = _interval(min(height for height, _ in sizes), side, random)
    left, right = _interval(min(width for _, width in sizes), side, random)
    return [
        (round(top * height), round(bottom * height), round(left * width), round(right * width))
        for height, width in sizes
    ]


def _interval(pixels: int, length: float, random: Generator) -> tuple[float, float]:
    """Return a random part of the interval 0 to 1, with its ends between whole pixels."""
    middle = random.random()
    first = round(max(0.0, middle - length / 2) * pixels)
    last = round(min(1.0, middle + length / 2) * pixels)
    return first / pixels, last / pixels
