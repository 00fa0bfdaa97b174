"""The integer program, in PuLP: HiGHS in process, and CBC as the second opinion.

With one binary y[j] per rung, y[j] >= y[j + 1] along a ladder, and u_s, o_s >= 0::

    minimise  sum_j c[j] y[j] + sum_s p_s (pu u_s + po o_s)
    so that   sum_j a[j, s] y[j] + u_s - o_s = S   for every scenario s

u_s and o_s are the shortfall and the excess because pu, po >= 0. All of PuLP is in this file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import pulp
from pulp.apis import PULP_CBC_CMD

from sor_opt.allocators.base import Allocator
from sor_opt.errors import ConfigError, SolverError
from sor_opt.market.tape import IntArray
from sor_opt.model.ladder import Allocation, LadderProblem, Status, tie_tolerance

_SOLVER_TOLERANCE = 1e-10
"""Feasibility and optimality tolerance, in the scaled model: the least that HiGHS takes."""

_COST_SCALE = 1e3
"""The largest cost of the scaled model: ties (1e-9 of the cost) stay far above the tolerance."""


@dataclass(frozen=True)
class IntegerParams:
    """When an integer program may stop.

    Parameters
    ----------
    time_limit : float, optional
        Seconds, > 0. CBC overruns it by 10-50 %.
    gap : float
        Relative gap at which the solver may stop, >= 0; with 0 it stops at the optimum.
    """

    time_limit: float | None = None
    gap: float = 0.0

    def __post_init__(self) -> None:
        if self.time_limit is not None and not 0 < self.time_limit < math.inf:
            raise ConfigError(f"time_limit must be > 0, got {self.time_limit:g}")
        if not 0 <= self.gap < math.inf:
            raise ConfigError(f"gap must be >= 0, got {self.gap:g}")


class IntegerAllocator(Allocator):
    """Integer program solved by HiGHS in process.

    Parameters
    ----------
    params : IntegerParams
    """

    name: ClassVar[str] = "integer"

    def __init__(self, params: IntegerParams | None = None) -> None:
        self._params = params or IntegerParams()

    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest climb; which of several that tie is the solver's choice.

        Raises
        ------
        SolverError
            If the solver fails, or finds no climb within the time limit.
        """
        start = perf_counter()
        model = _Model(problem)
        try:
            model.program.solve(self._solver())
        except pulp.PulpSolverError as error:
            raise SolverError(f"{self.name}: {error}") from error
        outcome = model.program.sol_status
        if outcome == pulp.LpSolutionInfeasible and problem.exact_total:
            none = np.zeros(len(problem.names), np.int64)
            seconds = perf_counter() - start
            return Allocation(problem, none, "infeasible", math.inf, math.inf, self.name, seconds)
        if outcome not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
            raise SolverError(
                f"{self.name} found no split: {pulp.LpSolution[outcome].lower()}"
                f" (time limit: {self._params.time_limit or 'none'})"
            )
        rungs = model.rungs()
        cost = problem.cost(rungs)
        status: Status = "optimal"
        bound = cost
        if outcome != pulp.LpSolutionOptimal or self._params.gap > 0:
            bound = min(cost, self._bound(model))
            status = "optimal" if cost - bound <= tie_tolerance(cost) else "feasible"
        return Allocation(problem, rungs, status, cost, bound, self.name, perf_counter() - start)

    def _solver(self) -> pulp.LpSolver:
        return pulp.HiGHS(
            msg=False,
            threads=1,
            timeLimit=self._params.time_limit,
            gapRel=self._params.gap,
            gapAbs=0.0,
            mip_feasibility_tolerance=_SOLVER_TOLERANCE,
            primal_feasibility_tolerance=_SOLVER_TOLERANCE,
            dual_feasibility_tolerance=_SOLVER_TOLERANCE,
        )

    def _bound(self, model: _Model) -> float:
        """Lower bound on the objective that the last solve proved, dollars."""
        return float(model.program.solverModel.getInfo().mip_dual_bound) / model.scale


class CbcAllocator(IntegerAllocator):
    """Integer program solved by the CBC that PuLP bundles.

    Parameters
    ----------
    params : IntegerParams
    """

    name: ClassVar[str] = "integer-cbc"

    def _solver(self, mip: bool = True) -> pulp.LpSolver:
        # CBC asks a new solution to be better by 1e-5 unless told otherwise; and `threads` is left
        # alone, because even one starts its threaded search, which now and then stalls for 10 s.
        tolerances = ("increment", "primalT", "dualT", "integerT")
        return pulp.COIN_CMD(
            path=PULP_CBC_CMD.pulp_cbc_path,
            mip=mip,
            msg=False,
            timeLimit=self._params.time_limit,
            gapRel=self._params.gap,
            gapAbs=0.0,
            options=[f"{name} {_SOLVER_TOLERANCE}" for name in tolerances],
        )

    def _bound(self, model: _Model) -> float:
        """Solve the linear relaxation: CBC's own bound does not come through PuLP."""
        model.program.solve(self._solver(mip=False))
        if model.program.sol_status != pulp.LpSolutionOptimal:
            return -math.inf
        return float(pulp.value(model.program.objective)) / model.scale


class _Model:
    """A ladder problem as a PuLP program, shares in steps, dollars scaled to `_COST_SCALE`."""

    def __init__(self, problem: LadderProblem) -> None:
        self._problem = problem
        weights = problem.probabilities * problem.step
        under, over = weights * problem.shortfall_penalty, weights * problem.excess_penalty
        largest = max(abs(values).max(initial=0.0) for values in (problem.costs, under, over))
        self.scale = _COST_SCALE / largest if largest > 0 else 1.0
        self.program = pulp.LpProblem("ladders", pulp.LpMinimize)
        self._climbed = [
            self.program.add_variable(f"y{j}", 0, 1, cat=pulp.LpInteger)
            for j in range(len(problem.costs))
        ]
        short, excess = (
            [self.program.add_variable(f"{name}{s}", 0) for s in range(len(weights))]
            for name in "uo"
        )
        self.program += _combine(
            [*self._climbed, *short, *excess],
            np.concatenate([problem.costs, under, over]) * self.scale,
        )
        for first, last in zip(problem.offsets, problem.offsets[1:], strict=False):
            for j in range(first, last - 1):
                self.program += self._climbed[j] >= self._climbed[j + 1]
        for s, fills in enumerate(problem.fills.T / problem.step):
            executed = _combine(self._climbed, fills)
            self.program += executed + short[s] - excess[s] == problem.target / problem.step
        if problem.exact_total:
            self.program += pulp.lpSum(self._climbed) == problem.exact_rungs

    def rungs(self) -> IntArray:
        """Rungs climbed on each ladder in the last solve."""
        climbed = np.array([y.value() for y in self._climbed], dtype=np.float64)
        ends = np.concatenate([[0], np.cumsum(np.rint(climbed).astype(np.int64))])
        return np.diff(ends[self._problem.offsets])


def _combine(variables: list[Any], weights: Any) -> pulp.LpAffineExpression:
    return pulp.LpAffineExpression(list(zip(variables, weights.tolist(), strict=True)))
