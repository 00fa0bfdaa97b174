"""Results change only together with their number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

import numpy as np

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import run_baselines
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.replay import REASONS
from sor_opt.backtest.result import Result
from sor_opt.backtest.version import CHANGES, RESULTS
from sor_opt.market.book import BookParams
from sor_opt.market.tape import Quotes, Tape, Trades
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import Fee, FeeSchedule
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import SCHEDULES
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap

EXPECTED = (4, "b1c2ec9948966cf9")
"""The number of the results, and the digest of all replays below."""

SECOND = 1_000_000_000
OPENS = 1_709_562_600 * SECOND
"""2024-03-04 09:30:00 in New York."""

ROWS = 900
RISK = RiskParams(0.0005, 0.0004, 0.00005)


def draw(bits: np.random.PCG64, low: int, high: int, count: int = ROWS) -> np.ndarray:
    """Whole numbers from low to below high, the same with every version of NumPy."""
    return low + (bits.random_raw(count) % np.uint64(high - low)).astype(np.int64)


def tape() -> Tape:
    """Fifteen minutes of three venues: odd lots, empty sides, crossed and stale books, prints."""
    bits = np.random.PCG64(20240304)
    ts = OPENS + np.arange(ROWS) * SECOND + draw(bits, 0, SECOND)
    venue = draw(bits, 0, 3)
    middle = 10_000 + np.cumsum(draw(bits, -1, 2))
    bid, ask = middle - draw(bits, 0, 3), middle + draw(bits, 0, 4)
    bid_size, ask_size = 50 * draw(bits, 0, 9), 50 * draw(bits, 0, 9)
    quotes = Quotes(ts, venue, bid / 100, bid_size, ask / 100, ask_size)
    trades = Trades(
        ts + 1,
        draw(bits, 0, 3),
        (bid - draw(bits, -1, 2)) / 100,
        30 * draw(bits, 1, 12),
        draw(bits, -1, 2),
    )
    return Tape(("A", "B", "C"), quotes, trades, source="drawn")


def market(side: str, rules: ReplayParams) -> Market:
    day = date(2024, 1, 2)
    fees = FeeSchedule(
        Fee(name, day, taker, rebate)
        for name, taker, rebate in (("A", 0.003, 0.002), ("B", 0.001, 0.0), ("C", -0.002, -0.0024))
    )
    orders = OrderParams(side, 2_350, 150 * SECOND, 120 * SECOND)  # type: ignore[arg-type]
    data = tape()
    return prepare(data, make_orders(data, orders), rules, fees)


def policies() -> Iterator[Policy]:
    yield Policy(Now(), Static(RISK))
    yield Policy(Now(), Static(RISK, StaticModel("strict")))
    windows = WindowParams(lookback=240 * SECOND, minimum=5)
    yield Policy(Twap(), Placement(RISK, windows=windows))
    yield Policy(Twap(), Placement(RISK, windows=windows, leftover="sweep"))
    for name in ("now", "pov", "ac"):
        yield Policy(SCHEDULES[name](), Sweep())


def replays() -> Iterator[Result]:
    naive = BookParams(4 * SECOND, None, "every-snapshot")
    for side in ("buy", "sell"):
        for rules in (
            ReplayParams(slice=50 * SECOND),
            ReplayParams(naive, completion="best-ask", unfilled="mid"),
            ReplayParams(BookParams(band=3.0, refill_memory=9 * SECOND)),
            ReplayParams(BookParams(refill="update")),
        ):
            ready = market(side, rules)
            yield from (run(ready, policy) for policy in policies())
            held = run_baselines(ready, Policy(Now(), Sweep()))
            yield from (each.result for each in held.values())


def test_results_change_only_with_their_number():
    digest = hashlib.sha256()
    reasons = set()
    for result in replays():
        digest.update(result.outcome_key())
        for numbers in (result.fees, result.shortfall_bps):
            digest.update(np.nan_to_num(numbers, nan=-1e9).round(6).tobytes())
        reasons |= set(result.replay.reason.tolist())
    assert reasons == set(range(len(REASONS))), "the replays no longer show all that there is"
    found = (RESULTS, digest.hexdigest()[:16])
    assert found == EXPECTED, (
        "Replays have other results than before. If that is meant, add a line to CHANGES in "
        "sor_opt/backtest/version.py that says what has changed, and make EXPECTED here "
        f"{(RESULTS + (EXPECTED[0] == RESULTS), found[1])!r}."
    )


def test_every_number_says_what_changed():
    assert all(CHANGES)
    assert len(set(CHANGES)) == RESULTS
