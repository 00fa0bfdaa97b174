"""The exact single-scenario solver that a replay can afford.

Three steps, each taken only where the one before does not settle the problem:

1. A rung's worth of shares never saves more than the shortfall penalty, so below the target every
   ladder is climbed on its own; where these climbs do not pass the target, they are the optimum.
2. Where all rungs execute the same amount and costs never fall along a ladder, the cheapest rungs
   first is exact: the penalty is convex in the number of rungs.
3. Otherwise the end of the walk is a small knapsack. The Lagrangian relaxation of the executed
   total gives a bound, every rung count an excess over it, and the slack between bound and
   incumbent leaves few counts per ladder; dynamic programming over the executed total does the
   rest (Martello & Toth, "Knapsack Problems", 1990, 2.6 and 5.3, for both devices).
"""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar

import numpy as np
from numba import njit

from sor_opt.allocators.base import Allocator
from sor_opt.errors import SolverError
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.model.ladder import TOLERANCE, Allocation, LadderProblem

FREE = -1
"""`exact_rungs` where the number of rungs is free."""

_NEAR = 1e-12
"""Two sums of dollars that differ by less, relative to 1 + their size, differ by rounding."""

_QUANTUM = 1e-12
"""Two executed totals that differ by less, relative to the target, are one state."""

_PRICE_STEPS = 20
"""Bisections of an exact-total problem's share price; only the bound's tightness hangs on it."""


class FastAllocator(Allocator):
    """Exact for every problem with one scenario, in microseconds."""

    name: ClassVar[str] = "fast"

    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest climb; ties as `Allocator.solve` promises.

        Raises
        ------
        SolverError
            If the problem has several scenarios.
        """
        start = perf_counter()
        fills = problem.fills
        if fills.shape[1] != 1:
            raise SolverError(
                f"fast takes one scenario, got {fills.shape[1]}; use exhaustive or integer"
            )
        rungs = np.empty(len(problem.names), np.int64)
        cost = _solve(
            problem.offsets,
            fills,
            problem.costs,
            problem.target,
            problem.shortfall_penalty,
            problem.excess_penalty,
            problem.exact_rungs,
            rungs,
        )
        status = "optimal" if cost < np.inf else "infeasible"
        return Allocation(problem, rungs, status, cost, cost, self.name, perf_counter() - start)


@njit(cache=True)
def _solve(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    shortfall_penalty: float,
    excess_penalty: float,
    exact_rungs: int,
    rungs_out: IntArray,
) -> float:  # pragma: no cover
    """`solve_ladders` over fills of shape (R, 1); gives the cost, infinite when infeasible."""
    shares = fills.reshape(-1)
    if not solve_ladders(
        offsets, shares, costs, target, shortfall_penalty, excess_penalty, exact_rungs, rungs_out
    ):
        return np.inf
    executed, spent = _sums(offsets, shares, costs, rungs_out)
    return spent + _penalty(executed, target, shortfall_penalty, excess_penalty)


@njit(cache=True)
def solve_ladders(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    shortfall_penalty: float,
    excess_penalty: float,
    exact_rungs: int,
    rungs_out: IntArray,
) -> bool:  # pragma: no cover
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
    rungs_out : int64 array, shape (>= I,)
        The answer is written here; zeros when infeasible.

    Returns
    -------
    bool
        Whether there is an admissible climb.
    """
    ladders = len(offsets) - 1
    if exact_rungs > offsets[ladders]:
        rungs_out[:ladders] = 0
        return False
    if exact_rungs < 0:
        executed = _climb(offsets, fills, costs, shortfall_penalty, rungs_out)[0]
        if executed <= target:
            return True
    if _uniform(offsets, fills, costs):
        _greedy(
            offsets, fills, costs, target, shortfall_penalty, excess_penalty, exact_rungs, rungs_out
        )
    else:
        _search(
            offsets, fills, costs, target, shortfall_penalty, excess_penalty, exact_rungs, rungs_out
        )
    return True


@njit(cache=True)
def _penalty(
    executed: float, target: float, under: float, over: float
) -> float:  # pragma: no cover
    gap = target - executed
    return under * gap if gap > 0.0 else -over * gap


@njit(cache=True)
def _sums(
    offsets: IntArray, weights: FloatArray, costs: FloatArray, rungs: IntArray
) -> tuple[float, float]:  # pragma: no cover
    """Weight and cost of the climbed rungs."""
    weight = spent = 0.0
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i] + rungs[i]):
            weight += weights[j]
            spent += costs[j]
    return weight, spent


