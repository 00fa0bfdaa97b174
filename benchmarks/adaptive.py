"""How much of the grid's regret the searches close within 100 trials, on drawn markets and orders.

    python benchmarks/adaptive.py --settings 10 --seed 3000 [--taq QUOTES]

A setting is a synthetic day (price, volatility, rate drawn) and either one order or a day of
orders (side, size, horizon drawn). Its lots are whole, so that the landscape is exact. The
adaptive rule was designed on seeds 1000 to 1179; other seeds are new to it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from datetime import time

import numpy as np
from rich.console import Console
from rich.table import Table

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.market.loaders import load_tape
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND, Tape
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.registry import named
from sor_opt.search.grid import run_grid
from sor_opt.search.landscape import joint_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space
from sor_opt.search.studies.study import StudyRun, run_study

MINUTE = 60 * SECOND
TRIALS = 100
STRATEGIES = {"adaptive": 1, "tpe": 3, "random": 3}
"""How many seeds each runs with; the median counts."""


def drawn(seed: int) -> tuple[Tape, OrderParams]:
    """A day and the orders of it."""
    rng = np.random.default_rng(seed)
    market = SyntheticParams(
        seed=seed,
        price=round(rng.uniform(20, 300), 2),
        volatility=math.exp(rng.uniform(math.log(0.004), math.log(0.025))),
        events_per_second=math.exp(rng.uniform(math.log(1.5), math.log(12))),
        odd_lots=0.0,
    )
    minute = int(rng.integers(30, 360))
    one = rng.random() < 0.5
    orders = OrderParams(
        side=("buy", "sell")[rng.integers(2)],
        size=float(rng.choice([1000, 2000, 5000, 10000])),
        horizon=int(rng.integers(3, 16)) * MINUTE,
        every=None if one else int(rng.choice([10, 20, 30])) * MINUTE,
        start=time(9 + minute // 60, minute % 60) if one else None,
    )
    return generate(market), orders


def settings(count: int, seed: int, taq: str | None) -> Iterator[tuple[str, Tape, OrderParams]]:
    """Name the settings, and make them."""
    for number in range(seed, seed + count):
        yield (f"seed {number}", *drawn(number))
    if taq is not None:
        tape = load_tape(taq)
        yield "TAQ, first order", tape, OrderParams(horizon=9 * MINUTE)
        yield "TAQ, every 10 min", tape, OrderParams(horizon=9 * MINUTE, every=10 * MINUTE)


def found(objective: ShortfallObjective, space: Space, sampler: str, seed: int) -> float:
    """The lowest train shortfall of a study, bps."""
    run = StudyRun("benchmark", objective, space, sampler, TRIALS, None, seed)
    best = run_study(run).best
    assert best is not None
    return best.outcome.train_bps


def main() -> None:
    """Print a row per setting, and in how many each strategy closes nine tenths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=int, default=10)
    parser.add_argument("--seed", type=int, default=3000)
    parser.add_argument("--taq")
    options = parser.parse_args()
    space, won = Space.of(named("static")), dict.fromkeys(STRATEGIES, 0)
    table = Table("setting", "orders", "grid", "optimum", *(f"{name} closes" for name in won))
    for name, tape, layout in settings(options.settings, options.seed, options.taq):
        market = prepare(tape, make_orders(tape, layout), ReplayParams(), FeeSchedule.packaged())
        objective = ShortfallObjective(market)
        exact = joint_landscape(objective, space)
        assert exact is not None, "whole lots leave no part to the excess penalty"
        grid, optimum = run_grid(objective, space).best.outcome.train_bps, exact.best.train_bps
        row = [name, str(len(market.orders)), f"{grid:.3f}", f"{optimum:.3f}"]
        for sampler, seeds in STRATEGIES.items():
            value = np.median([found(objective, space, sampler, seed) for seed in range(seeds)])
            closed = (grid - value) / (grid - optimum) if grid > optimum else 1.0
            won[sampler] += closed >= 0.9
            row.append(f"{closed:.1%}")
        table.add_row(*row)
    Console(width=120).print(table)
    print({name: f"{count} of {len(table.rows)}" for name, count in won.items()})


if __name__ == "__main__":
    main()
