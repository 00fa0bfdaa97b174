"""What a schedule asks for, worked out before the replay."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sor_opt.backtest.core.state import STEP
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import DUST
from sor_opt.market.feed import Records, volume_heard
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.policies.context import Context
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.view import Progress


def due_steps(schedule: Schedule, context: Context) -> tuple[Records, IntArray]:
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
    if schedule.timing == "decision":
        return np.zeros(0, STEP), np.zeros(len(context.slices.starts) + 1, np.int64)
    if is_dataclass(schedule) and type(schedule).__dataclass_params__.frozen:
        return _steps_of_frozen(schedule, context)
    return _steps(schedule, context)


@lru_cache(maxsize=8)
def _steps_of_frozen(schedule: Schedule, context: Context) -> tuple[Records, IntArray]:
    """`_steps`, kept: every point of a search asks for the same."""
    return _steps(schedule, context)


def _steps(schedule: Schedule, context: Context) -> tuple[Records, IntArray]:
    slices, parts = context.slices, []
    for order, start in enumerate(slices.starts.tolist()):
        end = start + slices.horizon
        heard, volume = volume_heard(context.prints, context.feed_latency, start, end)
        moments = start + np.arange(slices.count) * slices.length
        if schedule.timing == "print":
            moments = np.union1d(moments, heard[heard < end])
        printed = volume[np.searchsorted(heard, moments, "right")]
        due = [
            checked_due(
                schedule,
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
                ),
            )
            for now, shares_printed in zip(moments.tolist(), printed.tolist(), strict=True)
        ]
        steps = np.zeros(len(due), STEP)
        steps["ts"], steps["shares"] = moments, due
        parts.append(steps)
    first = np.cumsum([0, *map(len, parts)])
    return np.concatenate(parts), first


def checked_due(schedule: Schedule, view: Progress) -> float:
    """What a schedule says is due.

    Raises
    ------
    ConfigError
        If that is no number of shares, or more than the order's.
    """
    answer = schedule.due(view)
    due = numbers(answer)
    if due is None or due.shape or not 0 <= due <= view.size * (1 + DUST):
        got = quoted(answer) if due is None or due.shape else f"{due:g}"
        raise ConfigError(
            f"the schedule {schedule.name} must say 0 to {view.size:g} shares, got {got}"
        )
    return float(due)


def numbers(answer: Any) -> FloatArray | None:
    """What a policy answers as an array of its own; None where it is no numbers."""
    try:
        return np.array(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return None
