"""What threads save: a grid of the placement policy, and the landscape of the static one.

    python benchmarks/jobs.py quotes.csv.gz trades.csv.gz [--jobs 2]

One thread and several take turns, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.registry import named
from sor_opt.search.grid import run_grid
from sor_opt.search.landscape import make_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space


def report(what: str, work: Callable[[int], object], jobs: int, repeats: int = 3) -> None:
    """Time some work with one thread and with several, after a call that is not counted."""
    work(jobs)
    laps: dict[int, list[float]] = {1: [], jobs: []}
    for _ in range(repeats):
        for threads, seconds in laps.items():
            began = time.perf_counter()
            work(threads)
            seconds.append(time.perf_counter() - began)
    one, several = median(laps[1]), median(laps[jobs])
    print(f"{what}: {one:.2f} s with 1 thread, {several:.2f} s with {jobs}: ", end="")
    print(f"{one / several:.2f} times faster")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("quotes", type=Path)
    parser.add_argument("trades", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()

    tape = load_tape(given.quotes, given.trades)
    orders = make_orders(tape, OrderParams(every=600 * SECOND))
    market = prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())
    placement = named("placement")
    space = Space.of(placement)

    def grid(jobs: int) -> None:
        run_grid(ShortfallObjective(market, placement, jobs), space)

    def search(jobs: int) -> None:
        objective = ShortfallObjective(market, placement, jobs)
        for params in space.grid():
            objective(params)

    def landscape(jobs: int) -> None:
        make_landscape(ShortfallObjective(market, jobs=jobs), space)

    report("placement, 27 points at once (at least 1.6)", grid, given.jobs)
    report("placement, 27 points one by one", search, given.jobs)
    report("landscape", landscape, given.jobs)


if __name__ == "__main__":
    main()