@njit(cache=True)
def _climb(
    offsets: IntArray, weights: FloatArray, costs: FloatArray, price: float, rungs: IntArray
) -> tuple[float, float]:  # pragma: no cover
    """Climb each ladder to its lowest, then first, minimum of cost - price x weight.

    Gives weight and cost of the climb.
    """
    weight = spent = 0.0
    for i in range(len(offsets) - 1):
        best = offsets[i]
        weight_ahead = spent_ahead = 0.0
        for j in range(offsets[i], offsets[i + 1]):
            weight_ahead += weights[j]
            spent_ahead += costs[j]
            worth = price * weight_ahead
            if spent_ahead - worth < -_NEAR * (1.0 + abs(worth)):
                best = j + 1
                weight += weight_ahead
                spent += spent_ahead
                weight_ahead = spent_ahead = 0.0
        rungs[i] = best - offsets[i]
    return weight, spent


@njit(cache=True)
def _uniform(offsets: IntArray, fills: FloatArray, costs: FloatArray) -> bool:  # pragma: no cover
    """Whether all rungs execute the same amount and no ladder's costs fall."""
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            if fills[j] != fills[0] or (j > offsets[i] and costs[j] < costs[j - 1]):
                return False
    return True


@njit(cache=True)
def _greedy(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    under: float,
    over: float,
    exact: int,
    rungs: IntArray,
) -> None:  # pragma: no cover
    """Take the cheapest rung, of the earliest ladder, as long as it pays or the count is short."""
    ladders = len(offsets) - 1
    rungs[:ladders] = 0
    lot, executed, climbed = fills[0], 0.0, 0
    while climbed != exact:
        cheapest, ladder = np.inf, -1
        for i in range(ladders):
            head = offsets[i] + rungs[i]
            if head < offsets[i + 1] and costs[head] < cheapest - _NEAR * (1.0 + abs(costs[head])):
                cheapest, ladder = costs[head], i
        if ladder < 0:
            return
        ceiling = cheapest + _NEAR * (1.0 + abs(cheapest))
        head = offsets[ladder] + rungs[ladder]
        while head < offsets[ladder + 1] and costs[head] <= ceiling and climbed != exact:
            if exact < 0:
                saved = _penalty(executed, target, under, over) - _penalty(
                    executed + lot, target, under, over
                )
                if costs[head] - saved >= -_NEAR * (1.0 + abs(saved)):
                    return
            head += 1
            climbed += 1
            executed += lot
            rungs[ladder] += 1


@njit(cache=True)
def _search(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    under: float,
    over: float,
    exact: int,
    rungs: IntArray,
) -> None:  # pragma: no cover
    """Price the target by a Lagrange multiplier, then search what the bound leaves open.

    For any price in [-over, under] the penalty is at least price x (target - executed), so
    ``price x target + sum_i min_n (cost_i(n) - price x executed_i(n))`` bounds the objective.
    """
    ladders = len(offsets) - 1
    costs = costs[: offsets[ladders]]
    low, high = np.zeros(ladders, np.int64), np.diff(offsets)
    if exact < 0:
        high[:] = rungs[:ladders]
        if _climb(offsets, fills, costs, -over, low)[0] >= target:
            rungs[:ladders] = low
            return
        price = _bracket(offsets, fills, costs, target, low, high)
    else:
        price, rung_price = _prices(offsets, fills, costs, target, under, over, exact, low, high)
        costs = costs - rung_price
    _walk(offsets, fills, costs, target, under, over, exact, low, high, rungs)
    executed, spent = _sums(offsets, fills, costs, rungs)
    incumbent = spent + _penalty(executed, target, under, over)
    executed, spent = _climb(offsets, fills, costs, price, low)
    slack = max(0.0, incumbent - (spent + price * (target - executed)))
    tie = TOLERANCE * max(1.0, abs(incumbent))
    starts, counts, shares, excess = _candidates(offsets, fills, costs, price, slack + tie)
    _knapsack(
        starts,
        counts,
        shares,
        excess,
        target,
        max(0.0, under - price),
        max(0.0, over + price),
        exact,
        slack,
        tie,
        rungs,
    )


