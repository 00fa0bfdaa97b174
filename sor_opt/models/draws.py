"""Placements to hold the allocators against: orders, queues, outflows and penalties at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sor_opt.models.case import Case, Order
from sor_opt.models.outflow import Outflow
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot
from sor_opt.models.venues import Venue

TICK = 0.01
"""Dollars between two prices."""

_CHUNKS = {1: 60, 2: 14, 3: 5, 4: 3}
"""Most chunks per ladder of a placement, by its number of venues: lattices to enumerate."""

_SHARES = (0.1, 0.2, 0.3, 0.4)
"""How often so many venues are wanted, where an instance has them."""

_SCENARIOS = (1, 2, 5, 20, 60, 200)


def two_sided(venues: Sequence[Venue], step: float) -> tuple[Venue, ...]:
    """Let the first venue show a chunk on a side that no venue shows: there must be a mid."""
    first, *others = venues
    if not any(venue.shows("bid") for venue in venues):
        first = replace(first, bid_size=step)
    if not any(venue.shows("ask") for venue in venues):
        first = replace(first, ask_size=step)
    return (first, *others)


def draw_placement(
    case: Case, chunk: float, rng: np.random.Generator, outside: bool
) -> tuple[Case, Outflow, float]:
    """Draw an order of few chunks over some venues of a case, its outflows, and its step.

    The penalties stay as they are. Unless they are to be `outside` the assumptions, no bid is at
    the lowest ask or above; `chunk` is shown where a side shows nothing.
    """
    number = min(int(rng.choice(list(_CHUNKS), p=_SHARES)), len(case.venues))
    venues = two_sided(case.venues[:number], chunk)
    most = _CHUNKS[number]
    step = math.ceil(max(1.0, *(max(v.ask_size, v.bid_size) / most for v in venues)))
    chunks = int(rng.integers(1, most + 1))
    size = float(step * (chunks if rng.random() < 0.7 else chunks - rng.uniform(0.1, 0.9)))
    best_ask = min(v.ask for v in venues if v.ask is not None)
    placed = tuple(
        replace(
            v,
            bid=v.bid if outside or v.bid is None else min(v.bid, round(best_ask - TICK, 2)),
            queue=_queue_ahead(rng, size, v.bid_size),
        )
        for v in venues
    )
    outflow = _outflow(rng, size, step, number)
    return Case(placed, Order(size, case.order.side)), outflow, float(step)


def _queue_ahead(rng: np.random.Generator, size: float, shown: float) -> float | None:
    """Draw a queue: what is displayed, none, an infinite one, or of the order's kind."""
    kind = rng.choice(4, p=[0.3, 0.2, 0.1, 0.4])
    return (None, 0.0, float("inf"), float(rng.uniform(0, 2) * max(size, shown)))[kind]


def _outflow(rng: np.random.Generator, size: float, step: float, venues: int) -> Outflow:
    """Draw outflows of the order's kind: correlated, heavy-tailed, given samples, or few and lumpy.

    The last are those on which a local search goes wrong most often.
    """
    scenarios = int(rng.choice(_SCENARIOS))
    kind = rng.integers(5)
    if kind == 4:
        lumps = step * rng.integers(0, 5, (min(scenarios, 3), venues))
        return Outflow(samples=tuple(tuple(row) for row in lumps.astype(float).tolist()))
    if kind == 3:
        samples = rng.uniform(0, 2.5 * size, (scenarios, venues)).round(rng.integers(0, 3))
        samples[rng.random(samples.shape) < 0.2] = 0.0
        samples[rng.random(samples.shape) < 0.05] = np.inf
        return Outflow(samples=tuple(tuple(row) for row in samples.tolist()))
    return Outflow(
        family=("poisson", "exponential", "pareto")[kind],
        mean=tuple((size * rng.uniform(0.1, 2.5, venues)).tolist()),
        alpha=float(rng.choice([0.0, 0.6, 1.0])),
        scenarios=scenarios,
        seed=int(rng.integers(1_000_000)),
    )


def risk_within(quotes: Snapshot, rng: np.random.Generator) -> RiskParams:
    """Draw penalties in dollars that satisfy A2 and A3 where A1 holds."""
    half, fee = quotes.mid - quotes.best_bid, float(quotes.fee.max())
    least_over = max(half + float(quotes.rebate.max()), -(half + float(quotes.fee.min())), 0.0)
    least_under = max(half + fee, 0.0)
    margins = rng.uniform(1.01, 3.0, 2)
    theta = float(rng.choice([0.0, 0.0005, 0.01]))
    beyond = 1e-4  # also where a bound is 0
    lambda_over = least_over * margins[0] + beyond
    lambda_under = least_under * margins[1] + beyond
    return RiskParams(lambda_over, lambda_under, theta, unit="per_share")


def any_risk(rng: np.random.Generator) -> RiskParams:
    """Draw penalties in dollars of which some are 0."""
    lambda_over, lambda_under, theta = rng.choice([0.0, 0.001, 0.004, 0.02, 0.11], 3).tolist()
    return RiskParams(lambda_over, lambda_under, theta, unit="per_share")
