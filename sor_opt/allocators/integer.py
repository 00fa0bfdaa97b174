"""The integer program, in PuLP: HiGHS in process, and CBC as the second opinion.

With one binary y[j] per rung, y[j] >= y[j + 1] along a ladder, and u_s, o_s >= 0::

    minimise  sum_j c[j] y[j] + sum_s p_s (shortfall_penalty u_s + excess_penalty o_s)
    so that   sum_j a[j, s] y[j] + u_s - o_s = S   for every scenario s

u_s and o_s are the shortfall and the excess because both penalties are >= 0. All of PuLP is in this
file.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pulp
from pulp.apis import PULP_CBC_CMD

from sor_opt.allocators.base import Allocator, Clock, check_time_limit
from sor_opt.errors import ConfigError, SolverError
from sor_opt.market.tape import IntArray
from sor_opt.models.ladder import Allocation, LadderProblem, Status, tie_tolerance

_SOLVER_TOLERANCE = 1e-10
"""Feasibility and optimality tolerance, in the scaled model: the least that HiGHS takes."""

_COST_SCALE = 1e3
"""The largest cost of the scaled model: ties (1e-9 of the cost) stay far above the tolerance."""


DEFAULT_TERMS = 5_000_000
"""Terms of the largest program that is written without being asked twice: half a minute and some
gigabytes go into writing it."""

_OVERRUN = 1.5
"""How far CBC may go over its time limit before it is ended."""


@dataclass(frozen=True)
class IntegerParams:
    """When an integer program may stop.

    Parameters
    ----------
    time_limit : float, optional
        Seconds, > 0, the writing of the program included. CBC overruns it by up to half.
    gap : float
        Relative gap at which the solver may stop, >= 0; with 0 it stops at the optimum.
    most_terms : int
        Terms above which a program is not written, > 0.
    """

    time_limit: float | None = None
    gap: float = 0.0
    most_terms: int = DEFAULT_TERMS

    def __post_init__(self) -> None:
        if self.time_limit is not None:
            check_time_limit(self.time_limit)
        if self.most_terms < 1:
            raise ConfigError(f"most_terms must be >= 1, got {self.most_terms:,}")
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
        self.time_limit = self._params.time_limit

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
        if terms > self._params.most_terms:
            raise SolverError(
                f"{self.name} would write {terms:,} terms, more than its limit of"
                f" {self._params.most_terms:,}; raise it with --max-terms {terms}, or use fast"
            )
        late = f"{self.name} found no split"
        model = _Model(problem, clock, late)
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
        if outcome != pulp.LpSolutionOptimal or self._params.gap > 0:
            bound = min(cost, self._bound(model, clock))
            status = "optimal" if cost - bound <= tie_tolerance(cost) else "feasible"
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)

    def _solver(self, seconds: float | None) -> pulp.LpSolver:
        return pulp.HiGHS(
            msg=False,
            threads=1,
            timeLimit=seconds,
            gapRel=self._params.gap,
            gapAbs=0.0,
            mip_feasibility_tolerance=_SOLVER_TOLERANCE,
            primal_feasibility_tolerance=_SOLVER_TOLERANCE,
            dual_feasibility_tolerance=_SOLVER_TOLERANCE,
        )

    def _bound(self, model: _Model, clock: Clock) -> float:  # noqa: ARG002 (CBC's takes time)
        """Lower bound on the objective that the last solve proved, dollars."""
        return float(model.program.solverModel.getInfo().mip_dual_bound) / model.scale


class CbcAllocator(IntegerAllocator):
    """Integer program solved by the CBC that PuLP bundles.

    Parameters
    ----------
    params : IntegerParams
    """

    name: ClassVar[str] = "integer-cbc"

    def _solver(self, seconds: float | None, mip: bool = True) -> pulp.LpSolver:
        # CBC asks a new solution to be better by 1e-5 by default; and `threads` is left
        # alone, because even one starts its threaded search, which now and then stalls for 10 s.
        tolerances = ("increment", "primalT", "dualT", "integerT")
        return _Cbc(
            path=PULP_CBC_CMD.pulp_cbc_path,
            mip=mip,
            msg=False,
            timeLimit=seconds,
            gapRel=self._params.gap,
            gapAbs=0.0,
            options=[f"{name} {_SOLVER_TOLERANCE}" for name in tolerances],
        )

    def _bound(self, model: _Model, clock: Clock) -> float:
        """Solve the linear relaxation: CBC's own bound does not come through PuLP."""
        if clock.left <= 0:
            return -math.inf
        seconds = None if clock.limit is None else clock.left
        try:
            model.program.solve(self._solver(seconds, mip=False))
        except pulp.PulpSolverError:
            return -math.inf
        if model.program.sol_status != pulp.LpSolutionOptimal:
            return -math.inf
        return float(pulp.value(model.program.objective)) / model.scale


class _Cbc(pulp.COIN_CMD):  # type: ignore[misc]
    """CBC as PuLP runs it, but in a folder of any name, and ended where it runs on and on.

    PuLP makes one line of its arguments and splits it at spaces, those of a folder's name too.
    """

    def actualSolve(self, lp: pulp.LpProblem) -> int:  # noqa: N802 (PuLP's name)
        """Solve a program and write the answer into its variables."""
        try:
            with tempfile.TemporaryDirectory(prefix="sor-opt-") as folder:
                status, values, _, _, _, found = self._ask(lp, Path(folder))
        except subprocess.TimeoutExpired as error:
            raise pulp.PulpSolverError(f"found no split within {self.timeLimit:g} s") from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise pulp.PulpSolverError(f"could not be run: {error}") from error
        lp.assignVarsVals(values)
        lp.assignStatus(status, found)
        return int(status)

    def _ask(self, lp: pulp.LpProblem, folder: Path) -> Any:
        written, answer = str(folder / "program.mps"), str(folder / "answer.txt")
        variables, names, rows, _ = lp.writeMPS(written, rename=True)
        options = [*self.options, *self.getOptions()]
        if self.timeLimit is not None:
            options.append(f"sec {self.timeLimit}")
        words = [word for option in options for word in f"-{option}".split()]
        solve = "-solve" if self.mip else "-initialSolve"
        subprocess.run(
            [self.path, written, *words, solve, "-solution", answer],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=None if self.timeLimit is None else _OVERRUN * self.timeLimit,
            check=True,
        )
        return self.readsol_MPS(answer, lp, variables, names, rows)


class _Model:
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
