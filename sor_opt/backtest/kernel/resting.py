"""The kernel's resting bids: `sor_opt.backtest.resting`, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.backtest.base import LIMIT
from sor_opt.backtest.kernel.executions import Log, record, settle
from sor_opt.compiled import compiled
from sor_opt.market.book import Prints
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.windows import outflow_of


class Resting(NamedTuple):
    """One bid per venue behind a queue; ``limit[0]`` and ``times[0]`` (when it ends) of them all.

    ``times[1]`` is the first print that may still reach them, ``times[2]`` the last slice whose
    orders were sent.
    """

    queue: FloatArray
    left: FloatArray
    limit: FloatArray
    times: IntArray


@compiled
def no_bids(venues: int) -> Resting:
    """An order's beginning: nothing rests, and no slice was sent."""
    return Resting(np.zeros(venues), np.zeros(venues), np.zeros(1), np.array([0, 0, -1]))


@compiled
def post(
    bids: Resting, prints: Prints, queue: FloatArray, limit: float, now: int, ends: int
) -> None:
    """Rest ``bids.left`` behind `queue` until `ends`; prints after now may meet them."""
    for k in range(len(queue)):
        bids.queue[k] = queue[k]
    bids.limit[0] = limit
    bids.times[0], bids.times[1] = ends, np.searchsorted(prints.ts, now, side="right")


@compiled
def is_open(bids: Resting) -> bool:
    """Whether anything rests."""
    most = 0.0
    for left in bids.left:
        most = max(most, left)
    return bool(most > 0)


@compiled
def meet(
    log: Log,
    bids: Resting,
    prints: Prints,
    through: bool,
    now: int,
    order: int,
    remaining: float,
    dust: float,
) -> float:
    """Let the prints up to now eat the queues and then our bids; give what remains to buy."""
    at = bids.times[1]
    while at < len(prints.ts) and prints.ts[at] <= now:
        venue = prints.venue[at]
        if bids.left[venue] > 0:
            outflow = outflow_of(
                prints.price[at], prints.size[at], prints.buying[at], bids.limit[0], through
            )
            shares = min(max(outflow - bids.queue[venue], 0.0), bids.left[venue])
            bids.queue[venue] = max(0.0, bids.queue[venue] - outflow)
            if shares > dust:
                bids.left[venue] = settle(bids.left[venue], -shares, dust)
                record(log, prints.ts[at], order, venue, LIMIT, bids.limit[0], shares)
                remaining = settle(remaining, -shares, dust)
        at += 1
    bids.times[1] = at
    return remaining
