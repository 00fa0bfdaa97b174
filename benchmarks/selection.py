"""How often the tests of a selection are wrong: PBO and SPA on noise, and with a planted winner.

python benchmarks/selection.py [--draws 1000]

The costs are drawn as skewed as those of orders; no point is better than another unless planted.
The table, in Markdown, is that of docs/selection.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from day import markdown

from sor_opt.backtest.orders import ParentOrders
from sor_opt.market.tape import SECOND, FloatArray
from sor_opt.search.selection import pbo, spa

POINTS = 27
LEVEL = 0.05
HORIZON = 540
DAY = 86_400

Draw = Callable[[np.random.Generator, int], FloatArray]
"""Costs of so many orders, shape (orders, POINTS + 1); the default point's are the first."""


class Layout(NamedTuple):
    """How orders lie in time: of one day, seconds from start to start, and days."""

    name: str
    a_day: int
    every: int
    days: int

    @property
    def orders(self) -> ParentOrders:
        """All of them."""
        day = np.repeat(np.arange(self.days), self.a_day)
        within = np.tile(np.arange(self.a_day), self.days)
        starts = (day * DAY + within * self.every) * SECOND
        return ParentOrders("buy", 5000.0, HORIZON * SECOND, starts, starts + DAY * SECOND, day)

    @property
    def train(self) -> ParentOrders:
        """The first seven of ten of them."""
        return self.orders.select(np.arange(len(self.orders) * 7 // 10))


LAYOUTS = (
    Layout("39 a day, 1 day", 39, 600, 1),
    Layout("39 a day, 3 days", 39, 600, 3),
    Layout("39 a day, 7 days", 39, 600, 7),
    Layout("39 a day, 10 days", 39, 600, 10),
    Layout("39 a day, 20 days", 39, 600, 20),
    Layout("every minute, 1 day", 381, 60, 1),
)


def independent(rng: np.random.Generator, count: int) -> FloatArray:
    """Exponential costs of mean 4 bps, each point's its own."""
    return rng.gamma(1.0, 4.0, (count, POINTS + 1))


def alike(rng: np.random.Generator, count: int) -> FloatArray:
    """What an order costs at all points, and a small part, as skewed, that is each point's own."""
    own = rng.lognormal(0.0, 1.0, (count, 1)) * (0.2 + rng.gamma(1.0, 1.0, (count, POINTS + 1)))
    return np.asarray(rng.gamma(1.0, 4.0, (count, 1)) + own)


def neighbours(rng: np.random.Generator, count: int) -> FloatArray:
    """Points in a row, each like the one before but for a skewed step either way."""
    steps = rng.gamma(0.3, 3.0, (count, POINTS + 1)) * rng.choice([-1, 1], (count, POINTS + 1))
    return np.asarray(rng.gamma(1.0, 4.0, (count, 1)) + np.cumsum(steps, axis=1))


def rare(rng: np.random.Generator, count: int) -> FloatArray:
    """Points that differ at 15 % of the orders, and there much."""
    differs = rng.random((count, POINTS + 1)) < 0.15
    own = differs * (rng.lognormal(1.0, 1.0, (count, POINTS + 1)) - np.exp(1.5))
    return np.asarray(rng.gamma(1.0, 4.0, (count, 1)) + own)


DRAWS: Mapping[str, Draw] = {
    "independent": independent,
    "alike": alike,
    "neighbours": neighbours,
    "rare": rare,
}


def in_time(layout: Layout, draw: Draw, rng: np.random.Generator) -> FloatArray:
    """Costs of a layout's orders: those that run at once share what they draw."""
    shared = -(-HORIZON // layout.every)
    count = layout.a_day * layout.days
    drawn = draw(rng, count + shared - 1)
    if shared == 1:
        return drawn
    shares: FloatArray = np.lib.stride_tricks.sliding_window_view(drawn, shared, axis=0).mean(-1)
    return shares


def rejected(layout: Layout, draw: Draw, draws: int, seed: int) -> float:
    """How often SPA's p-value is below `LEVEL` over the train orders."""
    rng, orders = np.random.default_rng(seed), layout.train
    found = []
    for _ in range(draws):
        costs = in_time(layout, draw, rng)[: len(orders)]
        found.append(spa(costs[:, 1:], costs[:, 0], orders, seed))
    return float(np.mean([p is not None and p < LEVEL for p in found]))


def overfit(draw: Draw, planted: float, draws: int, seed: int) -> float:
    """Mean PBO over one day's orders; the planted point costs so much of the mean less."""
    rng, orders = np.random.default_rng(seed), LAYOUTS[0].orders
    found = []
    for _ in range(draws):
        costs = in_time(LAYOUTS[0], draw, rng)[:, 1:]
        costs[:, 5] -= planted * costs.mean()
        found.append(pbo(costs, orders))
    return float(np.mean(np.array(found, dtype=np.float64)))


def tables(draws: int, seed: int) -> Iterator[str]:
    """Both tables of the page."""
    rows = [
        [layout.name, *(f"{rejected(layout, draw, draws, seed):.1%}" for draw in DRAWS.values())]
        for layout in LAYOUTS
    ]
    yield markdown([f"SPA rejects noise at {LEVEL:.0%}", *DRAWS], rows)
    cases = {
        "noise": 0.0,
        "a point cheaper by 80 % of the mean cost": 0.8,
        "by 150 %": 1.5,
    }
    rows = [
        [
            name,
            *(f"{overfit(draw, planted, max(1, draws // 5), seed):.3f}" for draw in DRAWS.values()),
        ]
        for name, planted in cases.items()
    ]
    yield markdown(["mean PBO of 27 points, 39 orders", *DRAWS], rows)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for table in tables(given.draws, given.seed):
        print(f"\n{table}", flush=True)


if __name__ == "__main__":
    main()
