"""Placement against the static policy and the baselines on one day, in and out of sample.

    python benchmarks/placement_day.py QUOTES TRADES [--max-quote-age 2] [--venue XNYS]

Each policy's best of the 27 points on the train orders is taken, and what placement saves on the
other policies is paired over orders. Then every decision of placement's best point is certified:
the replay takes the local search's answer, which may not be the best there is. `--venue` keeps one
venue's quotes and trades alone: where a file is thinned but for one venue, that is the comparison
which the thinning does not touch.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import run_baselines
from sor_opt.backtest.intervals import Estimate, mean_shortfall, savings
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.replay import LIMIT
from sor_opt.market.book import BookParams
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND, Quotes, Tape, Trades
from sor_opt.models.ladder import Allocation, LadderProblem, tie_tolerance
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.schedules.twap import Twap
from sor_opt.search.grid import run_grid
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space

Rows = TypeVar("Rows", Quotes, Trades)

POLICIES: dict[str, Policy] = {
    "placement": named("placement"),
    "placement, volume": Policy(Twap(), Placement(windows=WindowParams(through="volume"))),
    "placement, sweep": Policy(Twap(), Placement(leftover="sweep")),
    "static": named("static"),
}
"""The routers; "volume" counts a trade below the limit by its volume alone."""


def of_venue(tape: Tape, venue: str) -> Tape:
    """Keep one venue's quotes and trades."""
    number = tape.venues.index(venue)

    def mine(rows: Rows) -> Rows:
        kept = rows.venue == number
        columns = {field.name: getattr(rows, field.name)[kept] for field in fields(rows)}
        return replace(rows, **columns | {"venue": columns["venue"] * 0})

    assert tape.trades is not None
    return replace(tape, venues=(venue,), quotes=mine(tape.quotes), trades=mine(tape.trades))


def best_of_the_grid(market: Market, policy: Policy) -> Policy:
    """The policy with the parameters that are best on train."""
    best = run_grid(ShortfallObjective(market, policy), Space.of(policy)).best
    return policy.having(best.params)


def text(found: Estimate) -> str:
    """A mean with its interval."""
    return f"{found.mean:7.2f} [{found.low:6.2f}, {found.high:6.2f}]"


class Audit(Allocator):
    """The fast allocator, each of whose answers is held against the certified optimum."""

    name = "fast"

    def __init__(self) -> None:
        self._fast, self._certified = FastAllocator(), FastAllocator(certify=True)
        self.decisions = self.optimal = 0
        self.seconds = 0.0

    def solve(self, problem: LadderProblem) -> Allocation:
        """Answer as the compiled router would, and count whether that is the optimum."""
        found, best = self._fast.solve(problem), self._certified.solve(problem)
        self.decisions += 1
        self.optimal += found.cost <= best.cost + tie_tolerance(best.cost)
        self.seconds += best.seconds
        return found


def show(market: Market) -> None:
    """Print shortfalls, and what the first router saves on all others."""
    train = ShortfallObjective(market).train
    tuned = {name: best_of_the_grid(market, policy) for name, policy in POLICIES.items()}
    results = {name: run(market, policy) for name, policy in tuned.items()}
    held = run_baselines(market, tuned["placement"])
    results |= {name: each.result for name, each in held.items()}
    print(f"{len(train)} orders, {train.sum()} train; bps, 95 % intervals")
    print(f"{'':19}{'shortfall, train':^25}{'shortfall, test':^25}", end="")
    print(f"{'saved by placement, train':^27}{'saved, test':^25}limit fills")
    for name, result in results.items():
        parts = [text(mean_shortfall(result, which)) for which in (train, ~train)]
        saved = [savings(results["placement"], result, among=which) for which in (train, ~train)]
        parts += map(text, saved)
        share = result.shares_by(LIMIT).sum() / max(1.0, float(np.abs(result.filled).sum()))
        print(f"{name:19}" + "  ".join(parts) + f"{share:10.0%}")
    audit, best = Audit(), tuned["placement"].router
    run(market, Policy(Twap(), Placement(best.risk or RiskParams(), allocator=audit)))
    print(
        f"{audit.optimal} of {audit.decisions} decisions of placement's best point are optimal, "
        f"as certified in {audit.seconds:.1f} s"
    )


def main() -> None:
    """Read the files, and show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quotes", type=Path)
    parser.add_argument("trades", type=Path)
    parser.add_argument("--max-quote-age", type=float, help="seconds")
    parser.add_argument("--venue", help="this one alone")
    parser.add_argument("--size", type=float, default=5000)
    given = parser.parse_args()
    tape = load_tape(given.quotes, given.trades)
    if given.venue:
        tape = of_venue(tape, given.venue)
    age = round(given.max_quote_age * SECOND) if given.max_quote_age else None
    orders = make_orders(tape, OrderParams(size=given.size, every=600 * SECOND))
    show(prepare(tape, orders, ReplayParams(BookParams(age)), FeeSchedule.packaged()))


if __name__ == "__main__":
    main()
