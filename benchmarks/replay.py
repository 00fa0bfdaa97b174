"""Ratios of the replay, each measured in one run: compiled and Python routers, the grid, loading.

python benchmarks/replay.py data/sample_quotes.csv.gz
python benchmarks/replay.py quotes.csv.gz --max-quote-age 2
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.market.book import BookParams
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.search.grid import run_grid
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of some work, after one call that is not counted."""
    work()
    laps = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        laps.append(time.perf_counter() - began)
    return median(laps)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("quotes", type=Path)
    parser.add_argument("--max-quote-age", type=float, help="seconds")
    parser.add_argument("--size", type=float, default=5000)
    given = parser.parse_args()

    loading = seconds(lambda: load_tape(given.quotes), 9)
    bare = seconds(lambda: pd.read_csv(given.quotes), 9)
    print(f"load_tape {loading * 1e3:.1f} ms, pandas.read_csv {bare * 1e3:.1f} ms: ", end="")
    print(f"{loading / bare:.2f} times (at most 2)")

    tape = load_tape(given.quotes)
    orders = make_orders(tape, OrderParams(size=given.size, every=600 * SECOND))
    age = round(given.max_quote_age * SECOND) if given.max_quote_age else None
    market = prepare(tape, orders, ReplayParams(BookParams(age)), FeeSchedule.packaged())

    risk = RiskParams(0.0005, 0.0005, 0.00005)
    compiled = Policy(Now(), Static(risk))
    called = Policy(Now(), Static(risk, allocator=FastAllocator()))
    fast = seconds(lambda: run(market, compiled).cash, 9)
    slow = seconds(lambda: run(market, called).cash, 1)
    print(
        f"{len(orders)} orders: compiled {fast * 1e3:.2f} ms, allocator in Python {slow:.2f} s: ",
        end="",
    )
    print(f"{slow / fast:,.0f} times (at least 50)")

    objective = ShortfallObjective(market)
    grid = seconds(lambda: run_grid(objective, Space.of(objective.policy)), 5)
    columns = [market.feed[name].copy() for name in market.feed.dtype.names]
    reading = seconds(lambda: [column.sum() for column in columns], 9)
    print(f"{len(orders)} orders x 27 points: {grid:.3f} s (under 0.5), ", end="")
    print(f"{grid / reading:,.0f} times one reading of the same arrays ({reading * 1e3:.2f} ms)")


if __name__ == "__main__":
    main()
