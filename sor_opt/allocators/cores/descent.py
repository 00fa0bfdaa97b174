"""Ladder problems of several scenarios: local search over rungs, compiled.

With A concave in the sizes sent, (A - S)^+ is not convex, so there may be several local optima
(docs/placement.md has an example): a descent is made from an empty and from a full climb. It takes
the best height of one ladder, all others held, until no ladder moves, then the best exchange of
rungs between two ladders, until neither helps. In the better of the two one ladder after the other
is forced a rung up or down and the others answer, as long as that helps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.allocators.cores.climbs import NEAR
from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.model.ladder import LadderProblem

_NEIGHBOURS = 4
"""Rungs up and down that a line search looks at, until only the whole ladder can still help."""

_ANSWERS = 2
"""Rungs up and down by which the others answer a ladder that is forced to move."""

_TILE = 64

ENDLESS = 2**62
"""Steps (heights x scenarios) of a search that is not bounded."""


class Sums(NamedTuple):
    """Prefix sums over the rungs of each ladder, and what missing the target costs.

    ``spent[offsets[i] + i + n]`` are the dollars of n rungs of ladder i, and
    ``filled[starts[i] + s * (J_i + 1) + n]`` the shares that they execute in scenario s: rung by
    rung within a scenario, so that a line search runs along memory.
    """

    offsets: IntArray
    starts: IntArray
    spent: FloatArray
    filled: FloatArray
    under: FloatArray
    over: FloatArray
    target: float


def sums_of(problem: LadderProblem) -> Sums:
    """Sum up a problem."""
    return prefix_sums(
        problem.offsets,
        problem.fills,
        problem.costs,
        problem.probabilities,
        problem.target,
        problem.shortfall_penalty,
        problem.excess_penalty,
    )


@compiled
def prefix_sums(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    probabilities: FloatArray,
    target: float,
    under: float,
    over: float,
) -> Sums:
    """Sum up a problem; `fills` has shape (rungs, scenarios), penalties are per share."""
    ladders, scenarios = len(offsets) - 1, fills.shape[1]
    starts = np.zeros(ladders + 1, np.int64)
    for i in range(ladders):
        starts[i + 1] = starts[i] + (offsets[i + 1] - offsets[i] + 1) * scenarios
    spent, filled = np.empty(offsets[ladders] + ladders), np.empty(starts[ladders])
    for i in range(ladders):
        height, base = offsets[i + 1] - offsets[i], offsets[i] + i
        spent[base] = 0.0
        for j in range(height):
            spent[base + j + 1] = spent[base + j] + costs[offsets[i] + j]
        for low in range(0, scenarios, _TILE):
            high = min(scenarios, low + _TILE)
            for s in range(low, high):
                filled[starts[i] + s * (height + 1)] = 0.0
            for j in range(height):
                for s in range(low, high):
                    at = starts[i] + s * (height + 1) + j
                    filled[at + 1] = filled[at] + fills[offsets[i] + j, s]
    return Sums(offsets, starts, spent, filled, under * probabilities, over * probabilities, target)


@compiled
def descend(sums: Sums, rungs: IntArray) -> float:
    """Improve a climb until no ladder and no exchange of rungs helps; give its cost."""
    return descend_within(sums, ENDLESS, rungs)[0]


@compiled
def descend_within(sums: Sums, steps: int, rungs: IntArray) -> tuple[float, int]:
    """As `descend`, for so many steps; give the cost, and the steps left, below 0 if cut short."""
    gap = _gap(sums, rungs)
    highest = _highest(sums)
    values = np.empty(highest + 1)
    radius = highest
    while True:
        steps -= _sweep(sums, radius)
        if steps < 0:
            return climb_cost(sums, gap, rungs), steps
        moved = False
        for i in range(len(rungs)):
            moved = _line(sums, i, radius, values, gap, rungs) or moved
        if moved or _exchange(sums, values, gap, rungs):
            radius = _NEIGHBOURS
        elif radius < highest:
            radius = highest
        else:
            return climb_cost(sums, gap, rungs), steps


@compiled
def _sweep(sums: Sums, radius: int) -> int:
    """Steps of a line search of every ladder and an exchange between any two."""
    ladders, heights = len(sums.offsets) - 1, 0
    for i in range(ladders):
        heights += min(sums.offsets[i + 1] - sums.offsets[i], 2 * radius) + 1
    return (heights + ladders * ladders) * len(sums.under)


@compiled
def _gap(sums: Sums, rungs: IntArray) -> FloatArray:
    """What a climb leaves missing in each scenario."""
    gap = np.full(len(sums.under), sums.target)
    for i in range(len(rungs)):
        _shift(sums, i, rungs[i], -1.0, gap)
    return gap


@compiled
def _highest(sums: Sums) -> int:
    highest = 0
    for i in range(len(sums.offsets) - 1):
        highest = max(highest, sums.offsets[i + 1] - sums.offsets[i])
    return highest


@compiled
def climb_cost(sums: Sums, gap: FloatArray, rungs: IntArray) -> float:
    """Cost of a climb that leaves `gap` shares, below 0 beyond the target, in each scenario."""
    cost = 0.0
    for i in range(len(rungs)):
        cost += sums.spent[sums.offsets[i] + i + rungs[i]]
    for s in range(len(gap)):
        cost += max(sums.under[s] * gap[s], -sums.over[s] * gap[s])
    return cost


@compiled
def _shift(sums: Sums, ladder: int, rungs: int, sign: float, gap: FloatArray) -> None:
    """Add to the gap what so many rungs of a ladder execute, times a sign."""
    width = sums.offsets[ladder + 1] - sums.offsets[ladder] + 1
    for s in range(len(gap)):
        gap[s] += sign * sums.filled[sums.starts[ladder] + s * width + rungs]


@compiled
def _move(sums: Sums, ladder: int, to: int, gap: FloatArray, rungs: IntArray) -> None:
    _shift(sums, ladder, rungs[ladder], 1.0, gap)
    rungs[ladder] = to
    _shift(sums, ladder, to, -1.0, gap)


@compiled
def _line(
    sums: Sums, ladder: int, radius: int, values: FloatArray, gap: FloatArray, rungs: IntArray
) -> bool:
    """Move a ladder to its best height within the radius; tell whether it moved."""
    height = sums.offsets[ladder + 1] - sums.offsets[ladder]
    if height == 0:
        return False
    low, high = max(0, rungs[ladder] - radius), min(height, rungs[ladder] + radius)
    here, count = rungs[ladder] - low, high - low + 1
    for n in range(count):
        values[n] = sums.spent[sums.offsets[ladder] + ladder + low + n]
    for s in range(len(gap)):
        row = sums.filled[sums.starts[ladder] + s * (height + 1) + low :]
        under, over, rest = sums.under[s], -sums.over[s], gap[s] + row[here]
        for n in range(count):
            missed = rest - row[n]
            values[n] += max(under * missed, over * missed)
    best = _least(values, count, here)
    if best != here:
        _move(sums, ladder, low + best, gap, rungs)
    return bool(best != here)


@compiled
def _least(values: FloatArray, count: int, favourite: int) -> int:
    """Find the least of the first values; the favourite, then the earliest, where they tie."""
    best = favourite
    for n in range(count):
        if values[n] < values[best] - NEAR * (1.0 + abs(values[best])):
            best = n
    return best


@compiled
def _exchange(sums: Sums, values: FloatArray, gap: FloatArray, rungs: IntArray) -> bool:
    """Climb one ladder at the expense of another, for the pair that gains most by one rung."""
    used = np.flatnonzero(np.diff(sums.offsets))
    if len(used) < 2:
        return False
    changes = _pair_changes(sums, used, gap, rungs).reshape(-1)
    least = int(np.argmin(changes))
    if not changes[least] < -NEAR * (1.0 + abs(climb_cost(sums, gap, rungs))):
        return False
    up, down = used[least // len(used)], used[least % len(used)]
    up_base, down_base = sums.offsets[up] + up + rungs[up], sums.offsets[down] + down + rungs[down]
    up_width = sums.offsets[up + 1] - sums.offsets[up] + 1
    down_width = sums.offsets[down + 1] - sums.offsets[down] + 1
    count = min(up_width - rungs[up], rungs[down] + 1)
    for n in range(count):
        values[n] = sums.spent[up_base + n] + sums.spent[down_base - n]
    for s in range(len(gap)):
        climbed = sums.filled[sums.starts[up] + s * up_width + rungs[up] :]
        left = sums.starts[down] + s * down_width + rungs[down]
        under, over = sums.under[s], -sums.over[s]
        rest = gap[s] + climbed[0] + sums.filled[left]
        for n in range(count):
            missed = rest - climbed[n] - sums.filled[left - n]
            values[n] += max(under * missed, over * missed)
    best = _least(values, count, 0)
    _move(sums, up, rungs[up] + best, gap, rungs)
    _move(sums, down, rungs[down] - best, gap, rungs)
    return bool(best > 0)


@compiled
def _force(sums: Sums, cost: float, steps: int, rungs: IntArray) -> tuple[bool, int]:
    """Force one ladder a rung up or down and let all others answer; keep the first that gains.

    Tells whether one does, and the steps left, below 0 if it was cut short. So one whole rung can
    take the place of several odd ones, which no exchange of two brings about.
    """
    gap = _gap(sums, rungs)
    tried, left, values = rungs.copy(), gap.copy(), np.empty(2 * _ANSWERS + 1)
    for i in range(len(rungs)):
        steps -= 2 * len(rungs) * len(values) * len(gap)
        if steps < 0:
            return False, steps
        for step in (1, -1):
            if not 0 <= rungs[i] + step <= sums.offsets[i + 1] - sums.offsets[i]:
                continue
            tried[:] = rungs
            left[:] = gap
            _move(sums, i, rungs[i] + step, left, tried)
            for k in range(len(rungs)):
                if k != i:
                    _line(sums, k, _ANSWERS, values, left, tried)
            if climb_cost(sums, left, tried) < cost - NEAR * (1.0 + abs(cost)):
                rungs[:] = tried
                return True, steps
    return False, steps


@compiled
def _pair_changes(sums: Sums, used: IntArray, gap: FloatArray, rungs: IntArray) -> FloatArray:
    """Change in cost by a rung more on one and one less on another of the used ladders."""
    ladders, scenarios = len(used), len(gap)
    more, less = np.zeros((scenarios, ladders)), np.zeros((scenarios, ladders))
    dearer, cheaper = np.full(ladders, np.inf), np.full(ladders, np.inf)
    for i in range(ladders):
        ladder, climbed = used[i], rungs[used[i]]
        height = sums.offsets[ladder + 1] - sums.offsets[ladder]
        base = sums.offsets[ladder] + ladder + climbed
        if climbed < height:
            dearer[i] = sums.spent[base + 1] - sums.spent[base]
        if climbed > 0:
            cheaper[i] = sums.spent[base - 1] - sums.spent[base]
        for s in range(scenarios):
            at = sums.starts[ladder] + s * (height + 1) + climbed
            more[s, i] = sums.filled[at + 1] - sums.filled[at] if climbed < height else 0.0
            less[s, i] = sums.filled[at] - sums.filled[at - 1] if climbed > 0 else 0.0
    changes = np.empty((ladders, ladders))
    for i in range(ladders):
        for k in range(ladders):
            changes[i, k] = dearer[i] + cheaper[k] if i != k else np.inf
    for s in range(scenarios):
        under, over = sums.under[s], -sums.over[s]
        now = max(under * gap[s], over * gap[s])
        for i in range(ladders):
            rest = gap[s] - more[s, i]
            for k in range(ladders):
                missed = rest + less[s, k]
                changes[i, k] += max(under * missed, over * missed) - now
    return changes


@compiled
def search_climbs(sums: Sums, rungs: IntArray) -> float:
    """Descend from an empty and from a full climb; improve the better one, and give its cost."""
    return search_within(sums, ENDLESS, rungs)[0]


@compiled
def search_within(sums: Sums, steps: int, rungs: IntArray) -> tuple[float, int]:
    """As `search_climbs`, for so many steps; give cost, and steps left, below 0 if cut short."""
    full = np.empty(len(rungs), np.int64)
    for i in range(len(rungs)):
        rungs[i] = 0
        full[i] = sums.offsets[i + 1] - sums.offsets[i]
    cost, steps = descend_within(sums, steps, rungs)
    from_full, steps = descend_within(sums, steps, full)
    if from_full < cost - NEAR * (1.0 + abs(cost)):
        rungs[:] = full
        cost = from_full
    gained, steps = _force(sums, cost, steps, rungs)
    while gained:
        cost, steps = descend_within(sums, steps, rungs)
        gained, steps = _force(sums, cost, steps, rungs)
    return cost, steps
