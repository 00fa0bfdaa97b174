"""Single-scenario ladder problems with uneven rungs, exactly: a small knapsack.

The Lagrangian relaxation of the executed total gives a bound, every rung count an excess over it,
and the slack between bound and incumbent leaves few counts per ladder; dynamic programming over
the executed total does the rest (Martello & Toth, "Knapsack Problems", 1990, 2.6 and 5.3, for both
devices). Written in loops over scalars: array expressions make numba compile for half a minute.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sor_opt.allocators.fast.relaxation import best_between, bracket, price_exact
from sor_opt.allocators.fast.selections import (
    Penalties,
    copy_rungs,
    penalty,
    select_each,
    sum_selection,
)
from sor_opt.allocators.fast.states import STATE, States, comes_before, find_slot, make_room
from sor_opt.compiled import compiled, inlined
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import TOLERANCE

_QUANTUM = 1e-12
"""Two executed totals that differ by less, relative to the target, are one state."""

_CLOSER = 1e-3
"""Share of the tie tolerance within which states tie: the ties of a selection add up."""

STEPS = 2_000_000_000
"""Candidates x states that a search looks at before it gives up: some seconds."""

STATES = 8_000_000
"""States that it keeps: about a gigabyte. Dozens of odd lots at one price make more."""


class Candidates(NamedTuple):
    """Numbers of rungs that each ladder may have in the best selection.

    Attributes
    ----------
    starts : int64 ndarray, shape (I + 1,)
        Ladder i owns the candidates ``starts[i]:starts[i + 1]``, in rising order.
    counts : int64 ndarray
        Rungs.
    shares : float64 ndarray
        What they execute.
    extra : float64 ndarray
        Dollars above the least of the ladder.
    """

    starts: IntArray
    counts: IntArray
    shares: FloatArray
    extra: FloatArray


class Remaining(NamedTuple):
    """What the ladders before ladder i can still add; float64 arrays, shape (I + 1,).

    Attributes
    ----------
    least_shares, most_shares : float64 ndarray
    free_shares : float64 ndarray
        Shares of the candidates that cost nothing extra.
    least_rungs, most_rungs : float64 ndarray
    """

    least_shares: FloatArray
    most_shares: FloatArray
    free_shares: FloatArray
    least_rungs: FloatArray
    most_rungs: FloatArray


class Rules(NamedTuple):
    """What a selection has to keep to, and pays; both above the bound.

    Attributes
    ----------
    penalties : Penalties
    exact : int
        Rungs in all, or below 0.
    tie : float
        Dollars within which two selections tie.
    grid : float
        Cells per share: two totals in one cell are one state.
    """

    penalties: Penalties
    exact: int
    tie: float
    grid: float


@compiled
def search(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    penalties: Penalties,
    exact: int,
    steps: int,
    rungs: IntArray,
) -> float:
    """Price the target by a Lagrange multiplier, then search what the bound leaves open.

    For any price in [-excess_penalty, shortfall_penalty] the penalty is at least
    price x (target - executed), so the objective is bounded by
    ``price x target + sum_i min_n (cost_i(n) - price x executed_i(n))``.

    Gives by how much the best selection may be cheaper, dollars: 0 unless the search took more than
    `steps` or `STATES` and gave up.
    """
    ladders = len(offsets) - 1
    low, high = np.empty(ladders, np.int64), np.empty(ladders, np.int64)
    if exact < 0:
        executed, _ = select_each(offsets, fills, costs, -penalties.excess_penalty, low)
        if executed >= penalties.target:
            copy_rungs(low, rungs)
            return 0.0
        copy_rungs(rungs, high)
        price = bracket(offsets, fills, costs, penalties.target, low, high)
        best_between(offsets, fills, costs, penalties, exact, low, high, rungs)
    else:
        price, costs = price_exact(offsets, fills, costs, penalties, exact, low, high, rungs)
    executed, spent = sum_selection(offsets, fills, costs, rungs)
    incumbent = spent + penalty(executed, penalties)
    executed, spent = select_each(offsets, fills, costs, price, low)
    slack = max(0.0, incumbent - (spent + price * (penalties.target - executed)))
    tie = TOLERANCE * max(1.0, abs(incumbent))
    candidates = _candidates(offsets, fills, costs, price, slack + tie)
    above_bound = Penalties(
        penalties.target,
        max(0.0, penalties.shortfall_penalty - price),
        max(0.0, penalties.excess_penalty + price),
    )
    done = _knapsack(candidates, above_bound, exact, slack + tie, tie, steps, rungs)
    return 0.0 if done else slack


@compiled
def _candidates(
    offsets: IntArray, fills: FloatArray, costs: FloatArray, price: float, budget: float
) -> Candidates:
    """Find the rung counts per ladder whose cost above the ladder's bound is within the budget."""
    ladders = len(offsets) - 1
    starts = np.empty(ladders + 1, np.int64)
    size = offsets[ladders] + ladders
    counts, shares, extra = np.empty(size, np.int64), np.empty(size), np.empty(size)
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
                counts[end], shares[end], extra[end] = j - offsets[i], executed, reduced - floor
                end += 1
            if j < offsets[i + 1]:
                executed += fills[j]
                reduced += costs[j] - price * fills[j]
    starts[ladders] = end
    return Candidates(starts, counts, shares, extra)


