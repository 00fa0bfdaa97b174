"""How often the printed 95 % intervals hold the true mean, as tables in Markdown.

    python benchmarks/intervals.py [--draws 2000] [--pool POOL.npz [--days 2000]]

The first table is of made costs, in seconds: a cost is the mean of nine minutes' independent
shocks, of one shape or another, around 0. With `--pool` the second is of replays on days of the
synthetic market, a seed each: the truth is the mean over all of these days, and a draw is of some
of them. The days are kept in the file and need not be replayed again; two thousand take an hour.
The tables are those of docs/intervals.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from day import MINUTE, markdown, market_of

from sor_opt.backtest.backtest import run
from sor_opt.backtest.intervals import estimate
from sor_opt.backtest.orders import OrderParams, ParentOrders
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import FloatArray
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap

HORIZON = 9
"""Minutes."""
STARTS = 381
"""Orders of a day that begin every minute; the last of them ends with the session."""
DAY = 24 * 60 * MINUTE
POLICIES = (Policy(Now(), Static()), Policy(Now(), BestAsk()), Policy(Twap(), BestAsk()))

Days = FloatArray
"""Costs of shape (days, STARTS), bps: of the order that begins in each minute of each day."""


class Layout(NamedTuple):
    """Which orders are in a mean: of how many days, every how many minutes, the last ones alone."""

    days: int
    every: int
    last: int = 0

    @property
    def name(self) -> str:
        """What a table calls it."""
        each = len(range(0, STARTS, self.every))
        what = f"{self.last} test orders" if self.last else f"{each} orders"
        days = f"{self.days} days of " if self.days > 1 else ""
        return f"{days}{what}{', overlapping' if self.every < HORIZON else ''}"

    def take(self, days: Days) -> Days:
        """The costs of the orders alone, by day."""
        return days[:, :: self.every][:, -self.last :]

    def orders(self) -> ParentOrders:
        """The orders of one draw."""
        minutes = self.take(np.arange(STARTS, dtype=np.float64)[None])[0].astype(np.int64)
        midnights = DAY * np.repeat(np.arange(self.days), len(minutes))
        starts = midnights + MINUTE * np.tile(minutes, self.days)
        return ParentOrders("buy", 100.0, HORIZON * MINUTE, starts, midnights + DAY, midnights)


LAYOUTS = (
    Layout(1, 10),
    Layout(1, 1),
    Layout(1, 10, last=12),
    Layout(1, 1, last=114),
    Layout(3, 10),
    *(Layout(days, 10) for days in (5, 10, 20)),
    *(Layout(days, 1) for days in (5, 10, 20)),
)

SHOCKS: dict[str, Callable[[np.random.Generator, tuple[int, int]], FloatArray]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
    "four in five are 0": lambda rng, shape: (
        np.where(rng.random(shape) < 0.8, 0, rng.exponential(size=shape)) - 0.2
    ),
}
"""By what a table calls them; their mean is 0."""


def made(rng: np.random.Generator, shocks: str, layout: Layout, draws: int) -> Iterator[Days]:
    """Costs of one layout, a draw at a time: of shocks of their own, unless the orders overlap."""
    for _ in range(draws):
        if layout.every >= HORIZON:
            days = SHOCKS[shocks](rng, (layout.days, STARTS))
        else:
            sums = np.cumsum(SHOCKS[shocks](rng, (layout.days, STARTS + HORIZON)), axis=1)
            days = (sums[:, HORIZON:] - sums[:, :-HORIZON]) / HORIZON
        yield layout.take(days)


def drawn(rng: np.random.Generator, pool: Days, layout: Layout, draws: int) -> Iterator[Days]:
    """Costs of one layout less their mean over the pool; each of its days is as often in a draw."""
    costs = layout.take(pool)
    rounds = -(-draws * layout.days // len(pool))
    days = np.concatenate([rng.permutation(len(pool)) for _ in range(rounds)])
    for which in days[: draws * layout.days].reshape(draws, layout.days):
        yield costs[which] - costs.mean()


def coverage(layout: Layout, draws: Iterator[Days]) -> str:
    """The share of intervals that hold 0, and of those below it and above it, percent."""
    orders = layout.orders()
    found = [estimate(costs.ravel(), orders) for costs in draws]
    below = np.mean([each.high < 0 for each in found])
    above = np.mean([each.low > 0 for each in found])
    return f"{1 - below - above:.1%} ({below:.1%}, {above:.1%})"


def replayed(seed: int) -> FloatArray:
    """What the policies' orders cost on one day, bps (shape (policies, STARTS))."""
    tape = generate(SyntheticParams(seed=seed, events_per_second=3.0))
    market = market_of(tape, OrderParams(size=3000, every=MINUTE, horizon=HORIZON * MINUTE))
    results = [run(market, policy) for policy in POLICIES]
    assert all(result.complete.all() for result in results)
    return np.array([result.shortfall_bps[:STARTS] for result in results])


def read_pool(path: Path, count: int) -> FloatArray:
    """The costs of `count` days (shape (days, policies, STARTS)); those not kept are replayed."""
    costs = list(np.load(path)["costs"]) if path.exists() else []
    for seed in range(len(costs), count):
        costs.append(replayed(seed))
        if len(costs) % 100 == 0 or len(costs) == count:
            np.savez_compressed(path, costs=np.array(costs, dtype=np.float32))
            print(f"{len(costs)} days", file=sys.stderr, flush=True)
    return np.array(costs[:count], dtype=np.float64)


def main() -> None:
    """Draw, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--pool", type=Path, help="days of the synthetic market, kept here")
    parser.add_argument("--days", type=int, default=2000, help="of the pool")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = [
        [each.name, *(coverage(each, made(rng, shocks, each, given.draws)) for shocks in SHOCKS)]
        for each in LAYOUTS
    ]
    print(markdown(["made costs", *SHOCKS], rows), flush=True)
    if given.pool is None:
        return
    static, best_ask, twap = read_pool(given.pool, given.days).swapaxes(0, 1)
    pools = {
        "now x static": static,
        "now x best-ask": best_ask,
        "routing saved": best_ask - static,
        "twap x best-ask": twap,
        "timing saved": best_ask - twap,
    }
    rows = [
        [
            each.name,
            *(coverage(each, drawn(rng, pool, each, given.draws)) for pool in pools.values()),
        ]
        for each in LAYOUTS
    ]
    print(f"\n{markdown([f'{given.days:,} synthetic days', *pools], rows)}")


if __name__ == "__main__":
    main()
