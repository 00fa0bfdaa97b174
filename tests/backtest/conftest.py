"""Replays by the core and by the plain engine."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the package reference

from reference import engine

from sor_opt.backtest.core import replay as core
from sor_opt.backtest.result import Result


@pytest.fixture(params=[core.replay, engine.replay], ids=["core", "plain"])
def replayed(request):
    """Replay a policy on a market; give the replay."""
    return request.param


@pytest.fixture
def play(replayed, t0):
    """Run a policy; give the executions as (second, venue, price, signed shares, reason)."""

    def run_it(market, policy):
        log = Result(market, policy.name, replayed(market, policy)).executions()
        signs = np.where(log["side"] == market.orders.side, 1, -1)
        seconds = (log["ts"].astype("int64") - t0) / 1e9 if len(log) else []
        columns = (seconds, log["venue"], log["price"], log["shares"] * signs, log["reason"])
        return list(zip(*columns, strict=True))

    return run_it
