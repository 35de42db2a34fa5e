"""What changes while a network is trained, as functions of how much is done."""

from __future__ import annotations

import math

# Networks halve their feature maps again and again: sizes in steps of this leave few odd ones, and
# few different sizes, each of which a backend compiles anew.
SIZE_STEP = 8

# Of all steps, those at the end in which images have their full size.
_FULL_SIZE_FROM = 0.9


def learning_rate(done: float, peak: float, warm_up: float) -> float:
    """Return the learning rate: a straight rise to `peak`, then half a cosine down to zero.

    Parameters
    ----------
    done : float
        Share of all steps that are behind, 0 to 1.
    peak : float
    warm_up : float
        Share of all steps that the rise takes.

    References
    ----------
    Loshchilov and Hutter 2016, arXiv:1608.03983 (cosine); Goyal et al. 2017, arXiv:1706.02677
    (warm-up).
    """
    if done < warm_up:
        return peak * done / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))


def image_size(done: float, first: int, last: int) -> int:
    """Return the height and width of the training images: small at first, `last` at the end.

    Early on a network learns what small images show as well as large ones, in a fraction of the
    time (Tan and Le 2021, arXiv:2104.00298, progressive learning).
    """
    if done >= _FULL_SIZE_FROM:
        return last
    wanted = first + (last - first) * done / _FULL_SIZE_FROM
    return min(last, round(wanted / SIZE_STEP) * SIZE_STEP)
