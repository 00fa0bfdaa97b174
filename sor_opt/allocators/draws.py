"""Instances to hold the allocators against: drawn at random, or from moments of a tape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

import numpy as np

from sor_opt.errors import DataError
from sor_opt.market.feed import Side
from sor_opt.market.tape import Tape
from sor_opt.models.base import CostModel
from sor_opt.models.case import Order
from sor_opt.models.draws import TICK, two_sided
from sor_opt.models.instances import Instance
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import Venue
from sor_opt.params import changed

_FEES = (0.003, 0.0008, 0.0, -0.0002, -0.003)
_REBATES = (0.002, 0.0, -0.001, 0.0029)
_LAMBDAS = (0.0005, 0.001, 0.002)
_THETAS = (0.00005, 0.0001, 0.0002)


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
        ask = base + TICK * (0 if tied else int(rng.integers(0, 6)))
        fee, rebate = (0.003, 0.002) if tied else (rng.choice(_FEES), rng.choice(_REBATES))
        venues.append(
            Venue(
                name=f"V{k + 1}",
                bid=round(ask - TICK * int(rng.integers(1, 5)), 2),
                bid_size=_size(rng, rungs, step),
                ask=round(ask, 2),
                ask_size=_size(rng, rungs, step),
                fee=float(fee),
                rebate=float(rebate),
            )
        )
    order = _order(rng, sum(venue.ask_size for venue in venues), step)
    return Instance(two_sided(venues, step), order, _risk(rng), StaticModel(step=step))


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


def instances_of(
    model: CostModel,
    instances: Iterable[Instance],
    rng: np.random.Generator,
    outside: bool = False,
) -> Iterator[Instance]:
    """Make instances of a cost model of static ones, in chunks of their step.

    Parameters
    ----------
    model : CostModel
        With the other parameters to take.
    instances : iterable of Instance
    rng : numpy.random.Generator
    outside : bool
        Whether the penalties may break the model's assumptions.
    """
    for each in instances:
        stepped = changed(model, {"step": each.model.step})
        case, drawn, outflow = stepped.draw(each, rng, outside)
        yield Instance(case.venues, case.order, case.risk, drawn, outflow)
