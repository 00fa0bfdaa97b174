"""What orders of many sizes cost on one real day, and what their own impact would add.

python benchmarks/participation.py QUOTES --trades TRADES

The tables, in Markdown, are those of docs/participation.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from day import LAYOUT, MINUTE, RULES, SCHEDULES, STATIC, arguments, load, markdown, market_of

from sor_opt.backtest.backtest import run
from sor_opt.backtest.impact import Impact
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import mean_of, risk_of
from sor_opt.market.tape import Tape
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk

SIZES = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 300_000)
IMPACTS = (None, Impact(0.5, MINUTE), Impact(1.0, MINUTE))
PAIRS = tuple(Policy(schedule, router) for schedule in SCHEDULES for router in (BestAsk(), STATIC))
BPS = 1e4
SHARES = 5000
"""Of an order for which the laws of impact are written out."""


def heading(impact: Impact | None) -> str:
    """What a table assumes."""
    if impact is None:
        return "no impact"
    return f"{impact.bps:g} bps per 1,000 shares, half-life {impact.half_life // MINUTE} min"


def rows(tape: Tape, impact: Impact | None) -> Iterator[list[str]]:
    """What orders of each size are of the lit volume, and what they cost."""
    for size in SIZES:
        rules = replace(RULES, impact=impact)
        market = market_of(tape, replace(LAYOUT, size=float(size)), rules)
        results = [run(market, policy) for policy in PAIRS]
        parts = results[0].participation
        volume = f"{risk_of(parts).median:.1%}", f"{np.nanmax(parts):.0%}"
        yield [f"{size:,}", *volume, *map(cost, results)]


def cost(result: Result) -> str:
    """Mean shortfall, bps, and how many orders are not filled."""
    missing = int((~result.complete).sum())
    return f"{mean_of(result.shortfall_bps):.2f}" + (f", {missing} short" if missing else "")


def facts(market: Market) -> Iterator[list[str]]:
    """What two laws of impact are made from, and what they give."""
    printed = market.prints
    opens, closes = market.orders.starts[0], market.orders.deadlines[-1]
    during = (printed["ts"] > opens) & (printed["ts"] <= closes)
    volume = float(printed["shares"][during].sum())
    mids = run(market, PAIRS[0]).replay.arrival_mid
    moves = np.diff(np.log(mids))
    volatility = BPS * float(np.sqrt((closes - opens) / (10 * MINUTE) * (moves**2).mean()))
    law = volatility * np.sqrt(SHARES / volume)
    rate = SHARES / (volume * market.orders.horizon / (closes - opens))
    yield ["lit volume V of the session, shares", f"{volume:,.0f}"]
    yield ["volatility sigma of the session, from ten-minute mids, bps", f"{volatility:.0f}"]
    yield [f"sigma sqrt({SHARES:,} / V), bps", f"{law:.1f}"]
    yield ["the same per 1,000 shares, bps", f"{1000 * law / SHARES:.2f}"]
    yield [f"0.142 sigma ({SHARES:,} / (V T))^0.6, bps", f"{0.142 * volatility * rate**0.6:.1f}"]


def main() -> None:
    """Print the tables."""
    tape = load(arguments(__doc__ or ""))
    columns = ["shares", "median of volume", "largest", *(policy.name for policy in PAIRS)]
    for impact in IMPACTS:
        print(f"\n{heading(impact)}\n")
        print(markdown(columns, rows(tape, impact)))
    print(f"\n{markdown(['what', 'on this day'], facts(market_of(tape)))}")


if __name__ == "__main__":
    main()
