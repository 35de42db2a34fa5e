"""How many processor cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

# Linux writes the quota of a container here: microseconds of processor time, and in how many
# microseconds it may use them (cgroup version 2); or each in a file of its own (version 1).
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_OLD_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
_OLD_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def usable_cores() -> int:
    """Return the number of cores that this process may use, by its affinity and its container.

    A part of a core that a container may use counts as a whole one.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _container_cores())))


def _container_cores() -> float:
    """Return how many cores the container may use; infinite if there is no limit."""
    try:
        quota, period = _QUOTA.read_text("ascii").split()
    except (OSError, ValueError):
        try:
            quota, period = (path.read_text("ascii") for path in (_OLD_QUOTA, _OLD_PERIOD))
        except (OSError, ValueError):
            return math.inf
    try:
        # No limit is "max" or -1.
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return math.inf
    return share if share > 0 else math.inf
