"""Single-scenario ladder problems with uneven rungs, exactly: a small knapsack.

The Lagrangian relaxation of the executed total gives a bound, every rung count an excess over it,
and the slack between bound and incumbent leaves few counts per ladder; dynamic programming over
the executed total does the rest (Martello & Toth, "Knapsack Problems", 1990, 2.6 and 5.3, for both
devices). Written in loops over scalars: array expressions make numba compile for half a minute.
"""

from __future__ import annotations

import numpy as np

from sor_opt.allocators.cores.climbs import NEAR, Miss, climb_each, climb_sums, copy_rungs, penalty
from sor_opt.allocators.cores.states import comes_before, find_slot, make_room
from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import TOLERANCE

_QUANTUM = 1e-12
"""Two executed totals that differ by less, relative to the target, are one state."""

_CLOSER = 1e-3
"""Share of the tie tolerance within which states tie, so that the ties of a whole climb add up."""

STEPS = 2_000_000_000
"""Candidates x states that a search looks at before it gives up: some seconds."""

STATES = 8_000_000
"""States that it keeps: about a gigabyte. Dozens of odd lots at one price make more."""

_PRICE_STEPS = 20
"""Bisections of an exact-total problem's share price; only the bound's tightness hangs on it."""


@compiled
def search(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    miss: Miss,
    exact: int,
    steps: int,
    rungs: IntArray,
) -> float:
    """Price the target by a Lagrange multiplier, then search what the bound leaves open.

    For any price in [-over, under] the penalty is at least price x (target - executed), so
    ``price x target + sum_i min_n (cost_i(n) - price x executed_i(n))`` bounds the objective.

    Gives by how much the best climb may be cheaper, dollars: 0 unless the search took more than
    `steps` or `STATES` and gave up.
    """
    ladders = len(offsets) - 1
    low, high = np.empty(ladders, np.int64), np.empty(ladders, np.int64)
    if exact < 0:
        if climb_each(offsets, fills, costs, -miss.over, low)[0] >= miss.target:
            copy_rungs(low, rungs)
            return 0.0
        copy_rungs(rungs, high)
        price = _bracket(offsets, fills, costs, miss.target, low, high)
        _walk(offsets, fills, costs, miss, exact, low, high, rungs)
    else:
        price, costs = _prices(offsets, fills, costs, miss, exact, low, high, rungs)
    executed, spent = climb_sums(offsets, fills, costs, rungs)
    incumbent = spent + penalty(executed, miss)
    executed, spent = climb_each(offsets, fills, costs, price, low)
    slack = max(0.0, incumbent - (spent + price * (miss.target - executed)))
    tie = TOLERANCE * max(1.0, abs(incumbent))
    starts, counts, shares, excess = _candidates(offsets, fills, costs, price, slack + tie)
    above_bound = Miss(miss.target, max(0.0, miss.under - price), max(0.0, miss.over + price))
    chosen = (starts, counts, shares, excess)
    done = _knapsack(*chosen, above_bound, exact, slack + tie, tie, steps, rungs)
    return 0.0 if done else slack


@compiled
def _bracket(
    offsets: IntArray,
    weights: FloatArray,
    costs: FloatArray,
    goal: float,
    low: IntArray,
    high: IntArray,
) -> float:
    """Tighten `low` and `high` to the two climbs of one price whose weights enclose the goal.

    Gives that price: the slope of the lower convex hull of (weight, cost) over the goal.
    """
    middle = np.empty(len(low), np.int64)
    low_weight, low_spent = climb_sums(offsets, weights, costs, low)
    high_weight, high_spent = climb_sums(offsets, weights, costs, high)
    price = 0.0
    while high_weight > low_weight:
        price = (high_spent - low_spent) / (high_weight - low_weight)
        weight, spent = climb_each(offsets, weights, costs, price, middle)
        gain = (low_spent - price * low_weight) - (spent - price * weight)
        if gain <= NEAR * (1.0 + abs(spent) + abs(price * weight)):
            return price
        if weight <= goal:
            low_weight, low_spent = weight, spent
            copy_rungs(middle, low)
        else:
            high_weight, high_spent = weight, spent
            copy_rungs(middle, high)
    return price


