"""The stochastic approximation of Cont & Kukanov (4.1), to see what it leaves on the table.

After Robbins & Monro (1951) in the form of Nemirovski, Juditsky, Lan & Shapiro, "Robust stochastic
approximation approach to stochastic programming" (SIAM J. Optimization 19(4), 2009)::

    X_n = X_{n-1} - gamma g(X_{n-1}, xi_n),   answer = mean of the X_n

Ladder problems keep the expectation of what a share gains and the scenarios of what it executes, so
the gradient of ladder i, standing in rung j, is in dollars per share::

    g_i = costs_j / step + fills_js / step (-pu 1{A < S} + po 1{A > S})

Cont & Kukanov sample the first term too, which only adds variance. With |g_i| <= G_i their step
size is gamma = sqrt(I - 1) S / sqrt(N sum_i G_i^2), I counting the ladders that have rungs: in
their setting one takes and I - 1 post.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sor_opt.allocators.base import EXAMPLES, Allocator, Clock
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, SolverError
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import Allocation, LadderProblem

MAX_ITERATIONS = 100_000_000

_CHUNK = 10_000_000
"""Iterations x rungs between two looks at the clock."""


@dataclass(frozen=True)
class RobbinsMonroParams:
    """How long the approximation goes on.

    Parameters
    ----------
    iterations : int
        N, 1 to `MAX_ITERATIONS`; the paper takes 1,000.
    seed : int
        Of the scenarios' draw, >= 0.
    """

    iterations: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.iterations <= MAX_ITERATIONS:
            raise ConfigError(
                f"iterations must be >= 1 and at most {MAX_ITERATIONS:,}, got {self.iterations}"
            )
        if self.seed < 0:
            raise ConfigError(f"seed must be >= 0, got {self.seed}")


class RobbinsMonroAllocator(Allocator):
    """Stochastic gradient from the equal split; approximate, proves nothing.

    Parameters
    ----------
    params : RobbinsMonroParams
    """

    name: ClassVar[str] = "robbins-monro"

    def __init__(self, params: RobbinsMonroParams | None = None) -> None:
        self._params = params or RobbinsMonroParams()

    @property
    def proves(self) -> bool:
        """Never: it approximates."""
        return False

    def solve(self, problem: LadderProblem) -> Allocation:
        """Approximate the cheapest climb, rounded to whole rungs.

        When the time is over it is the mean of the iterates so far.

        Raises
        ------
        SolverError
            If the problem has an exact total.
        """
        clock = Clock(self.time_limit)
        if problem.exact_total:
            raise SolverError("robbins-monro takes no exact total; use exhaustive, integer or fast")
        rungs = np.rint(self._mean(problem, clock)).astype(np.int64)
        cost = problem.cost(rungs)
        return Allocation(problem, rungs, "feasible", cost, -math.inf, self.name, clock.seconds)

    def warm_up(self) -> None:
        """Compile the walk."""
        RobbinsMonroAllocator().solve(EXAMPLES[0])

    def _mean(self, problem: LadderProblem, clock: Clock) -> FloatArray:
        """Mean of the iterates, in rungs, shape (I,)."""
        rng = np.random.default_rng(self._params.seed)
        at, total = np.empty(len(problem.names)), np.zeros(len(problem.names))
        done, iterations = 0, self._params.iterations
        gamma = _begin(
            problem.offsets,
            problem.costs,
            problem.target,
            problem.shortfall_penalty,
            problem.excess_penalty,
            problem.step,
            iterations,
            at,
        )
        chunk = max(1, _CHUNK // max(1, len(problem.costs)))
        while done < iterations and (done == 0 or clock.left > 0):
            count = min(chunk, iterations - done)
            drawn = rng.choice(len(problem.probabilities), count, p=problem.probabilities)
            _iterate(
                problem.offsets,
                problem.fills,
                problem.costs,
                problem.target,
                problem.shortfall_penalty,
                problem.excess_penalty,
                problem.step,
                drawn,
                gamma,
                at,
                total,
            )
            done += count
        return total / done


@compiled
def _begin(
    offsets: IntArray,
    costs: FloatArray,
    target: float,
    under: float,
    over: float,
    step: float,
    iterations: int,
    at: FloatArray,
) -> float:
    """Write the equal split, in rungs, to `at`, shape (I,); give the step size."""
    used, squares = 0, 0.0
    for i in range(len(at)):
        if offsets[i + 1] > offsets[i]:
            used += 1
            steepest = 0.0
            for j in range(offsets[i], offsets[i + 1]):
                steepest = max(steepest, abs(costs[j]) / step)
            squares += (steepest + under + over) ** 2
    for i in range(len(at)):
        at[i] = min(float(offsets[i + 1] - offsets[i]), target / step / max(1, used))
    return math.sqrt(max(1, used - 1)) * target / math.sqrt(iterations * max(1e-300, squares))


@compiled
def _iterate(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    under: float,
    over: float,
    step: float,
    drawn: IntArray,
    gamma: float,
    at: FloatArray,
    total: FloatArray,
) -> None:
    """Walk on through the drawn scenarios from a position in rungs; sum the positions."""
    ladders = len(offsets) - 1
    for s in drawn:
        executed = 0.0
        for i in range(ladders):
            whole = int(at[i])
            for j in range(offsets[i], offsets[i] + whole):
                executed += fills[j, s]
            if offsets[i] + whole < offsets[i + 1]:
                executed += (at[i] - whole) * fills[offsets[i] + whole, s]
        miss = -under if executed < target else over if executed > target else 0.0
        for i in range(ladders):
            height = offsets[i + 1] - offsets[i]
            if height > 0:
                j = offsets[i] + min(int(at[i]), height - 1)
                slope = (costs[j] + miss * fills[j, s]) / step
                at[i] = min(max(at[i] - gamma * slope / step, 0.0), float(height))
            total[i] += at[i]
