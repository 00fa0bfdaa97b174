"""All allocators on the same instances, held against the oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import count_points
from sor_opt.errors import SolverError
from sor_opt.models.instances import Instance
from sor_opt.models.ladder import Allocation, LadderProblem, tie_tolerance

POINTS = 1_000_000
"""Lattice points that an instance may have; larger ones lose their last venues."""


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
    """Solve every instance, in all variants of its cost model, with every allocator.

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
    for given in instances:
        fitting = trim(given)
        result.instances += 1
        result.trimmed += fitting != given
        for instance in _variants(fitting):
            _compare(instance, allocators, result)
        if progress is not None:
            progress(result.instances)
    return result


def _variants(instance: Instance) -> list[Instance]:
    """The instance with every variant of its cost model."""
    return [replace(instance, model=model) for model in instance.model.variants()]


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
    """Drop the last venues until no lattice has more than `points` points."""
    while len(instance.venues) > 1 and _largest(instance) > points:
        outflow = instance.outflow
        instance = replace(
            instance,
            venues=instance.venues[:-1],
            outflow=outflow and outflow.first(len(instance.venues) - 1),
        )
    return instance


def _largest(instance: Instance) -> int:
    return max(count_points(variant.problem()) for variant in _variants(instance))