@compiled
def _prices(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    miss: Miss,
    exact: int,
    low: IntArray,
    high: IntArray,
    rungs: IntArray,
) -> tuple[float, FloatArray]:
    """Price shares and rungs of an exact-total problem, and put an incumbent in `rungs`.

    Gives the price of a share, and the costs less the price of a rung.
    """
    size = offsets[len(low)]
    ones, reduced = np.empty(size), np.empty(size)
    floor, ceiling = -miss.over, miss.under
    price = rung_price = 0.0
    for _ in range(_PRICE_STEPS):
        price = 0.5 * (floor + ceiling)
        for j in range(size):
            ones[j], reduced[j] = 1.0, costs[j] - price * fills[j]
        for i in range(len(low)):
            low[i], high[i] = 0, offsets[i + 1] - offsets[i]
        rung_price = _bracket(offsets, ones, reduced, exact, low, high)
        _walk(offsets, fills, costs, miss, exact, low, high, rungs)
        if climb_sums(offsets, fills, costs, rungs)[0] < miss.target:
            floor = price
        else:
            ceiling = price
    for j in range(size):
        reduced[j] = costs[j] - rung_price
    return price, reduced


@compiled
def _walk(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    miss: Miss,
    exact: int,
    low: IntArray,
    high: IntArray,
    rungs: IntArray,
) -> None:
    """Raise `low` to `high`, rung by rung; keep the cheapest admissible climb met in `rungs`."""
    executed, spent = climb_sums(offsets, fills, costs, low)
    climbed = 0
    for i in range(len(low)):
        climbed += low[i]
    best = np.inf
    for i in range(len(low)):
        while True:
            cost = spent + penalty(executed, miss)
            if cost < best and (exact < 0 or climbed == exact):
                best = cost
                copy_rungs(low, rungs)
            if low[i] >= high[i]:
                break
            executed += fills[offsets[i] + low[i]]
            spent += costs[offsets[i] + low[i]]
            climbed += 1
            low[i] += 1


