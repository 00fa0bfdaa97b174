"""The placement model's ladders, solved without making a ladder problem of them first."""

from __future__ import annotations

import numpy as np

from sor_opt.allocators.fast.local_search import UNLIMITED_STEPS, local_search
from sor_opt.allocators.fast.selections import NEAR, Penalties
from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.allocators.fast.tables import Tables, collapse
from sor_opt.compiled import compiled, inlined, summing
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.placement import Ladders, write_rungs


@inlined
def solve_placement(ladders: Ladders, step: float, penalties: Penalties, rungs: IntArray) -> None:
    """Write the best number of rungs of each ladder, shape (2K,), or a good one.

    As the fast allocator does with the problem of `PlacementModel` of the same moment.
    """
    if ladders.reach.shape[1] == 1:
        _solve_one_scenario(ladders, step, penalties, rungs)
    else:
        local_search(tabulate(ladders, step, penalties), UNLIMITED_STEPS, rungs)


@inlined
def _solve_one_scenario(
    ladders: Ladders, step: float, penalties: Penalties, rungs: IntArray
) -> None:
    """Solve a problem of one scenario."""
    offsets = np.zeros(len(rungs) + 1, np.int64)
    for i in range(len(rungs)):
        offsets[i + 1] = offsets[i] + ladders.heights[i]
    fills, costs = np.empty((offsets[-1], 1)), np.empty(offsets[-1])
    write_rungs(ladders, step, fills, costs)
    solve_single(
        offsets,
        fills.reshape(-1),
        costs,
        penalties.target,
        penalties.shortfall_penalty,
        penalties.excess_penalty,
        FREE,
        rungs,
    )


@compiled
def tabulate(ladders: Ladders, step: float, penalties: Penalties) -> Tables:
    """Tabulate equally likely scenarios: what is `reduced` of the problem.

    A rung executes no more than the one before it, so that beyond the first that does not pay for
    what it is expected to execute none does.
    """
    count, scenarios = ladders.reach.shape
    reach = ladders.reach.copy()
    rungs = 0
    for i in range(count):
        rungs += ladders.heights[i]
    starts, spent = np.zeros(count + 1, np.int64), np.zeros(rungs + count)
    for i in range(count):
        at = starts[i]
        for j in range(ladders.heights[i]):
            total = _executed(ladders.reach[i, : ladders.differing[i]], j * step, step)
            cost = ladders.fixed[i] + ladders.price[i] * total / ladders.differing[i]
            worth = penalties.shortfall_penalty * (total / ladders.differing[i])
            if cost - worth >= -NEAR * (1.0 + abs(worth)):
                break
            spent[at + 1] = spent[at] + cost
            at += 1
        starts[i + 1] = at + 1
        for s in range(scenarios):
            reach[i, s] = min(reach[i, s], (at - starts[i]) * step)
    likely = np.full(scenarios, 1.0 / scenarios)
    weights, differing = likely.copy(), 0
    given = collapse(reach, weights)
    for s in range(scenarios):
        differing = max(differing, given[s] + 1)
    filled = np.empty((starts[count], differing))
    for i in range(count):
        for n in range(starts[i + 1] - starts[i]):
            for s in range(differing):
                filled[starts[i] + n, s] = min(reach[i, s], n * step)
    spent = spent[: starts[count]]
    return Tables(
        starts, spent, filled, weights[:differing], penalties, given, likely, ladders.reach
    )


@summing
def _executed(reach: FloatArray, ahead: float, step: float) -> float:
    """Shares that a rung executes, summed over scenarios."""
    total = 0.0
    for s in range(len(reach)):
        total += min(max(reach[s] - ahead, 0.0), step)
    return total
