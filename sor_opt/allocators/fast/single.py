"""Ladder problems of one scenario, exactly.

There are three steps, each only where the one before does not settle the problem:

1. A rung's worth of shares never saves more than the shortfall penalty, so below the target every
   ladder is chosen from on its own; where these selections do not pass the target, they are the
   optimum.
2. Where all rungs execute the same amount and costs never fall along a ladder, the cheapest rungs
   first is exact: the penalty is convex in the number of rungs.
3. Otherwise, as where odd lots are within reach, a small knapsack decides (`knapsack`); one that
   turns out too large is given up, and the best selection so far stands unproven.
"""

from __future__ import annotations

import numpy as np

from sor_opt.allocators.fast.knapsack import STEPS, search
from sor_opt.allocators.fast.selections import (
    NEAR,
    Penalties,
    penalty,
    select_each,
    sum_selection,
)
from sor_opt.compiled import compiled, inlined
from sor_opt.market.tape import FloatArray, IntArray

FREE = -1
"""`exact_rungs` where the number of rungs is free."""


@inlined
def solve_within(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    penalties: Penalties,
    exact_rungs: int,
    steps: int,
    rungs_out: IntArray,
) -> tuple[float, float]:
    """Solve one ladder problem as `solve_single` does, in so many steps of the knapsack.

    One that is too large for them is given up: the slack is then above 0.
    """
    slack = 0.0
    executed = spent = np.inf
    if exact_rungs > offsets[len(offsets) - 1]:
        for i in range(len(offsets) - 1):
            rungs_out[i] = 0
        return np.inf, 0.0
    if exact_rungs < 0:
        price = penalties.shortfall_penalty
        executed, spent = select_each(offsets, fills, costs, price, rungs_out)
    if executed > penalties.target:
        if _uniform(offsets, fills, costs):
            _greedy(offsets, fills, costs, penalties, exact_rungs, rungs_out)
        else:
            slack = search(offsets, fills, costs, penalties, exact_rungs, steps, rungs_out)
        executed, spent = sum_selection(offsets, fills, costs, rungs_out)
    return spent + penalty(executed, penalties), slack


@compiled
def solve_single(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    shortfall_penalty: float,
    excess_penalty: float,
    exact_rungs: int,
    rungs_out: IntArray,
) -> tuple[float, float]:
    """Solve one ladder problem on plain arrays (see `LadderProblem` for the meanings).

    Its arguments are plain because Python takes longer to hand over a named tuple than this takes.

    Parameters
    ----------
    offsets : int64 array, shape (I + 1,)
        Ladder i owns the rungs ``offsets[i]:offsets[i + 1]``.
    fills, costs : float64 arrays, shape (>= offsets[I],)
        Shares and dollars of each rung; what lies behind the last rung is not read.
    target, shortfall_penalty, excess_penalty : float
    exact_rungs : int
        Rungs to choose in all, or `FREE` (-1).
    rungs_out : int64 array, shape (>= I,)
        The best selection is written here, or a good one; zeros where none is admissible.

    Returns
    -------
    cost : float
        Dollars; infinite where no selection is admissible.
    slack : float
        By how much another selection may be cheaper, dollars: 0 where this is proven the best, as
        always but for a knapsack that is too large (see `knapsack.STEPS`).
    """
    penalties = Penalties(target, shortfall_penalty, excess_penalty)
    return solve_within(offsets, fills, costs, penalties, exact_rungs, STEPS, rungs_out)


@compiled
def _uniform(offsets: IntArray, fills: FloatArray, costs: FloatArray) -> bool:
    """Whether all rungs execute the same amount and no ladder's costs fall."""
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            if fills[j] != fills[0] or (j > offsets[i] and costs[j] < costs[j - 1]):
                return False
    return True


@compiled
def _greedy(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    penalties: Penalties,
    exact: int,
    rungs: IntArray,
) -> None:
    """Take the cheapest rung, of the earliest ladder, as long as it pays or the count is short."""
    ladders = len(offsets) - 1
    for i in range(ladders):
        rungs[i] = 0
    lot, executed, chosen = fills[0], 0.0, 0
    while chosen != exact:
        cheapest, ladder = np.inf, -1
        for i in range(ladders):
            head = offsets[i] + rungs[i]
            if head < offsets[i + 1] and costs[head] < cheapest - NEAR * (1.0 + abs(costs[head])):
                cheapest, ladder = costs[head], i
        if ladder < 0:
            return
        ceiling = cheapest + NEAR * (1.0 + abs(cheapest))
        head = offsets[ladder] + rungs[ladder]
        while head < offsets[ladder + 1] and costs[head] <= ceiling and chosen != exact:
            if exact < 0:
                saved = penalty(executed, penalties) - penalty(executed + lot, penalties)
                if costs[head] - saved >= -NEAR * (1.0 + abs(saved)):
                    return
            head += 1
            chosen += 1
            executed += lot
            rungs[ladder] += 1