@inlined
def _remaining(candidates: Candidates) -> Remaining:
    """Sum what the ladders before each ladder can still add."""
    starts, counts, shares, extra = candidates
    sums = np.zeros((5, len(starts)))
    least_shares, most_shares, free_shares, least_rungs, most_rungs = (
        sums[0],
        sums[1],
        sums[2],
        sums[3],
        sums[4],
    )
    for i in range(len(starts) - 1):
        first, last = starts[i], starts[i + 1] - 1
        free = first
        for c in range(first, last + 1):
            if extra[c] < extra[free]:
                free = c
        least_shares[i + 1] = least_shares[i] + shares[first]
        most_shares[i + 1] = most_shares[i] + shares[last]
        free_shares[i + 1] = free_shares[i] + shares[free]
        least_rungs[i + 1] = least_rungs[i] + counts[first]
        most_rungs[i + 1] = most_rungs[i] + counts[last]
    return Remaining(least_shares, most_shares, free_shares, least_rungs, most_rungs)


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
    candidates: Candidates,
    remaining: Remaining,
    rules: Rules,
    states: States,
    ladder: int,
    budget: float,
    steps: int,
) -> tuple[States, float, int]:
    """Continue the states of the ladder before by every candidate of a ladder.

    Gives the states, the budget, lowered where a completion was found, and the steps left, below 0
    where it gave up.
    """
    penalties, exact, tie, grid = rules
    target, shortfall_penalty, excess_penalty = penalties
    records, table, begin, stage, end = states
    first, last = candidates.starts[ladder], candidates.starts[ladder + 1]
    least, most = remaining.least_shares[ladder], remaining.most_shares[ladder]
    free = remaining.free_shares[ladder]
    for parent in range(begin, stage):
        if steps < 0 or end + last - first > STATES:
            return states, budget, -1
        if end + last - first > len(records):
            grown = States(records, table, begin, stage, end)
            states = make_room(grown, end + last - first, exact)
            records, table = states.records, states.table
        before = records[parent]
        spent, filled, chosen = before["extra"], before["executed"], before["rungs"]
        room = budget - spent
        reach = filled + most + (room / shortfall_penalty if shortfall_penalty > 0.0 else np.inf)
        for c in range(_first(candidates.shares, first, last, target - reach), last):
            extra, executed = spent + candidates.extra[c], filled + candidates.shares[c]
            rungs = chosen + candidates.counts[c]
            short, excess = target - executed - most, executed + least - target
            steps -= 1
            if excess_penalty * excess > room:
                break
            if extra + max(shortfall_penalty * short, excess_penalty * excess, 0.0) > budget:
                continue
            if exact < 0:
                found = extra + penalty(executed + free, penalties)
                budget = min(budget, found + tie)
            elif not _may_be_met(remaining, ladder, exact - rungs):
                continue
            key = int(executed * grid + 0.5)
            slot = find_slot(records, table, stage, key, rungs, exact)
            at = table[slot]
            if at < stage:
                at = table[slot] = end
                end += 1
            elif _stays(records[at], extra, rungs, candidates.counts, c, _CLOSER * tie):
                continue
            state = records[at]
            state["executed"], state["extra"], state["key"] = executed, extra, key
            state["rungs"], state["parent"], state["candidate"] = rungs, parent, c
    return States(records, table, stage, end, end), budget, steps


@inlined
def _may_be_met(remaining: Remaining, ladder: int, rungs: int) -> bool:
    """Whether the ladders before a ladder may have so many rungs."""
    return bool(remaining.least_rungs[ladder] <= rungs <= remaining.most_rungs[ladder])


@inlined
def _stays(
    held: Any, extra: float, rungs: int, counts: IntArray, candidate: int, near: float
) -> bool:
    """Whether a state stays where another one executes as much.

    It stays if it is cheaper, or ties with fewer rungs, or with as many on earlier ladders.
    """
    lead, fewer = held["extra"] - extra, held["rungs"] - rungs
    earlier = fewer == 0 and counts[candidate] > counts[held["candidate"]]
    return bool(lead < -near or (lead <= near and fewer <= 0 and not earlier))


@compiled
def _knapsack(
    candidates: Candidates,
    penalties: Penalties,
    exact: int,
    budget: float,
    tie: float,
    steps: int,
    rungs: IntArray,
) -> bool:
    """Pick a candidate per ladder at the least extra + penalty; `rungs` stay if none is found.

    Tells whether it came to an end within its steps. Both are what is paid over the bound. Ladders
    are taken from last to first, so that among equals a state's own count decides for the earlier
    ladder.
    """
    ladders, near = len(candidates.starts) - 1, _CLOSER * tie
    remaining = _remaining(candidates)
    grid = 1.0 / max(_QUANTUM * penalties.target, 1e-17 * remaining.most_shares[ladders])
    rules = Rules(penalties, exact, tie, grid)
    states = make_room(States(np.empty(0, STATE), np.empty(0, np.int64), 0, 1, 0), 1, exact)
    records = states.records
    records[0]["executed"] = records[0]["extra"] = 0.0
    records[0]["key"] = records[0]["rungs"] = records[0]["parent"] = records[0]["candidate"] = 0
    states = States(records, states.table, 0, 1, 1)
    for i in range(ladders - 1, -1, -1):
        states, budget, steps = _expand(candidates, remaining, rules, states, i, budget, steps)
        if steps < 0:
            return False
    records, counts = states.records, candidates.counts
    best, value = -1, np.inf
    for at in range(states.begin, states.stage):
        cost = records[at]["extra"] + penalty(records[at]["executed"], penalties)
        if cost < value - near or (
            cost <= value + near and comes_before(records, counts, at, best)
        ):
            best, value = at, cost
    if best >= 0:
        for i in range(ladders):
            rungs[i] = counts[records[best]["candidate"]]
            best = records[best]["parent"]
    return True
