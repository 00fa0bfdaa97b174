"""Small markets written by hand, and random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pytest

from sor_opt.allocators.fast import FastAllocator
from sor_opt.backtest.backtest import run
from sor_opt.backtest.base import Market, ReplayParams, prepare
from sor_opt.backtest.orders import ParentOrders
from sor_opt.market.tape import Quotes, Tape, Trades
from sor_opt.model.venues import Fee, FeeSchedule

SECOND = 1_000_000_000
T0 = 1_514_903_400 * SECOND
"""2018-01-02 09:30:00 in New York."""

Row = tuple[float, int, float, float, float, float]
"""Seconds after T0, venue, bid, bid size, ask, ask size."""

Print = tuple[float, int, float, float, int]
"""Seconds after T0, venue, price, size, aggressor."""


def _market(
    rows: Sequence[Row],
    size: float = 200,
    horizon: float = 60,
    side: str = "buy",
    starts: Sequence[float] = (0,),
    deadline: float = 600,
    taker: Sequence[float] = (0.0, 0.0, 0.0),
    rebate: Sequence[float] = (0.0, 0.0, 0.0),
    max_quote_age: float | None = None,
    refill: str = "update",
    slice_seconds: float = 60,
    prints: Sequence[Print] = (),
) -> Market:
    columns = np.array(rows, dtype=np.float64).T
    quotes = Quotes(
        T0 + np.round(columns[0] * SECOND).astype(np.int64),
        columns[1].astype(np.int64),
        *columns[2:],
    )
    traded = np.array(prints, dtype=np.float64).reshape(-1, 5).T
    trades = Trades(
        T0 + np.round(traded[0] * SECOND).astype(np.int64),
        traded[1].astype(np.int64),
        *traded[2:4],
        traded[4].astype(np.int64),
    )
    tape = Tape(("A", "B", "C"), quotes, trades if len(trades) else None)
    orders = ParentOrders(
        side,  # type: ignore[arg-type]
        size,
        round(horizon * SECOND),
        np.array([T0 + round(start * SECOND) for start in starts], np.int64),
        np.full(len(starts), T0 + round(deadline * SECOND), np.int64),
        np.full(len(starts), T0 - 34_200 * SECOND, np.int64),
    )
    day = date(2018, 1, 1)
    fees = FeeSchedule(
        Fee(venue, day, fee, back) for venue, fee, back in zip("ABC", taker, rebate, strict=True)
    )
    age = None if max_quote_age is None else round(max_quote_age * SECOND)
    params = ReplayParams(age, refill, round(slice_seconds * SECOND))  # type: ignore[arg-type]
    return prepare(tape, orders, params, fees)


@pytest.fixture(scope="session")
def market() -> Callable[..., Market]:
    """Build a market of venues A, B, C from rows and prints; times are seconds after the start."""
    return _market


@pytest.fixture(scope="session")
def t0() -> int:
    """The moment that times of a market's rows count from."""
    return T0


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
