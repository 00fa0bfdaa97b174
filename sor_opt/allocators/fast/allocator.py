"""The solver that a replay can afford: exact for one scenario, a local search for several.

An answer for several scenarios is proven on request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Annotated, ClassVar, Self

import numpy as np

from sor_opt.allocators.base import EXAMPLES, Allocator, Clock, IntegerParams
from sor_opt.allocators.fast.knapsack import STEPS
from sor_opt.allocators.fast.local_search import UNLIMITED_STEPS, local_search
from sor_opt.allocators.fast.selections import Penalties, Proof
from sor_opt.allocators.fast.single import solve_single, solve_within
from sor_opt.allocators.fast.tables import reduced
from sor_opt.errors import SolverError
from sor_opt.models.ladder import Allocation, LadderProblem, Status, tie_tolerance
from sor_opt.params import Param

_USUAL_STEPS = 1_000_000
"""Steps of the knapsack that nearly every problem is solved in."""


@dataclass(frozen=True)
class FastAllocator(Allocator):
    """Exact for every problem with one scenario, in microseconds; milliseconds for several.

    Parameters
    ----------
    certify : bool
        Prove the answer where there are several scenarios, and let an integer program have the
        last word where too much is left open. By default an answer for several scenarios is
        "feasible" and has no bound.
    program : IntegerParams
        When the integer program may stop.
    """

    name: ClassVar[str] = "fast"

    certify: Annotated[
        bool, Param("whether fast proves its answer, where scenarios make it a search")
    ] = False
    program: IntegerParams = IntegerParams()

    @property
    def proves(self) -> bool:
        """Whether every answer is proven."""
        return self.certify

    def proving(self) -> Self:
        """With `certify`."""
        return replace(self, certify=True)

    def takes(self, problem: LadderProblem) -> bool:
        """Where there is one scenario, or the total is free."""
        return problem.fills.shape[1] == 1 or not problem.exact_total

    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest selection; ties as `Allocator.solve` promises, where it is proven.

        Raises
        ------
        SolverError
            If the problem has several scenarios and an exact total.
        """
        start = perf_counter()
        if not self.takes(problem):
            raise SolverError(
                f"fast takes one scenario where the total is exact, got {problem.fills.shape[1]};"
                " use exhaustive or integer"
            )
        if problem.fills.shape[1] != 1:
            return self._solve_several(problem, Clock(self.time_limit))
        if self.time_limit is not None:
            return self._solve_in_time(problem, Clock(self.time_limit))
        rungs = np.empty(len(problem.names), np.int64)
        cost, slack = solve_single(
            problem.offsets,
            problem.fills.ravel(),
            problem.costs,
            problem.target,
            problem.shortfall_penalty,
            problem.excess_penalty,
            problem.exact_rungs,
            rungs,
        )
        if slack > 0 and slack > tie_tolerance(cost):
            return self._settle(problem, Proof(rungs, cost, cost - slack, "feasible"), Clock())
        status: Status = "optimal" if cost < np.inf else "infeasible"
        return Allocation(problem, rungs, status, cost, cost, self.name, perf_counter() - start)

    def warm_up(self) -> None:
        """Compile the searches."""
        for example in EXAMPLES:
            replace(self, time_limit=None).solve(example)

    def _solve_several(self, problem: LadderProblem, clock: Clock) -> Allocation:
        rungs = np.empty(len(problem.names), np.int64)
        small, tables = reduced(problem)
        cost, bound = np.inf, -np.inf
        status: Status = "feasible"

        def attempt(steps: int) -> bool:
            nonlocal cost
            cost, left = local_search(tables, steps, rungs)
            return left >= 0

        clock.within(attempt, UNLIMITED_STEPS)
        if self.certify:
            from sor_opt.allocators.fast.certificate import prove

            rungs, cost, bound, status = prove(small, tables, rungs, self._last_word(), clock)
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)

    def _solve_in_time(self, problem: LadderProblem, clock: Clock) -> Allocation:
        """Solve a problem of one scenario as far as the time allows."""
        rungs, cost, slack = np.empty(len(problem.names), np.int64), np.inf, 0.0
        fills, exact = problem.fills.ravel(), problem.exact_rungs
        penalties = Penalties(problem.target, problem.shortfall_penalty, problem.excess_penalty)

        def attempt(steps: int) -> bool:
            nonlocal cost, slack
            cost, slack = solve_within(
                problem.offsets, fills, problem.costs, penalties, exact, steps, rungs
            )
            return slack <= tie_tolerance(cost)

        if attempt(_USUAL_STEPS) or clock.within(attempt, STEPS):
            status: Status = "optimal" if cost < np.inf else "infeasible"
            return Allocation(problem, rungs, status, cost, cost, self.name, clock.seconds)
        return self._settle(problem, Proof(rungs, cost, cost - slack, "feasible"), clock)

    def _settle(self, problem: LadderProblem, own: Proof, clock: Clock) -> Allocation:
        """Let the integer program have the last word, if the answer is to be proven."""
        if self.certify:
            from sor_opt.allocators.fast.certificate import settle

            own = settle(problem, own, self._last_word(), clock)
        rungs, cost, bound, status = own
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)

    def _last_word(self) -> Allocator:
        from sor_opt.allocators.program import ProgramAllocator

        return ProgramAllocator(self.program)