@compiled
def _candidates(
    offsets: IntArray, fills: FloatArray, costs: FloatArray, price: float, budget: float
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Find the rung counts per ladder whose excess over the ladder's bound is within the budget.

    Gives starts per ladder, then count, executed shares and excess dollars per candidate.
    """
    ladders = len(offsets) - 1
    starts = np.empty(ladders + 1, np.int64)
    size = offsets[ladders] + ladders
    counts, shares, excess = np.empty(size, np.int64), np.empty(size), np.empty(size)
    end = 0
    for i in range(ladders):
        starts[i] = end
        floor = reduced = 0.0
        for j in range(offsets[i], offsets[i + 1]):
            reduced += costs[j] - price * fills[j]
            floor = min(floor, reduced)
        executed = reduced = 0.0
        for j in range(offsets[i], offsets[i + 1] + 1):
            if reduced - floor <= budget:
                counts[end], shares[end], excess[end] = j - offsets[i], executed, reduced - floor
                end += 1
            if j < offsets[i + 1]:
                executed += fills[j]
                reduced += costs[j] - price * fills[j]
    starts[ladders] = end
    return starts, counts, shares, excess


@compiled
def _rest(starts: IntArray, counts: IntArray, shares: FloatArray, excess: FloatArray) -> FloatArray:
    """Sum what the ladders before i can still add, shape (I + 1, 5).

    Least, most and excess-free shares, least and most rungs.
    """
    rest = np.empty((len(starts), 5))
    for column in range(5):
        rest[0, column] = 0.0
    for i in range(len(starts) - 1):
        first, last = starts[i], starts[i + 1] - 1
        free = first
        for c in range(first, last + 1):
            if excess[c] < excess[free]:
                free = c
        rest[i + 1, 0] = rest[i, 0] + shares[first]
        rest[i + 1, 1] = rest[i, 1] + shares[last]
        rest[i + 1, 2] = rest[i, 2] + shares[free]
        rest[i + 1, 3] = rest[i, 3] + counts[first]
        rest[i + 1, 4] = rest[i, 4] + counts[last]
    return rest


@compiled
def _first(shares: FloatArray, low: int, high: int, least: float) -> int:
    """Find the first candidate in low..high - 1 with at least so many shares."""
    while low < high:
        middle = (low + high) // 2
        if shares[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _expand(
    shares: FloatArray,
    excess: FloatArray,
    counts: IntArray,
    first: int,
    last: int,
    rest: FloatArray,
    miss: Miss,
    exact: int,
    budget: float,
    tie: float,
    grid: float,
    numbers: FloatArray,
    links: IntArray,
    table: IntArray,
    begin: int,
    stage: int,
    steps: int,
) -> tuple[FloatArray, IntArray, IntArray, int, float, int]:
    """Add one ladder's candidates, first..last - 1, to the states begin..stage - 1.

    `rest` is the row of `_rest` of the ladders yet to come. Gives the states, their hash table,
    the end of the new ones, the budget, lowered where a completion was found, and the steps left,
    below 0 where it gave up.
    """
    near, end = _CLOSER * tie, stage
    for parent in range(begin, stage):
        if steps < 0 or end + last - first > STATES:
            return numbers, links, table, end, budget, -1
        if end + last - first > len(links):
            numbers, links, table = make_room(numbers, links, end + last - first, stage, end, exact)
        room = budget - numbers[parent, 1]
        reach = numbers[parent, 0] + rest[1] + (room / miss.under if miss.under > 0.0 else np.inf)
        for c in range(_first(shares, first, last, miss.target - reach), last):
            extra = numbers[parent, 1] + excess[c]
            total = numbers[parent, 0] + shares[c]
            climbed = links[parent, 1] + counts[c]
            short, over = miss.target - total - rest[1], total + rest[0] - miss.target
            steps -= 1
            if miss.over * over > room:
                break
            if extra + max(miss.under * short, miss.over * over, 0.0) > budget:
                continue
            if exact < 0:
                found = extra + penalty(total + rest[2], miss)
                budget = min(budget, found + tie)
            elif not climbed + rest[3] <= exact <= climbed + rest[4]:
                continue
            key = int(total * grid + 0.5)
            slot = find_slot(table, links, stage, key, climbed, exact)
            at = table[slot]
            if at < stage:
                at = table[slot] = end
                end += 1
            else:
                lead, fewer = numbers[at, 1] - extra, links[at, 1] - climbed
                earlier = fewer == 0 and counts[c] > counts[links[at, 3]]
                if lead < -near or (lead <= near and fewer <= 0 and not earlier):
                    continue
            numbers[at, 0], numbers[at, 1] = total, extra
            links[at, 0], links[at, 1], links[at, 2], links[at, 3] = key, climbed, parent, c
    return numbers, links, table, end, budget, steps


@compiled
def _knapsack(
    starts: IntArray,
    counts: IntArray,
    shares: FloatArray,
    excess: FloatArray,
    miss: Miss,
    exact: int,
    budget: float,
    tie: float,
    steps: int,
    rungs: IntArray,
) -> bool:
    """Pick a candidate per ladder at the least excess + penalty; `rungs` stay if none is found.

    Tells whether it came to an end within its steps. Both are what is paid over the bound. Ladders
    are taken from last to first, so that among equals a state's own count decides for the earlier
    ladder.
    """
    ladders, near = len(starts) - 1, _CLOSER * tie
    rest = _rest(starts, counts, shares, excess)
    grid = 1.0 / max(_QUANTUM * miss.target, 1e-17 * rest[ladders, 1])
    # A state: shares executed, excess; shares on the grid, rungs, parent state, candidate.
    numbers, links, table = make_room(np.empty((0, 2)), np.empty((0, 4), np.int64), 0, 0, 0, exact)
    numbers[0, 0] = numbers[0, 1] = 0.0
    links[0, 0] = links[0, 1] = links[0, 2] = links[0, 3] = 0
    begin, stage = 0, 1
    for i in range(ladders - 1, -1, -1):
        numbers, links, table, end, budget, steps = _expand(
            shares,
            excess,
            counts,
            starts[i],
            starts[i + 1],
            rest[i],
            miss,
            exact,
            budget,
            tie,
            grid,
            numbers,
            links,
            table,
            begin,
            stage,
            steps,
        )
        if steps < 0:
            return False
        begin, stage = stage, end
    best, value = -1, np.inf
    for at in range(begin, stage):
        cost = numbers[at, 1] + penalty(numbers[at, 0], miss)
        if cost < value - near or (cost <= value + near and comes_before(links, counts, at, best)):
            best, value = at, cost
    if best >= 0:
        for i in range(ladders):
            rungs[i] = counts[links[best, 3]]
            best = links[best, 2]
    return True
