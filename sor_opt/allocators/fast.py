"""The solver that a replay can afford: exact for one scenario, a local search for several.

One scenario takes three steps, each only where the one before does not settle the problem:

1. A rung's worth of shares never saves more than the shortfall penalty, so below the target every
   ladder is climbed on its own; where these climbs do not pass the target, they are the optimum.
2. Where all rungs execute the same amount and costs never fall along a ladder, the cheapest rungs
   first is exact: the penalty is convex in the number of rungs.
3. Otherwise, as where odd lots are within reach, the end of the walk is a small knapsack; one that
   turns out too large is given up, and the walk stands unproven.

Several scenarios are searched by `descent`, and proven on request by `certificate`.
"""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar

import numpy as np

from sor_opt.allocators.base import EXAMPLES, Allocator, Clock
from sor_opt.allocators.cores.climbs import NEAR, Miss, climb_each, climb_sums, penalty
from sor_opt.allocators.cores.descent import ENDLESS, search_climbs
from sor_opt.allocators.cores.knapsack import STEPS, search
from sor_opt.allocators.cores.tables import reduced
from sor_opt.compiled import compiled
from sor_opt.errors import SolverError
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import Allocation, LadderProblem, Status, tie_tolerance

FREE = -1
"""`exact_rungs` where the number of rungs is free."""

_USUAL_STEPS = 1_000_000
"""Steps of the knapsack that nearly every problem is solved in."""


