"""Snapshots written by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sor_opt.models.snapshot import Snapshot


def snapshot(
    ask: Sequence[float],
    ask_size: Sequence[float],
    fee: Sequence[float],
    rebate: Sequence[float],
    mid: float,
    **more: Any,
) -> Snapshot:
    """Venues V0, V1 .. of which nobody shows a bid, unless there is `more`."""
    count = len(ask)
    given = {
        "venues": tuple(f"V{k}" for k in range(count)),
        "ask": ask,
        "ask_size": ask_size,
        "bid": np.full(count, math.nan),
        "bid_size": np.zeros(count),
        "fee": fee,
        "rebate": rebate,
        "queue": np.full(count, math.inf),
        "best_bid": math.nan,
        "best_ask": math.nan,
        "mid": mid,
        **more,
    }
    named = {"venues", "best_bid", "best_ask", "mid"}
    arrays = {name: np.array(v, float) for name, v in given.items() if name not in named}
    return Snapshot(**(given | arrays))
