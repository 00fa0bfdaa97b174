"""What a schedule asks for, worked out before the replay."""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.state import DueSteps
from sor_opt.errors import ConfigError
from sor_opt.market.book import DUST
from sor_opt.market.tape import FloatArray
from sor_opt.policies.past import Past
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.view import Progress


def no_steps(orders: int) -> DueSteps:
    """The steps of orders whose schedule is asked at each decision."""
    return DueSteps(np.zeros(orders + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))


def due_steps(schedule: Schedule, past: Past) -> DueSteps:
    """Ask a schedule at every moment at which what is due may change.

    These are the starts of the slices and, with the timing "print", the prints up to the horizon.
    A replay looks at no step before its time.

    Raises
    ------
    ConfigError
        If the schedule says no number of shares, or more than the order's size.
    """
    slices, prints = past.slices, past.prints
    volume = np.concatenate([[0.0], np.cumsum(prints.size)])
    times, shares, first = [], [], [0]
    for order, start in enumerate(slices.starts.tolist()):
        end = start + slices.horizon
        begun = int(np.searchsorted(prints.ts, start, "right"))
        moments = start + np.arange(slices.count) * slices.length
        if schedule.timing == "print":
            until = np.searchsorted(prints.ts, end)
            moments = np.union1d(moments, prints.ts[begun:until])
        printed = volume[np.searchsorted(prints.ts, moments, "right")] - volume[begun]
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
        times.append(moments)
        shares.append(due)
        first.append(first[-1] + len(due))
    return DueSteps(
        np.array(first),
        np.concatenate(times).astype(np.int64),
        np.concatenate(shares).astype(float),
    )


def _check(schedule: Schedule, shares: FloatArray, size: float) -> None:
    """Refuse what no order can have due."""
    if not ((shares >= 0) & (shares <= size * (1 + DUST))).all():
        wrong = shares[~((shares >= 0) & (shares <= size * (1 + DUST)))][0]
        raise ConfigError(
            f"the schedule {schedule.name} must say 0 to {size:g} shares, got {wrong}"
        )