class FastAllocator(Allocator):
    """Exact for every problem with one scenario, in microseconds; milliseconds for several.

    Parameters
    ----------
    certify : Allocator, optional
        Prove the answer where there are several scenarios, and let this one have the last word
        where too much is left open. By default an answer for several scenarios is "feasible" and
        has no bound.
    """

    name: ClassVar[str] = "fast"

    def __init__(self, certify: Allocator | None = None) -> None:
        self._certify = certify

    @property
    def proves(self) -> bool:
        """Whether every answer is proven."""
        return self._certify is not None

    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest climb; ties as `Allocator.solve` promises, where it is proven.

        Raises
        ------
        SolverError
            If the problem has several scenarios and an exact total.
        """
        start = perf_counter()
        if problem.fills.shape[1] != 1:
            if problem.exact_total:
                raise SolverError(
                    f"fast takes one scenario where the total is exact, got"
                    f" {problem.fills.shape[1]}; use exhaustive or integer"
                )
            return self._solve_several(problem, Clock(self.time_limit))
        rungs = np.empty(len(problem.names), np.int64)
        cost, slack = climb(
            problem.offsets,
            problem.fills.reshape(-1),
            problem.costs,
            problem.target,
            problem.shortfall_penalty,
            problem.excess_penalty,
            problem.exact_rungs,
            _USUAL_STEPS,
            rungs,
        )
        if slack > 0:
            return self._solve_uneven(problem, Clock(self.time_limit))
        status: Status = "optimal" if cost < np.inf else "infeasible"
        return Allocation(problem, rungs, status, cost, cost, self.name, perf_counter() - start)

    def warm_up(self) -> None:
        """Compile the searches."""
        for example in EXAMPLES:
            FastAllocator(self._certify).solve(example)

    def _solve_several(self, problem: LadderProblem, clock: Clock) -> Allocation:
        rungs = np.empty(len(problem.names), np.int64)
        small, tables = reduced(problem)
        cost, bound = np.inf, -np.inf
        status: Status = "feasible"

        def attempt(steps: int) -> bool:
            nonlocal cost
            cost, left = search_climbs(tables, steps, rungs)
            return left >= 0

        clock.within(attempt, ENDLESS)
        if self._certify is not None:
            from sor_opt.allocators.cores.certificate import prove

            rungs, cost, bound, status = prove(small, tables, rungs, self._certify, clock)
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)

    def _solve_uneven(self, problem: LadderProblem, clock: Clock) -> Allocation:
        """Go on where the usual steps do not do; let another have the last word if need be."""
        rungs, cost, slack = np.empty(len(problem.names), np.int64), np.inf, 0.0

        def attempt(steps: int) -> bool:
            nonlocal cost, slack
            cost, slack = climb(
                problem.offsets,
                problem.fills.reshape(-1),
                problem.costs,
                problem.target,
                problem.shortfall_penalty,
                problem.excess_penalty,
                problem.exact_rungs,
                steps,
                rungs,
            )
            return slack <= tie_tolerance(cost)

        done = clock.within(attempt, STEPS)
        bound = cost if done else cost - slack
        status: Status = "optimal" if done else "feasible"
        if not done and self._certify is not None:
            from sor_opt.allocators.cores.certificate import Proof, settle

            own = Proof(rungs, cost, bound, status)
            rungs, cost, bound, status = settle(problem, own, self._certify, clock)
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)


@compiled
def climb(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    shortfall_penalty: float,
    excess_penalty: float,
    exact_rungs: int,
    steps: int,
    rungs_out: IntArray,
) -> tuple[float, float]:
    """Solve one ladder problem on plain arrays (see `LadderProblem` for the meanings).

    Parameters
    ----------
    offsets : int64 array, shape (I + 1,)
        Ladder i owns the rungs ``offsets[i]:offsets[i + 1]``.
    fills, costs : float64 arrays, shape (>= offsets[I],)
        Shares and dollars of each rung; what lies behind the last rung is not read.
    target, shortfall_penalty, excess_penalty : float
    exact_rungs : int
        Rungs to climb in all, or `FREE` (-1).
    steps : int
        What the knapsack of an uneven problem may take before it gives up (see `cores.knapsack`).
    rungs_out : int64 array, shape (>= I,)
        The best climb is written here, or a good one; zeros where none is admissible.

    Returns
    -------
    cost : float
        Dollars; infinite where no climb is admissible.
    slack : float
        By how much another climb may be cheaper, dollars: 0 where it is proven the best.
    """
    miss = Miss(target, shortfall_penalty, excess_penalty)
    ladders, slack = len(offsets) - 1, 0.0
    if exact_rungs > offsets[ladders]:
        for i in range(ladders):
            rungs_out[i] = 0
        return np.inf, 0.0
    if exact_rungs < 0:
        executed, spent = climb_each(offsets, fills, costs, miss.under, rungs_out)
        if executed <= target:
            return spent + penalty(executed, miss), 0.0
    if _uniform(offsets, fills, costs):
        _greedy(offsets, fills, costs, miss, exact_rungs, rungs_out)
    else:
        slack = search(offsets, fills, costs, miss, exact_rungs, steps, rungs_out)
    executed, spent = climb_sums(offsets, fills, costs, rungs_out)
    return spent + penalty(executed, miss), slack


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
    miss: Miss,
    exact: int,
    rungs: IntArray,
) -> None:
    """Take the cheapest rung, of the earliest ladder, as long as it pays or the count is short."""
    ladders = len(offsets) - 1
    for i in range(ladders):
        rungs[i] = 0
    lot, executed, climbed = fills[0], 0.0, 0
    while climbed != exact:
        cheapest, ladder = np.inf, -1
        for i in range(ladders):
            head = offsets[i] + rungs[i]
            if head < offsets[i + 1] and costs[head] < cheapest - NEAR * (1.0 + abs(costs[head])):
                cheapest, ladder = costs[head], i
        if ladder < 0:
            return
        ceiling = cheapest + NEAR * (1.0 + abs(cheapest))
        head = offsets[ladder] + rungs[ladder]
        while head < offsets[ladder + 1] and costs[head] <= ceiling and climbed != exact:
            if exact < 0:
                saved = penalty(executed, miss) - penalty(executed + lot, miss)
                if costs[head] - saved >= -NEAR * (1.0 + abs(saved)):
                    return
            head += 1
            climbed += 1
            executed += lot
            rungs[ladder] += 1
