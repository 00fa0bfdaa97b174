"""Instances to hold the allocators against: drawn at random, or from moments of a tape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np

from sor_opt.errors import DataError
from sor_opt.market.feed import Side
from sor_opt.market.tape import Tape
from sor_opt.models.instances import Instance, Order
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementParams
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticParams
from sor_opt.models.venues import Venue

_FEES = (0.003, 0.0008, 0.0, -0.0002, -0.003)
_REBATES = (0.002, 0.0, -0.001, 0.0029)
_LAMBDAS = (0.0005, 0.001, 0.002)
_THETAS = (0.00005, 0.0001, 0.0002)

_TICK = 0.01
_CHUNKS = {1: 60, 2: 14, 3: 5, 4: 3}
"""Most chunks per ladder of a placement, by its number of venues: lattices to enumerate."""

_SHARES = (0.1, 0.2, 0.3, 0.4)
"""How often so many venues are wanted, where an instance has them."""

_SCENARIOS = (1, 2, 5, 20, 60, 200)


def random_instances(count: int, rng: np.random.Generator) -> Iterator[Instance]:
    """Draw instances with odd lots, ties, inverted fees, empty venues, targets off the step."""
    for _ in range(count):
        yield _random_instance(rng)


def _random_instance(rng: np.random.Generator) -> Instance:
    number, rungs = [(1, 60), (2, 30), (4, 8), (6, 5), (12, 2)][rng.integers(5)]
    number = int(rng.integers(1, number + 1))
    step = float(rng.choice([100, 100, 100, 50, 10]))
    base = round(float(rng.uniform(5, 300)), 2)
    tied = rng.random() < 0.2
    venues = []
    for k in range(number):
        ask = base + _TICK * (0 if tied else int(rng.integers(0, 6)))
        fee, rebate = (0.003, 0.002) if tied else (rng.choice(_FEES), rng.choice(_REBATES))
        venues.append(
            Venue(
                name=f"V{k + 1}",
                bid=round(ask - _TICK * int(rng.integers(1, 5)), 2),
                bid_size=_size(rng, rungs, step),
                ask=round(ask, 2),
                ask_size=_size(rng, rungs, step),
                fee=float(fee),
                rebate=float(rebate),
            )
        )
    order = _order(rng, sum(venue.ask_size for venue in venues), step)
    return Instance(_two_sided(venues, step), order, _risk(rng), StaticParams(step=step))


def _two_sided(venues: list[Venue], step: float) -> tuple[Venue, ...]:
    """Let the first venue show a chunk on a side that no venue shows: there must be a mid."""
    first, *others = venues
    if not any(venue.shows("bid") for venue in venues):
        first = replace(first, bid_size=step)
    if not any(venue.shows("ask") for venue in venues):
        first = replace(first, ask_size=step)
    return (first, *others)


def _size(rng: np.random.Generator, rungs: int, step: float) -> float:
    """Draw displayed shares: nothing, whole chunks, an odd lot, or a fraction."""
    chunks = int(rng.integers(1, rungs + 1))
    odd = float(rng.integers(1, int(step)))
    return [0.0, chunks * step, (chunks - 1) * step + odd, (chunks - rng.random()) * step][
        rng.choice(4, p=[0.1, 0.35, 0.45, 0.1])
    ]


def _order(rng: np.random.Generator, depth: float, step: float) -> Order:
    size = float(rng.choice([0.2, 0.5, 0.8, 1.3])) * depth
    chunks = max(1, round(size / step)) * step
    size = chunks if rng.random() < 0.7 else chunks + float(rng.integers(1, int(step)))
    return Order(size, get_args(Side)[rng.integers(2)])


def _risk(rng: np.random.Generator) -> RiskParams:
    """Draw one of the 27 points, or penalties in dollars of which some are 0."""
    lambda_over, lambda_under = rng.choice(_LAMBDAS, 2)
    theta = rng.choice(_THETAS)
    if rng.random() < 0.3:
        lambda_over, lambda_under, theta = rng.choice([0.0, 0.004, 0.02, 0.11], 3)
        return RiskParams(float(lambda_over), float(lambda_under), float(theta), unit="per_share")
    return RiskParams(float(lambda_over), float(lambda_under), float(theta))


def snapshot_instances(tape: Tape, count: int, rng: np.random.Generator) -> Iterator[Instance]:
    """Draw moments of a tape: each venue's last quote, an order, a grid point, random fees.

    Raises
    ------
    DataError
        If no quote shows a two-sided market.
    """
    quotes = tape.quotes
    columns = (quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size)
    valid = quotes.two_sided
    moments = np.flatnonzero(valid)
    if not moments.size:
        raise DataError("no quote shows a two-sided market", file=tape.source)
    rows_of = [np.flatnonzero(quotes.venue == k) for k in range(len(tape.venues))]
    for moment in rng.choice(moments, count):
        venues = []
        for name, rows in zip(tape.venues, rows_of, strict=True):
            at = np.searchsorted(rows, moment, side="right") - 1
            if at >= 0 and valid[row := rows[at]]:
                book = (column[row] for column in columns)
                fees = (rng.choice(_FEES), rng.choice(_REBATES))
                venues.append(Venue(name, *map(float, (*book, *fees))))
        depth = sum(venue.ask_size for venue in venues)
        yield Instance(tuple(venues), _order(rng, depth, 100.0), _risk(rng))


def placements(
    instances: Iterator[Instance], rng: np.random.Generator, outside: bool = False
) -> Iterator[Instance]:
    """Make placements of static instances: few chunks, drawn outflows, queues of all kinds.

    The penalties keep to Cont & Kukanov's assumptions A1 to A3, or, `outside`, are drawn without
    regard to them.
    """
    for instance in instances:
        yield _placement(instance, rng, outside)


def _placement(instance: Instance, rng: np.random.Generator, outside: bool) -> Instance:
    number = min(int(rng.choice(list(_CHUNKS), p=_SHARES)), len(instance.venues))
    venues = _two_sided(list(instance.venues[:number]), instance.model.step)
    most = _CHUNKS[number]
    step = math.ceil(max(1.0, *(max(v.ask_size, v.bid_size) / most for v in venues)))
    chunks = int(rng.integers(1, most + 1))
    size = float(step * (chunks if rng.random() < 0.7 else chunks - rng.uniform(0.1, 0.9)))
    best_ask = min(v.ask for v in venues if v.ask is not None)
    placed = Instance(
        tuple(
            replace(
                v,
                bid=v.bid if outside or v.bid is None else min(v.bid, round(best_ask - _TICK, 2)),
                queue=_queue_ahead(rng, size, v.bid_size),
            )
            for v in venues
        ),
        Order(size, instance.order.side),
        model=PlacementParams(step=float(step)),
        outflow=_outflow(rng, size, step, number),
    )
    if rng.random() < 0.3:
        placed = replace(placed, model=PlacementParams("infinite", float(step)))
    return replace(placed, risk=_any_risk(rng) if outside else _risk_within(placed, rng))


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


def _risk_within(instance: Instance, rng: np.random.Generator) -> RiskParams:
    """Draw penalties in dollars that satisfy A2 and A3 where A1 holds."""
    quotes = instance.quotes
    half, fee = quotes.mid - quotes.best_bid, float(quotes.fee.max())
    least_over = max(half + float(quotes.rebate.max()), -(half + float(quotes.fee.min())), 0.0)
    least_under = max(half + fee, 0.0)
    margins = rng.uniform(1.01, 3.0, 2)
    theta = float(rng.choice([0.0, 0.0005, 0.01]))
    beyond = 1e-4  # also where a bound is 0
    lambda_over = least_over * margins[0] + beyond
    lambda_under = least_under * margins[1] + beyond
    return RiskParams(lambda_over, lambda_under, theta, unit="per_share")


def _any_risk(rng: np.random.Generator) -> RiskParams:
    lambda_over, lambda_under, theta = rng.choice([0.0, 0.001, 0.004, 0.02, 0.11], 3).tolist()
    return RiskParams(lambda_over, lambda_under, theta, unit="per_share")
