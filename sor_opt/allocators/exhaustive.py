"""The oracle: every point of the lattice, compared by cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np

from sor_opt.allocators.base import EXAMPLES, Allocator, Clock
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, SolverError
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import TOLERANCE, Allocation, LadderProblem, Status
from sor_opt.params import Param

DEFAULT_LIMIT = 50_000_000
"""Points that `ExhaustiveAllocator` evaluates by default at most: about a tenth of a second."""

_CHUNK = 5_000_000
"""Points x scenarios between two calls of the progress callback."""

MOST_POINTS = 10**11
"""The highest limit: minutes at best. More points than this are not counted."""


def count_points(problem: LadderProblem) -> int:
    """Count the points that an exhaustive search evaluates.

    All of the lattice, prod_i (J_i + 1), where the total is free; the compositions of the total
    into rungs that the ladders' heights allow where it is exact. `MOST_POINTS` stands for more.
    """
    heights = problem.heights
    if not problem.exact_total:
        points: int = math.prod((heights + 1).tolist())
        return min(points, MOST_POINTS)
    rungs = int(heights.sum())
    total = min(problem.exact_rungs, rungs - problem.exact_rungs)  # as many ways to leave as take
    if total < 0:
        return 0
    ways = np.zeros(total + 1, np.int64)
    ways[0] = 1
    for height in heights[heights > 0]:
        up_to = np.cumsum(ways)
        up_to[height + 1 :] -= up_to[: -height - 1].copy()
        ways = np.minimum(up_to, MOST_POINTS)
    return int(ways[total])


@dataclass(frozen=True)
class ExhaustiveAllocator(Allocator):
    """Evaluates every admissible selection, for any number of scenarios.

    Parameters
    ----------
    limit : int
        Points above which a problem is refused, below `MOST_POINTS`.
    """

    name: ClassVar[str] = "exhaustive"

    limit: Annotated[int, Param("above which exhaustive refuses", "points")] = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.limit < MOST_POINTS:
            raise ConfigError(f"limit must be > 0 and below {MOST_POINTS:,}, got {self.limit:,}")

    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest selection; ties as `Allocator.solve` promises.

        Raises
        ------
        SolverError
            If the lattice has more points than the limit, or none was met in time.
        """
        clock = Clock(self.time_limit)
        points = count_points(problem)
        if points > self.limit:
            counted = f"{points:,}" if points < MOST_POINTS else f"{MOST_POINTS:,} or more"
            hint = f"raise it with --limit {points}, or " if points < MOST_POINTS else ""
            raise SolverError(
                f"exhaustive would evaluate {counted} points, more than its limit of"
                f" {self.limit:,}; {hint}use integer or fast"
            )
        rungs = np.zeros(len(problem.names), np.int64)
        if points == 0:
            return Allocation(
                problem, rungs, "infeasible", math.inf, math.inf, self.name, clock.seconds
            )
        done, found = self._search(problem, points, rungs, clock)
        if not found:
            clock.require("exhaustive found no split")
        cost = problem.cost(rungs)
        status: Status = "optimal" if done >= points else "feasible"
        bound = cost if done >= points else -math.inf
        return Allocation(problem, rungs, status, cost, bound, self.name, clock.seconds)

    def warm_up(self) -> None:
        """Compile the search."""
        ExhaustiveAllocator().solve(EXAMPLES[0])

    def _search(
        self, problem: LadderProblem, points: int, rungs: IntArray, clock: Clock
    ) -> tuple[int, bool]:
        """Give how many points were evaluated in time, and whether one was admissible."""
        lattice = _Lattice(
            problem.offsets,
            problem.heights,
            *_prefix_sums(problem),
            problem.probabilities,
            problem.target,
            problem.shortfall_penalty,
            problem.excess_penalty,
            problem.exact_rungs,
        )
        digits = np.full(len(problem.names), -1, np.int64)
        best = _Best(math.inf, math.inf, math.inf)
        chunk = max(1, _CHUNK // max(1, len(problem.probabilities)))
        done = 0
        while done < points and clock.left > 0:
            if self.progress is not None:
                self.progress(done, points)
            count, best = _enumerate(lattice, best, digits, rungs, chunk)
            done += count
        return done, best.cost < math.inf


class _Lattice(NamedTuple):
    """A `LadderProblem` on plain arrays; ladder i's sums of n rungs are at ``offsets[i] + i + n``.

    Attributes
    ----------
    spent : float64 ndarray, shape (heights,)
        Dollars.
    executed : float64 ndarray, shape (heights, scenarios)
        Shares.
    exact : int
        Rungs in all, or below 0.
    """

    offsets: IntArray
    heights: IntArray
    spent: FloatArray
    executed: FloatArray
    probabilities: FloatArray
    target: float
    shortfall_penalty: float
    excess_penalty: float
    exact: int


class _Best(NamedTuple):
    """The lowest cost so far, and cost and number of rungs of the selection that is kept."""

    lowest: float
    cost: float
    rungs: float


def _prefix_sums(problem: LadderProblem) -> tuple[FloatArray, FloatArray]:
    """Dollars, and shares per scenario, of n = 0..J_i rungs; ladder i starts at offsets[i] + i."""
    ladders = len(problem.names)
    spent = np.zeros(len(problem.costs) + ladders)
    executed = np.zeros((len(spent), len(problem.probabilities)))
    for i, (first, last) in enumerate(zip(problem.offsets, problem.offsets[1:], strict=False)):
        rows = slice(first + i + 1, last + i + 1)
        spent[rows] = np.cumsum(problem.costs[first:last])
        executed[rows] = np.cumsum(problem.fills[first:last], axis=0)
    return spent, executed


@compiled
def _step(
    i: int,
    row: int,
    digit: int,
    spent: FloatArray,
    executed: FloatArray,
    used: IntArray,
    base: FloatArray,
    filled: FloatArray,
) -> None:
    """Carry rungs, dollars and shares over ladder i, whose sums for `digit` rungs are in `row`."""
    used[i + 1] = used[i] + digit
    base[i + 1] = base[i] + spent[row]
    for s in range(filled.shape[1]):
        filled[i + 1, s] = filled[i, s] + executed[row, s]


@compiled
def _enumerate(
    lattice: _Lattice, best: _Best, digits: IntArray, rungs: IntArray, chunk: int
) -> tuple[int, _Best]:
    """Go on from `digits` (-1: from the top) for about `chunk` points; give how many it was.

    The last ladder is the inner loop. Ladders count down, so selections come in falling
    lexicographic order and the first of several that tie is the one on the earliest ladders. The
    selection that `best` tells of is in `rungs`.
    """
    offsets, heights, spent, executed, probabilities = lattice[:5]
    target, shortfall_penalty, excess_penalty, exact = lattice[5:]
    lowest, kept, count = best
    last = len(heights) - 1
    if last < 0:
        return 1, best
    # Rungs, dollars and shares of the ladders before i, and the rungs that those from i on have.
    used, base = np.zeros(last + 1, np.int64), np.zeros(last + 1)
    filled = np.zeros((last + 1, len(probabilities)))
    room = np.cumsum(heights[::-1])[::-1]
    i = done = 0
    while done < chunk:
        for k in range(i, last):
            if digits[k] < 0:
                digits[k] = heights[k] if exact < 0 else min(heights[k], exact - used[k])
            _step(k, offsets[k] + k + digits[k], digits[k], spent, executed, used, base, filled)
        high = heights[last] if exact < 0 else exact - used[last]
        low = 0 if exact < 0 else high
        tie = TOLERANCE * max(1.0, abs(lowest)) if lowest < np.inf else 0.0
        for n in range(high, low - 1, -1):
            row = offsets[last] + last + n
            cost = base[last] + spent[row]
            for s in range(len(probabilities)):
                gap = target - filled[last, s] - executed[row, s]
                dollars = shortfall_penalty * gap if gap > 0.0 else -excess_penalty * gap
                cost += probabilities[s] * dollars
            if cost <= lowest + tie:
                if cost < kept - tie or used[last] + n < count:
                    kept, count = cost, float(used[last] + n)
                    rungs[:last] = digits[:last]
                    rungs[last] = n
                lowest = min(lowest, cost)
                tie = TOLERANCE * max(1.0, abs(lowest))
        done += high - low + 1
        i = last - 1
        while i >= 0 and digits[i] <= (0 if exact < 0 else max(0, exact - used[i] - room[i + 1])):
            i -= 1
        if i < 0:
            break
        digits[i] -= 1
        digits[i + 1 :] = -1
    return done, _Best(lowest, kept, count)
