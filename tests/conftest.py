"""Fixtures that every test may use: the real data, and small markets written by hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings

from sor_opt.backtest.impact import Impact
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import ParentOrders
from sor_opt.market.book import BookParams
from sor_opt.market.tape import Quotes, Tape, Trades
from sor_opt.models.venues import Fee, FeeSchedule

# An example may be the first call of a function that is compiled then: no deadline tells a fault.
settings.register_profile("sor_opt", deadline=None)
settings.load_profile("sor_opt")
# What fails on a mutant need not be made small, nor be remembered for the next one.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)

# A shell starts what runs in its background deaf to Ctrl-C, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a file of the shared real data, or skip the test where it is absent."""
    folder = Path(os.environ.get("SOR_OPT_SHARED", ROOT.parent / "shared")) / "data"

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"needs the real data file {name}")
        return path

    return find


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
    deadline: float | Sequence[float] = 600,
    taker: Sequence[float] = (0.0, 0.0, 0.0),
    rebate: Sequence[float] = (0.0, 0.0, 0.0),
    max_quote_age: float | None = None,
    refill: str = "price",
    refill_memory: float | None = None,
    band: float | None = None,
    completion: str = "best-ask",
    unfilled: str = "ask",
    slice_seconds: float = 60,
    prints: Sequence[Print] = (),
    latency: float | Sequence[float] = 0,
    feed_latency: float | Sequence[float] = 0,
    impact: Impact | None = None,
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
        T0 + np.round(np.broadcast_to(deadline, len(starts)) * SECOND).astype(np.int64),
        np.full(len(starts), T0 - 34_200 * SECOND, np.int64),
    )
    day = date(2018, 1, 1)
    fees = FeeSchedule(
        Fee(venue, day, fee, back) for venue, fee, back in zip("ABC", taker, rebate, strict=True)
    )
    age, memory = (
        None if seconds is None else round(seconds * SECOND)
        for seconds in (max_quote_age, refill_memory)
    )
    book = BookParams(age, band, refill, memory)  # type: ignore[arg-type]
    params = ReplayParams(
        book,
        round(slice_seconds * SECOND),
        completion,  # type: ignore[arg-type]
        unfilled,  # type: ignore[arg-type]
        _latency(latency),
        _latency(feed_latency),
        impact,
    )
    return prepare(tape, orders, params, fees)


def _latency(seconds: float | Sequence[float]) -> Latency:
    times = [round(time * SECOND) for time in np.broadcast_to(seconds, 3).tolist()]
    return Latency(None, tuple(zip("ABC", times, strict=True)))


@pytest.fixture(scope="session")
def market() -> Callable[..., Market]:
    """Build a market of venues A, B, C from rows and prints; times are seconds after the start."""
    return _market


@pytest.fixture(scope="session")
def t0() -> int:
    """The moment that times of a market's rows count from."""
    return T0
