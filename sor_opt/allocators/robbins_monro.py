"""The stochastic approximation of Cont & Kukanov (4.1), to see what it leaves on the table.

After Robbins & Monro (1951) in the form of Nemirovski, Juditsky, Lan & Shapiro, "Robust stochastic
approximation approach to stochastic programming" (SIAM J. Optimization 19(4), 2009)::

    X_n = X_{n-1} - gamma g(X_{n-1}, xi_n),   answer = mean of the X_n

Ladder problems keep the expectation of what a share gains and the scenarios of what it executes, so
the gradient of ladder i, where it stands in rung j, is in dollars per share::

    g_i = costs_j / step + fills_js / step (-shortfall_penalty 1{A < S} + excess_penalty 1{A > S})

Cont & Kukanov sample the first term too, which only adds variance. With |g_i| <= G_i their step
size is gamma = sqrt(I - 1) S / sqrt(N sum_i G_i^2), I counting the ladders that have rungs: in
their setting one takes and I - 1 post.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np

from sor_opt.allocators.base import EXAMPLES, Allocator, Clock
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, SolverError
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import Allocation, LadderProblem
from sor_opt.params import Param

MAX_ITERATIONS = 100_000_000

_CHUNK = 10_000_000
"""Iterations x rungs between two looks at the clock."""


@dataclass(frozen=True)
class RobbinsMonroAllocator(Allocator):
    """Stochastic gradient from the equal split; approximate, proves nothing.

    Parameters
    ----------
    iterations : int
        N, 1 to `MAX_ITERATIONS`; the paper takes 1,000.
    seed : int
        Of the scenarios' draw, >= 0.
    """

    name: ClassVar[str] = "robbins-monro"
    breaks_ties: ClassVar[bool] = False

    iterations: Annotated[int, Param("how long robbins-monro goes on", "iterations")] = 1000
    seed: Annotated[int, Param("of what robbins-monro draws")] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.iterations <= MAX_ITERATIONS:
            raise ConfigError(
                f"iterations must be >= 1 and at most {MAX_ITERATIONS:,}, got {self.iterations}"
            )
        if self.seed < 0:
            raise ConfigError(f"seed must be >= 0, got {self.seed}")

    @property
    def proves(self) -> bool:
        """Never: it approximates."""
        return False

    def takes(self, problem: LadderProblem) -> bool:
        """Where the total is free."""
        return not problem.exact_total

    def solve(self, problem: LadderProblem) -> Allocation:
        """Approximate the cheapest selection, rounded to whole rungs.

        When the time is over it is the mean of the iterates so far.

        Raises
        ------
        SolverError
            If the problem has an exact total.
        """
        clock = Clock(self.time_limit)
        if not self.takes(problem):
            raise SolverError("robbins-monro takes no exact total; use exhaustive, integer or fast")
        rungs = np.rint(self._mean(problem, clock)).astype(np.int64)
        cost = problem.cost(rungs)
        return Allocation(problem, rungs, "feasible", cost, -math.inf, self.name, clock.seconds)

    def warm_up(self) -> None:
        """Compile the iteration."""
        RobbinsMonroAllocator().solve(EXAMPLES[0])

    def _mean(self, problem: LadderProblem, clock: Clock) -> FloatArray:
        """Mean of the iterates, in rungs, shape (I,)."""
        rng = np.random.default_rng(self.seed)
        at, total = np.empty(len(problem.names)), np.zeros(len(problem.names))
        done, iterations = 0, self.iterations
        ladders = _Ladders(
            problem.offsets,
            problem.fills,
            problem.costs,
            problem.target,
            problem.shortfall_penalty,
            problem.excess_penalty,
            problem.step,
        )
        gamma = _begin(ladders, iterations, at)
        chunk = max(1, _CHUNK // max(1, len(problem.costs)))
        while done < iterations and (done == 0 or clock.left > 0):
            count = min(chunk, iterations - done)
            drawn = rng.choice(len(problem.probabilities), count, p=problem.probabilities)
            _iterate(ladders, drawn, gamma, at, total)
            done += count
        return total / done


class _Ladders(NamedTuple):
    """A `LadderProblem` on plain arrays."""

    offsets: IntArray
    fills: FloatArray
    costs: FloatArray
    target: float
    shortfall_penalty: float
    excess_penalty: float
    step: float


@compiled
def _begin(ladders: _Ladders, iterations: int, at: FloatArray) -> float:
    """Write the equal split, in rungs, to `at`, shape (I,); give the step size."""
    offsets, step = ladders.offsets, ladders.step
    used, squares = 0, 0.0
    for i in range(len(at)):
        if offsets[i + 1] > offsets[i]:
            used += 1
            steepest = 0.0
            for j in range(offsets[i], offsets[i + 1]):
                steepest = max(steepest, abs(ladders.costs[j]) / step)
            squares += (steepest + ladders.shortfall_penalty + ladders.excess_penalty) ** 2
    for i in range(len(at)):
        at[i] = min(float(offsets[i + 1] - offsets[i]), ladders.target / step / max(1, used))
    return (
        math.sqrt(max(1, used - 1)) * ladders.target / math.sqrt(iterations * max(1e-300, squares))
    )


@compiled
def _iterate(
    ladders: _Ladders, drawn: IntArray, gamma: float, at: FloatArray, total: FloatArray
) -> None:
    """Go on through the drawn scenarios from a position in rungs; sum the positions."""
    offsets, fills, costs, target, shortfall_penalty, excess_penalty, step = ladders
    for s in drawn:
        executed = 0.0
        for i in range(len(at)):
            below = int(at[i])
            for j in range(offsets[i], offsets[i] + below):
                executed += fills[j, s]
            if offsets[i] + below < offsets[i + 1]:
                executed += (at[i] - below) * fills[offsets[i] + below, s]
        marginal = 0.0
        if executed < target:
            marginal = -shortfall_penalty
        elif executed > target:
            marginal = excess_penalty
        for i in range(len(at)):
            height = offsets[i + 1] - offsets[i]
            if height > 0:
                j = offsets[i] + min(int(at[i]), height - 1)
                slope = (costs[j] + marginal * fills[j, s]) / step
                at[i] = min(max(at[i] - gamma * slope / step, 0.0), float(height))
            total[i] += at[i]
