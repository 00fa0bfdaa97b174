"""Replays of both engines."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.backtest.backtest import run


@pytest.fixture(params=[None, FastAllocator()], ids=["kernel", "readable"])
def play(request, t0):
    """Run a policy; give the executions as (second, venue, price, signed shares, reason)."""

    def run_it(market, policy):
        log = run(market, policy, request.param).executions()
        signs = np.where(log["side"] == market.orders.side, 1, -1)
        seconds = (log["ts"].astype("int64") - t0) / 1e9 if len(log) else []
        columns = (seconds, log["venue"], log["price"], log["shares"] * signs, log["reason"])
        return list(zip(*columns, strict=True))

    return run_it
