"""Work shared by threads, which run at once where compiled code releases the GIL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from sor_opt.errors import ConfigError
from sor_opt.market.tape import IntArray

MAX_JOBS = 256
"""The most threads of a replay."""

_PARTS_PER_JOB = 4
"""Orders take unequal time: a thread that is done early takes another part."""

Part = TypeVar("Part")
Done = TypeVar("Done")


def check_jobs(jobs: int) -> None:
    """Refuse a number of threads.

    Raises
    ------
    ConfigError
    """
    if jobs < 1:
        raise ConfigError(f"jobs must be >= 1, got {jobs}")
    if jobs > MAX_JOBS:
        raise ConfigError(f"jobs must be at most {MAX_JOBS}, got {jobs:,}")


def dealt(count: int, jobs: int) -> list[IntArray]:
    """Deal indices 0..count-1 out like cards, so that parts take about equally long."""
    parts = 1 if jobs == 1 else min(count, jobs * _PARTS_PER_JOB)
    return [np.arange(first, count, parts) for first in range(parts)]


def in_threads(
    work: Callable[[Part], Done],
    parts: Sequence[Part],
    jobs: int,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Done]:
    """Do some work on every part, `jobs` of them at once, and give what comes of each in order.

    After an error or Ctrl-C parts that have not begun are dropped, and those that have are waited
    for.

    Parameters
    ----------
    work : callable
        Done in this thread where `jobs` is 1.
    parts : sequence
    jobs : int
        Threads, 1 to `MAX_JOBS`.
    progress : callable
        Called with (done, total) in this thread.

    Raises
    ------
    ConfigError
        If `jobs` is out of its bounds.
    Exception
        The first error of `work`, by the order of the parts.
    """
    check_jobs(jobs)
    pool = ThreadPoolExecutor(jobs)
    results: list[Done] = []
    try:
        for result in map(work, parts) if jobs == 1 else pool.map(work, parts):
            results.append(result)
            progress(len(results), len(parts))
    finally:
        pool.shutdown(cancel_futures=True)
    return results
