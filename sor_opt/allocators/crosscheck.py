"""All allocators on the same instances, held against the oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import count_points
from sor_opt.errors import DataError, SolverError
from sor_opt.market.book import Side
from sor_opt.market.tape import Tape
from sor_opt.model.instances import Instance, Order
from sor_opt.model.ladder import Allocation, LadderProblem, tie_tolerance
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import Space, StaticParams
from sor_opt.model.venues import Venue

POINTS = 1_000_000
"""Lattice points that an instance may have; larger ones lose their last venues."""

_FEES = (0.003, 0.0008, 0.0, -0.0002, -0.003)
_REBATES = (0.002, 0.0, -0.001, 0.0029)
_LAMBDAS = (0.0005, 0.001, 0.002)
_THETAS = (0.00005, 0.0001, 0.0002)


@dataclass
class Tally:
    """What one allocator did: problems solved, of them infeasible, mismatches, wall seconds."""

    solved: int = 0
    infeasible: int = 0
    mismatches: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Mismatch:
    """An instance on which allocators disagree.

    Attributes
    ----------
    instance : Instance
    costs : dict of str to float
        Dollars by allocator; infinite where it says infeasible, NaN where it failed.
    """

    instance: Instance
    costs: dict[str, float]


@dataclass
class CrossCheck:
    """The outcome: instances seen, how many were trimmed, tallies by allocator, mismatches."""

    by_allocator: dict[str, Tally]
    instances: int = 0
    trimmed: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)


def crosscheck(
    instances: Iterable[Instance],
    allocators: Sequence[Allocator],
    progress: Callable[[int], None] | None = None,
) -> CrossCheck:
    """Solve every instance in both spaces with every allocator.

    An allocator mismatches where its status differs from the first one's, its split is not
    admissible, its cost is not that of its split, or it differs from the first one's by more than
    `tie_tolerance`.

    Parameters
    ----------
    instances : iterable of Instance
    allocators : sequence of Allocator
        The first is the oracle.
    progress : callable, optional
        Called with the number of instances done.
    """
    result = CrossCheck({allocator.name: Tally() for allocator in allocators})
    for whole in instances:
        fitting = trim(whole)
        result.instances += 1
        result.trimmed += fitting != whole
        for space in get_args(Space):
            instance = replace(fitting, model=replace(fitting.model, space=space))
            _compare(instance, allocators, result)
        if progress is not None:
            progress(result.instances)
    return result


def _compare(instance: Instance, allocators: Sequence[Allocator], result: CrossCheck) -> None:
    problem = instance.problem()
    found = {allocator.name: _attempt(allocator, problem) for allocator in allocators}
    oracle = found[allocators[0].name]
    agreed = True
    for name, allocation in found.items():
        tally = result.by_allocator[name]
        if allocation is not None:
            tally.solved += 1
            tally.infeasible += allocation.status == "infeasible"
            tally.seconds += allocation.seconds
        if oracle is None or allocation is None or not _agree(allocation, oracle):
            tally.mismatches += 1
            agreed = False
    if not agreed:
        costs = {name: a.cost if a is not None else math.nan for name, a in found.items()}
        result.mismatches.append(Mismatch(instance, costs))


def _attempt(allocator: Allocator, problem: LadderProblem) -> Allocation | None:
    try:
        return allocator.solve(problem)
    except SolverError:
        return None


def _agree(allocation: Allocation, oracle: Allocation) -> bool:
    if allocation.status != oracle.status:
        return False
    if oracle.status == "infeasible":
        return True
    problem, tie = oracle.problem, tie_tolerance(oracle.cost)
    return (
        problem.admits(allocation.rungs)
        and abs(problem.cost(allocation.rungs) - allocation.cost) <= tie
        and abs(allocation.cost - oracle.cost) <= tie
    )


def trim(instance: Instance, points: int = POINTS) -> Instance:
    """Drop the last venues until the lattices of both spaces have at most `points` points."""
    while len(instance.venues) > 1 and _largest(instance) > points:
        instance = replace(instance, venues=instance.venues[:-1])
    return instance


def _largest(instance: Instance) -> int:
    spaces = (replace(instance.model, space=space) for space in get_args(Space))
    return max(count_points(replace(instance, model=model).problem()) for model in spaces)


def random_instances(count: int, rng: np.random.Generator) -> Iterator[Instance]:
    """Draw instances with odd lots, ties, inverted fees, empty venues, targets off the step."""
    for _ in range(count):
        yield _random_instance(rng)


def _random_instance(rng: np.random.Generator) -> Instance:
    number, rungs = [(1, 60), (2, 30), (4, 8), (6, 5), (12, 2)][rng.integers(5)]
    number = int(rng.integers(1, number + 1))
    step = float(rng.choice([100, 100, 100, 50, 10]))
    tick, base = 0.01, round(float(rng.uniform(5, 300)), 2)
    tied = rng.random() < 0.2
    venues = []
    for k in range(number):
        ask = base + tick * (0 if tied else int(rng.integers(0, 6)))
        fee, rebate = (0.003, 0.002) if tied else (rng.choice(_FEES), rng.choice(_REBATES))
        venues.append(
            Venue(
                name=f"V{k + 1}",
                bid=round(ask - tick * int(rng.integers(1, 5)), 2),
                bid_size=_size(rng, rungs, step),
                ask=round(ask, 2),
                ask_size=_size(rng, rungs, step),
                fee=float(fee),
                rebate=float(rebate),
            )
        )
    order = _order(rng, sum(venue.ask_size for venue in venues), step)
    return Instance(tuple(venues), order, _risk(rng), StaticParams(step=step))


def _size(rng: np.random.Generator, rungs: int, step: float) -> float:
    """Draw displayed shares: nothing, whole chunks, an odd lot, or a fraction."""
    chunks = int(rng.integers(1, rungs + 1))
    odd = float(rng.integers(1, int(step)))
    return [0.0, chunks * step, (chunks - 1) * step + odd, (chunks - rng.random()) * step][
        rng.choice(4, p=[0.1, 0.35, 0.45, 0.1])
    ]


def _order(rng: np.random.Generator, depth: float, step: float) -> Order:
    size = float(rng.choice([0.2, 0.5, 0.8, 1.3])) * depth
    whole = max(1, round(size / step)) * step
    size = whole if rng.random() < 0.7 else whole + float(rng.integers(1, int(step)))
    return Order(size, get_args(Side)[rng.integers(2)])


def _risk(rng: np.random.Generator) -> RiskParams:
    """Draw one of the 27 points, or penalties in dollars of which some are 0."""
    over, under = rng.choice(_LAMBDAS, 2)
    theta = rng.choice(_THETAS)
    if rng.random() < 0.3:
        over, under, theta = rng.choice([0.0, 0.004, 0.02, 0.11], 3)
        return RiskParams(float(over), float(under), float(theta), unit="per_share")
    return RiskParams(float(over), float(under), float(theta))


def snapshot_instances(tape: Tape, count: int, rng: np.random.Generator) -> Iterator[Instance]:
    """Draw moments of a tape: each venue's last quote, an order, a grid point, random fees.

    Raises
    ------
    DataError
        If no quote shows a two-sided market.
    """
    quotes = tape.quotes
    columns = (quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size)
    valid = quotes.valid
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