@njit(cache=True)
def _bracket(
    offsets: IntArray,
    weights: FloatArray,
    costs: FloatArray,
    goal: float,
    low: IntArray,
    high: IntArray,
) -> float:  # pragma: no cover
    """Tighten `low` and `high` to the two climbs of one price whose weights enclose the goal.

    Gives that price: the slope of the lower convex hull of (weight, cost) over the goal.
    """
    middle = np.empty_like(low)
    low_weight, low_spent = _sums(offsets, weights, costs, low)
    high_weight, high_spent = _sums(offsets, weights, costs, high)
    price = 0.0
    while high_weight > low_weight:
        price = (high_spent - low_spent) / (high_weight - low_weight)
        weight, spent = _climb(offsets, weights, costs, price, middle)
        gain = (low_spent - price * low_weight) - (spent - price * weight)
        if gain <= _NEAR * (1.0 + abs(spent) + abs(price * weight)):
            return price
        if weight <= goal:
            low[:], low_weight, low_spent = middle, weight, spent
        else:
            high[:], high_weight, high_spent = middle, weight, spent
    return price


@njit(cache=True)
def _prices(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    under: float,
    over: float,
    exact: int,
    low: IntArray,
    high: IntArray,
) -> tuple[float, float]:  # pragma: no cover
    """Price shares and rungs of an exact-total problem; `low` and `high` enclose the count."""
    ones, rungs = np.ones(len(costs)), np.empty_like(low)
    floor, ceiling = -over, under
    price = rung_price = 0.0
    for _ in range(_PRICE_STEPS):
        price = 0.5 * (floor + ceiling)
        low[:], high[:] = 0, np.diff(offsets)
        reduced = costs - price * fills[: len(costs)]
        rung_price = _bracket(offsets, ones, reduced, exact, low, high)
        _walk(offsets, fills, costs, target, under, over, exact, low, high, rungs)
        if _sums(offsets, fills, costs, rungs)[0] < target:
            floor = price
        else:
            ceiling = price
    return price, rung_price


@njit(cache=True)
def _walk(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    target: float,
    under: float,
    over: float,
    exact: int,
    low: IntArray,
    high: IntArray,
    rungs: IntArray,
) -> None:  # pragma: no cover
    """Climb from `low` to `high`, ladder by ladder; keep the cheapest admissible climb met."""
    here = low.copy()
    executed, spent = _sums(offsets, fills, costs, here)
    climbed, best = here.sum(), np.inf
    for i in range(len(low)):
        for n in range(low[i], max(low[i], high[i]) + 1):
            if n > here[i]:
                executed += fills[offsets[i] + n - 1]
                spent += costs[offsets[i] + n - 1]
                climbed += 1
                here[i] = n
            cost = spent + _penalty(executed, target, under, over)
            if cost < best and (exact < 0 or climbed == exact):
                best = cost
                rungs[: len(low)] = here


