"""The integer program, in PuLP, solved by HiGHS in process.

With one binary y[j] per rung, y[j] >= y[j + 1] along a ladder, and u_s, o_s >= 0::

    minimise  sum_j c[j] y[j] + sum_s p_s (shortfall_penalty u_s + excess_penalty o_s)
    so that   sum_j a[j, s] y[j] + u_s - o_s = S   for every scenario s

u_s and o_s are the shortfall and the excess because both penalties are >= 0. All of PuLP is in this
file and in ``integer.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pulp

from sor_opt.allocators.base import Allocator, Clock, IntegerParams
from sor_opt.errors import SolverError
from sor_opt.market.tape import IntArray
from sor_opt.models.ladder import Allocation, LadderProblem, Status, tie_tolerance

SOLVER_TOLERANCE = 1e-10
"""Feasibility and optimality tolerance, in the scaled model: the least that HiGHS takes."""

_COST_SCALE = 1e3
"""The largest cost of the scaled model: ties (1e-9 of the cost) stay far above the tolerance."""


@dataclass(frozen=True)
class ProgramAllocator(Allocator):
    """The integer program, solved by HiGHS in process.

    Parameters
    ----------
    program : IntegerParams
        When it may stop; the writing of the program is part of the time limit.
    """

    name: ClassVar[str] = "integer"
    breaks_ties: ClassVar[bool] = False

    program: IntegerParams = IntegerParams()

    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest selection; which of several that tie is the solver's choice.

        Raises
        ------
        SolverError
            If the solver fails, finds no selection within the time limit, or the program has more
            terms than its limit.
        """
        clock = Clock(self.time_limit)
        terms = int(np.count_nonzero(problem.fills)) + sum(problem.fills.shape)
        if terms > self.program.max_terms:
            raise SolverError(
                f"{self.name} would write {terms:,} terms, more than its limit of"
                f" {self.program.max_terms:,}; raise it with --max-terms {terms}, or use fast"
            )
        late = f"{self.name} found no split"
        model = Program(problem, clock, late)
        # PuLP writes the program once more, for the solver, in about the same time.
        left = clock.require(late, reserve=clock.seconds)
        try:
            model.program.solve(self._solver(None if clock.limit is None else left))
        except pulp.PulpSolverError as error:
            raise SolverError(f"{self.name} {error}") from error
        outcome = model.program.sol_status
        if outcome == pulp.LpSolutionInfeasible and problem.exact_total:
            none = np.zeros(len(problem.names), np.int64)
            return Allocation(
                problem, none, "infeasible", math.inf, math.inf, self.name, clock.seconds
            )
        if outcome not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
            raise SolverError(
                f"{self.name} found no split: {pulp.LpSolution[outcome].lower()}"
                f" (time limit: {clock.limit or 'none'})"
            )
        rungs = model.rungs()
        cost = problem.cost(rungs)
        status: Status = "optimal"
        bound = cost
        if outcome != pulp.LpSolutionOptimal or self.program.gap > 0:
            bound = min(cost, self._bound(model, clock))
            status = "optimal" if cost - bound <= tie_tolerance(cost) else "feasible"
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)

    def _solver(self, seconds: float | None) -> pulp.LpSolver:
        return pulp.HiGHS(
            msg=False,
            threads=1,
            timeLimit=seconds,
            gapRel=self.program.gap,
            gapAbs=0.0,
            mip_feasibility_tolerance=SOLVER_TOLERANCE,
            primal_feasibility_tolerance=SOLVER_TOLERANCE,
            dual_feasibility_tolerance=SOLVER_TOLERANCE,
        )

    def _bound(self, model: Program, clock: Clock) -> float:  # noqa: ARG002 (CBC's takes time)
        """Lower bound on the objective that the last solve proved, dollars."""
        return float(model.program.solverModel.getInfo().mip_dual_bound) / model.scale


class Program:
    """A ladder problem as a PuLP program, shares in steps, dollars scaled to `_COST_SCALE`.

    Raises
    ------
    SolverError
        If the time is over before it is written.
    """

    def __init__(self, problem: LadderProblem, clock: Clock, late: str) -> None:
        self._problem = problem
        weights = problem.probabilities * problem.step
        of_short, of_excess = weights * problem.shortfall_penalty, weights * problem.excess_penalty
        costs = np.concatenate([problem.costs, of_short, of_excess])
        largest = abs(costs).max(initial=0.0)
        self.scale = _COST_SCALE / largest if largest > 0 else 1.0
        self.program = pulp.LpProblem("ladders", pulp.LpMinimize)
        self._chosen = [
            self.program.add_variable(f"y{j}", 0, 1, cat=pulp.LpInteger)
            for j in range(len(problem.costs))
        ]
        short, excess = (
            [self.program.add_variable(f"{name}{s}", 0) for s in range(len(weights))]
            for name in "uo"
        )
        self.program += _combine(
            [*self._chosen, *short, *excess],
            costs * self.scale,
        )
        for first, last in zip(problem.offsets, problem.offsets[1:], strict=False):
            for j in range(first, last - 1):
                self.program += self._chosen[j] >= self._chosen[j + 1]
        for s, fills in enumerate(problem.fills.T / problem.step):
            clock.require(late)
            used = np.flatnonzero(fills)
            executed = _combine([self._chosen[j] for j in used], fills[used])
            self.program += executed + short[s] - excess[s] == problem.target / problem.step
        if problem.exact_total:
            self.program += pulp.lpSum(self._chosen) == problem.exact_rungs

    def rungs(self) -> IntArray:
        """Rungs chosen on each ladder in the last solve."""
        chosen = np.array([y.value() for y in self._chosen], dtype=np.float64)
        ends = np.concatenate([[0], np.cumsum(np.rint(chosen).astype(np.int64))])
        return np.diff(ends[self._problem.offsets])


def _combine(variables: list[Any], weights: Any) -> pulp.LpAffineExpression:
    return pulp.LpAffineExpression(list(zip(variables, weights.tolist(), strict=True)))
