"""What a schedule asks for, worked out before the replay."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sor_opt.backtest.core.state import STEP
from sor_opt.errors import ConfigError
from sor_opt.market.book import DUST
from sor_opt.market.feed import Records
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.policies.past import Past
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.view import Progress


@lru_cache(maxsize=8)  # every point of a search asks for the same
def due_steps(schedule: Schedule, past: Past) -> tuple[Records, IntArray]:
    """Ask a schedule at every moment at which what is due may change.

    These are the starts of the slices and, with the timing "print", the prints up to the horizon;
    with the timing "decision" there are none. A replay looks at no step before its time.

    Returns
    -------
    records of dtype `STEP`, shape (n,)
        Order after order.
    int64 ndarray, shape (orders + 1,)
        Where each order's begin.

    Raises
    ------
    ConfigError
        If the schedule says no number of shares, or more than the order's size.
    """
    slices, prints = past.slices, past.prints
    if schedule.timing == "decision":
        return np.zeros(0, STEP), np.zeros(len(slices.starts) + 1, np.int64)
    printed_at, volume = prints["ts"].copy(), np.concatenate([[0.0], np.cumsum(prints["shares"])])
    parts = []
    for order, start in enumerate(slices.starts.tolist()):
        end = start + slices.horizon
        begun = int(np.searchsorted(printed_at, start, "right"))
        moments = start + np.arange(slices.count) * slices.length
        if schedule.timing == "print":
            until = np.searchsorted(printed_at, end)
            moments = np.union1d(moments, printed_at[begun:until])
        printed = volume[np.searchsorted(printed_at, moments, "right")] - volume[begun]
        due = [
            schedule.due(
                Progress(
                    order=order,
                    size=slices.size,
                    start=start,
                    end=end,
                    slice=(now - start) // slices.length,
                    slices=slices.count,
                    slice_end=min(now - (now - start) % slices.length + slices.length, end),
                    now=now,
                    volume=shares_printed,
                )
            )
            for now, shares_printed in zip(moments.tolist(), printed.tolist(), strict=True)
        ]
        _check(schedule, np.array(due), slices.size)
        steps = np.zeros(len(due), STEP)
        steps["ts"], steps["shares"] = moments, due
        parts.append(steps)
    first = np.cumsum([0, *map(len, parts)])
    return np.concatenate(parts), first


def _check(schedule: Schedule, shares: FloatArray, size: float) -> None:
    """Refuse what no order can have due."""
    if not ((shares >= 0) & (shares <= size * (1 + DUST))).all():
        wrong = shares[~((shares >= 0) & (shares <= size * (1 + DUST)))][0]
        raise ConfigError(
            f"the schedule {schedule.name} must say 0 to {size:g} shares, got {wrong}"
        )