@njit(cache=True)
def _candidates(
    offsets: IntArray, fills: FloatArray, costs: FloatArray, price: float, budget: float
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:  # pragma: no cover
    """Rung counts per ladder whose excess over the ladder's bound is within the budget.

    Gives starts per ladder, then count, executed shares and excess dollars per candidate.
    """
    ladders = len(offsets) - 1
    starts = np.zeros(ladders + 1, np.int64)
    size = offsets[ladders] + ladders
    counts, shares, excess = np.empty(size, np.int64), np.empty(size), np.empty(size)
    end = 0
    for i in range(ladders):
        floor = executed = reduced = 0.0
        for j in range(offsets[i], offsets[i + 1]):
            reduced += costs[j] - price * fills[j]
            floor = min(floor, reduced)
        reduced = 0.0
        for n in range(offsets[i + 1] - offsets[i] + 1):
            if n > 0:
                executed += fills[offsets[i] + n - 1]
                reduced += costs[offsets[i] + n - 1] - price * fills[offsets[i] + n - 1]
            if reduced - floor <= budget:
                counts[end], shares[end], excess[end] = n, executed, reduced - floor
                end += 1
        starts[i + 1] = end
    return starts, counts, shares, excess


@njit(cache=True)
def _slot(
    table: IntArray, links: IntArray, stage: int, key: int, climbed: int, exact: int
) -> int:  # pragma: no cover
    """Where a state of this stage is in the hash table, or may be put."""
    mask = len(table) - 1
    hashed = key * 0x9E3779B97F4A7C1 + (climbed * 0x632BE59BD9B4E01 if exact >= 0 else 0)
    slot = (hashed ^ (hashed >> 29)) & mask
    while True:
        at = table[slot]
        if at < stage or (links[at, 0] == key and (exact < 0 or links[at, 1] == climbed)):
            return slot
        slot = (slot + 1) & mask


@njit(cache=True)
def _grow(
    numbers: FloatArray, links: IntArray, stage: int, end: int, exact: int
) -> tuple[FloatArray, IntArray, IntArray]:  # pragma: no cover
    """Double the room for states and hash this stage's anew."""
    more_numbers, more_links = np.empty((2 * end, 2)), np.empty((2 * end, 4), np.int64)
    more_numbers[:end], more_links[:end] = numbers, links
    table = np.full(8 * end, -1)
    for at in range(stage, end):
        table[_slot(table, links, stage, links[at, 0], links[at, 1], exact)] = at
    return more_numbers, more_links, table


@njit(cache=True)
def _before(
    links: IntArray, counts: IntArray, one: int, other: int, ladders: int
) -> bool:  # pragma: no cover
    """Whether a state climbs fewer rungs than another, or as many on earlier ladders."""
    if links[one, 1] != links[other, 1]:
        return links[one, 1] < links[other, 1]
    for _ in range(ladders):
        mine, theirs = counts[links[one, 3]], counts[links[other, 3]]
        if mine != theirs:
            return mine > theirs
        one, other = links[one, 2], links[other, 2]
    return False


@njit(cache=True)
def _knapsack(
    starts: IntArray,
    counts: IntArray,
    shares: FloatArray,
    excess: FloatArray,
    target: float,
    below: float,
    above: float,
    exact: int,
    slack: float,
    tie: float,
    rungs: IntArray,
) -> None:  # pragma: no cover
    """Pick one candidate per ladder at the least excess + deviation; leave `rungs` if none is found.

    The deviation from the target costs `below` or `above` dollars per share. Ladders are taken
    from last to first, so that among equals a state's own count decides for the earlier ladder.
    """
    ladders = len(starts) - 1
    near, budget = 1e-3 * tie, slack + tie
    # What the ladders before i can still add: shares (least, most, at no excess), rungs (least, most).
    rest = np.zeros((ladders + 1, 3))
    rest_rungs = np.zeros((ladders + 1, 2), np.int64)
    for i in range(ladders):
        first, last = starts[i], starts[i + 1] - 1
        plain = first + np.argmin(excess[first : last + 1])
        rest[i + 1, 0] = rest[i, 0] + shares[first]
        rest[i + 1, 1] = rest[i, 1] + shares[last]
        rest[i + 1, 2] = rest[i, 2] + shares[plain]
        rest_rungs[i + 1, 0] = rest_rungs[i, 0] + counts[first]
        rest_rungs[i + 1, 1] = rest_rungs[i, 1] + counts[last]
    grid = 1.0 / max(_QUANTUM * target, 1e-17 * rest[ladders, 1])
    # A state: executed shares and excess; total on the grid, rungs, parent state, candidate.
    numbers, links = np.empty((64, 2)), np.empty((64, 4), np.int64)
    table = np.full(256, -1)
    numbers[0] = 0.0
    links[0] = 0
    begin, end = 0, 1
    for i in range(ladders - 1, -1, -1):
        stage = end
        for parent in range(begin, stage):
            for c in range(starts[i], starts[i + 1]):
                extra = numbers[parent, 1] + excess[c]
                if extra > budget:
                    continue
                total = numbers[parent, 0] + shares[c]
                climbed = links[parent, 1] + counts[c]
                if exact >= 0 and not (
                    climbed + rest_rungs[i, 0] <= exact <= climbed + rest_rungs[i, 1]
                ):
                    continue
                short, over = target - total - rest[i, 1], total + rest[i, 0] - target
                if extra + max(below * short, above * over, 0.0) > budget:
                    continue
                if exact < 0:
                    value = extra + _penalty(total + rest[i, 2], target, below, above)
                    budget = min(budget, value + tie)
                if end == len(links):
                    numbers, links, table = _grow(numbers, links, stage, end, exact)
                key = np.int64(total * grid + 0.5)
                slot = _slot(table, links, stage, key, climbed, exact)
                at = table[slot]
                if at < stage:
                    at = end
                    table[slot] = end
                    end += 1
                elif not (
                    extra < numbers[at, 1] - near
                    or (
                        extra <= numbers[at, 1] + near
                        and (climbed, -counts[c]) < (links[at, 1], -counts[links[at, 3]])
                    )
                ):
                    continue
                numbers[at, 0], numbers[at, 1] = total, extra
                links[at, 0], links[at, 1], links[at, 2], links[at, 3] = key, climbed, parent, c
        begin = stage
    best, value = -1, np.inf
    for at in range(begin, end):
        cost = numbers[at, 1] + _penalty(numbers[at, 0], target, below, above)
        if cost < value - near or (
            cost <= value + near and _before(links, counts, at, best, ladders)
        ):
            best, value = at, cost
    if best >= 0:
        for i in range(ladders):
            rungs[i] = counts[links[best, 3]]
            best = links[best, 2]
