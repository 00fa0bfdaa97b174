"""What a replay did, order by order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sor_opt.market.tape import FloatArray, IntArray

REASONS = ("route", "completion", "excess", "limit")
"""Why an execution happened: the router's split, the completion of what it left, excess sold back,
or a trade that met our resting bid."""
ROUTE, COMPLETION, EXCESS, LIMIT = range(len(REASONS))


@dataclass(frozen=True, eq=False)
class Replay:
    """What the core did, in the feed's terms: a sell order's prices are negative.

    Attributes
    ----------
    ts, order, venue, reason : int64 ndarray, shape (executions,)
        In the order they happened; `reason` indexes `REASONS`.
    price, shares : float64 ndarray, shape (executions,)
        Shares given back (excess) are negative.
    arrival_mid, last_mid : float64 ndarray, shape (orders,)
        Mid of the first and of the last book that could be traded on; NaN where there was none.
    arrival_ts, last_ts : int64 ndarray, shape (orders,)
        When that was, nanoseconds UTC; -1 where there was none.
    snapshots, crossed, empty, wide : int64 ndarray, shape (orders,)
        Moments met while the order was open: all, and those with such a book.
    sent, posted : float64 ndarray, shape (orders, K)
        Shares that the router and the completion sent to each venue's ask, at most what was
        displayed and not taken; and shares posted there as bids. What was given back is in neither.
    """

    ts: IntArray
    order: IntArray
    venue: IntArray
    reason: IntArray
    price: FloatArray
    shares: FloatArray
    arrival_mid: FloatArray
    last_mid: FloatArray
    arrival_ts: IntArray
    last_ts: IntArray
    snapshots: IntArray
    crossed: IntArray
    empty: IntArray
    wide: IntArray
    sent: FloatArray
    posted: FloatArray

    @staticmethod
    def side_by_side(replays: Sequence[Replay]) -> Replay:
        """Several replays of one order, as if they were of an order each."""
        columns = {
            field.name: np.concatenate([getattr(replay, field.name) for replay in replays])
            for field in fields(Replay)
        }
        executions = [len(replay.ts) for replay in replays]
        return Replay(**columns | {"order": np.repeat(np.arange(len(replays)), executions)})
