"""Ladder problems of several scenarios: local search over rungs, compiled.

With A concave in the sizes sent, (A - S)^+ is not convex, so there may be several local optima
(docs/placement.md has an example): a descent is made from no rung and from all rungs. It takes
the best height of one ladder, all others held, until no ladder moves, then the best exchange of
rungs between two ladders, until neither helps. In the better of the two one ladder after the other
is forced a rung up or down and the others answer, as long as that helps.

What a bound says cannot help, of exchanges and of forced moves, is not tried. For any prices pi_s
between -excess_penalty p_s and shortfall_penalty p_s the penalty of scenario s is at least
pi_s (S - A_s), so that the objective is bounded from below, ladder by ladder::

    bound(pi) = S sum_s pi_s + sum_i min_n [ cost_i(n) - sum_s pi_s executed_i(n, s) ]

and what a height costs over its ladder's minimum is paid by every selection that takes it. Here
the prices are what a share less would cost at the selection at hand.
"""

from __future__ import annotations

import numpy as np

from sor_opt.allocators.fast.selections import NEAR, copy_rungs
from sor_opt.allocators.fast.tables import Tables
from sor_opt.compiled import compiled, inlined, summing
from sor_opt.market.tape import FloatArray, IntArray

_NEIGHBOURS = 4
"""Rungs up and down that a line search looks at, until only all of the ladder can still help."""

ANY_RADIUS = 2**40
"""As many rungs as no ladder has."""

_ANSWERS = 2
"""Rungs up and down by which the others answer a ladder that is forced to move."""

UNLIMITED_STEPS = 2**62
"""Steps (heights x scenarios) of a search that is not bounded."""


@compiled
def local_search(tables: Tables, steps: int, rungs: IntArray) -> tuple[float, int]:
    """Descend from no rung and from all, and improve the better selection, in so many steps.

    Writes the selection; gives its cost, and the steps left, below 0 if the search was cut short.
    """
    rungs[:] = 0
    full = _lowered(tables)
    steps -= len(tables.spent) * len(tables.column_of)
    cost, steps = descend(tables, ANY_RADIUS, steps, rungs)
    from_full, steps = descend(tables, _NEIGHBOURS, steps, full)
    if from_full < cost - NEAR * (1.0 + abs(cost)):
        copy_rungs(full, rungs)
        cost = from_full
    gained, steps = _force(tables, cost, steps, rungs)
    while gained:
        cost, steps = descend(tables, ANY_RADIUS, steps, rungs)
        gained, steps = _force(tables, cost, steps, rungs)
    return cost, steps


@compiled
def _lowered(tables: Tables) -> IntArray:
    """Take the best height of one ladder after the other, from all rungs.

    Also of those that can never pay: they are gone when a ladder has had its turn.
    """
    rungs, gap = np.empty(len(tables.starts) - 1, np.int64), np.empty(len(tables.column_of))
    for s in range(len(gap)):
        gap[s] = tables.penalties.target
        for i in range(len(rungs)):
            gap[s] -= tables.all_rungs[i, s]
    for i in range(len(rungs)):
        base, top = tables.starts[i], tables.starts[i + 1] - 1
        for s in range(len(gap)):
            gap[s] += tables.all_rungs[i, s]
        best, cost = top, tables.spent[top] + _original_penalty(tables, gap, tables.filled[top])
        for at in range(base, top):
            value = tables.spent[at] + _original_penalty(tables, gap, tables.filled[at])
            if value < cost - NEAR * (1.0 + abs(cost)):
                best, cost = at, value
        rungs[i] = best - base
        for s in range(len(gap)):
            gap[s] -= tables.filled[best, tables.column_of[s]]
    return rungs


@summing
def _original_penalty(tables: Tables, gap: FloatArray, filled: FloatArray) -> float:
    """Expected penalty over the original scenarios, where a ladder fills `filled` of the gap."""
    _, shortfall_penalty, excess_penalty = tables.penalties
    total = 0.0
    for s in range(len(gap)):
        short = gap[s] - filled[tables.column_of[s]]
        total += tables.probabilities[s] * max(shortfall_penalty * short, -excess_penalty * short)
    return total


@compiled
def descend(tables: Tables, radius: int, steps: int, rungs: IntArray) -> tuple[float, int]:
    """Improve a selection until no ladder and no exchange of rungs helps, as `local_search` does.

    The first look at a ladder is at so many rungs up and down.
    """
    ladders, highest = len(rungs), 0
    for i in range(ladders):
        highest = max(highest, tables.starts[i + 1] - tables.starts[i] - 1)
    gap = gap_of(tables, rungs)
    while True:
        current = penalty_at(tables, gap)
        for i in range(ladders):
            height = tables.starts[i + 1] - tables.starts[i] - 1
            steps -= (min(height, 2 * radius) + 1 + ladders) * len(gap)
        if steps < 0:
            break
        moved = False
        for i in range(ladders):
            held = rungs[i]
            current = _line_search(tables, i, radius, current, gap, rungs)
            moved = moved or rungs[i] != held
        if moved or _exchange(tables, current, gap, rungs):
            radius = _NEIGHBOURS
        elif radius < highest:
            radius = highest
        else:
            break
    return spent_on(tables, rungs) + current, steps


@compiled
def gap_of(tables: Tables, rungs: IntArray) -> FloatArray:
    """Shares that a selection is short of the target in each scenario; below 0 beyond it."""
    gap = np.full(len(tables.weights), tables.penalties.target)
    for i in range(len(rungs)):
        filled = tables.filled[tables.starts[i] + rungs[i]]
        for s in range(len(gap)):
            gap[s] -= filled[s]
    return gap


@compiled
def spent_on(tables: Tables, rungs: IntArray) -> float:
    """Dollars of a selection, penalties left out."""
    spent = 0.0
    for i in range(len(rungs)):
        spent += tables.spent[tables.starts[i] + rungs[i]]
    return spent


@summing
def expected_penalty(tables: Tables, gap: FloatArray, less: FloatArray, more: FloatArray) -> float:
    """Expected penalty where `more` shares replace `less`; `gap` is the shortfall before."""
    _, shortfall_penalty, excess_penalty = tables.penalties
    total = 0.0
    for s in range(len(gap)):
        short = gap[s] + less[s] - more[s]
        total += tables.weights[s] * max(shortfall_penalty * short, -excess_penalty * short)
    return total


@inlined
def penalty_at(tables: Tables, gap: FloatArray) -> float:
    """Expected penalty as it stands: nothing takes the place of anything."""
    return expected_penalty(tables, gap, gap, gap)


@summing
def _worth(prices: FloatArray, shares: FloatArray) -> float:
    total = 0.0
    for s in range(len(prices)):
        total += prices[s] * shares[s]
    return total


@compiled
def extra_costs(tables: Tables, prices: FloatArray) -> tuple[FloatArray, float]:
    """Price all heights: what each costs over its ladder's minimum, and the bound in dollars."""
    extra, bound = np.empty(len(tables.spent)), 0.0
    for s in range(len(prices)):
        bound += tables.penalties.target * prices[s]
    for i in range(len(tables.starts) - 1):
        least = 0.0  # of the empty ladder
        for at in range(tables.starts[i], tables.starts[i + 1]):
            extra[at] = tables.spent[at] - _worth(prices, tables.filled[at])
            least = min(least, extra[at])
        bound += least
        for at in range(tables.starts[i], tables.starts[i + 1]):
            extra[at] -= least
    return extra, bound


@compiled
def _prices(tables: Tables, gap: FloatArray) -> FloatArray:
    """What a share less would cost in each scenario, and half way where the target is met."""
    _, shortfall_penalty, excess_penalty = tables.penalties
    prices = np.empty(len(gap))
    met = NEAR * tables.penalties.target
    for s in range(len(gap)):
        price = 0.5 * (shortfall_penalty - excess_penalty)
        if gap[s] > met:
            price = shortfall_penalty
        elif gap[s] < -met:
            price = -excess_penalty
        prices[s] = tables.weights[s] * price
    return prices


@compiled
def _move(tables: Tables, ladder: int, to: int, gap: FloatArray, rungs: IntArray) -> None:
    base = tables.starts[ladder]
    less, more = tables.filled[base + rungs[ladder]], tables.filled[base + to]
    for s in range(len(gap)):
        gap[s] += less[s] - more[s]
    rungs[ladder] = to


@compiled
def _line_search(
    tables: Tables, ladder: int, radius: int, current: float, gap: FloatArray, rungs: IntArray
) -> float:
    """Move a ladder to its best height within the radius; give the current penalty then."""
    base, here = tables.starts[ladder], rungs[ladder]
    height = tables.starts[ladder + 1] - base - 1
    best, cost = here, tables.spent[base + here] + current
    for n in range(max(0, here - radius), min(height, here + radius) + 1):
        if n != here:
            then = expected_penalty(
                tables, gap, tables.filled[base + here], tables.filled[base + n]
            )
            if tables.spent[base + n] + then < cost - NEAR * (1.0 + abs(cost)):
                best, cost, current = n, tables.spent[base + n] + then, then
    if best != here:
        _move(tables, ladder, best, gap, rungs)
    return current


@compiled
def _exchange(tables: Tables, current: float, gap: FloatArray, rungs: IntArray) -> bool:
    """Choose more rungs of one ladder and fewer of another, by as many rungs as gain most."""
    up, down = _best_pair(tables, current, gap, rungs)
    if up < 0:
        return False
    raised, lowered = tables.starts[up] + rungs[up], tables.starts[down] + rungs[down]
    best, cost = 0, 0.0
    for n in range(1, min(tables.starts[up + 1] - 1 - raised, rungs[down]) + 1):
        then = _exchanged(tables, raised, lowered, n, gap)
        if then < cost - NEAR * (1.0 + abs(cost)):
            best, cost = n, then
    _move(tables, up, rungs[up] + best, gap, rungs)
    _move(tables, down, rungs[down] - best, gap, rungs)
    return True


@compiled
def _best_pair(tables: Tables, current: float, gap: FloatArray, rungs: IntArray) -> tuple[int, int]:
    """The ladders of which one rung more and one less gain most together; -1 where none gain."""
    ladders, prices = len(rungs), _prices(tables, gap)
    more, less = np.empty((ladders, len(gap))), np.empty((ladders, len(gap)))
    dearer, cheaper = np.full(ladders, np.inf), np.full(ladders, np.inf)
    rise, fall = np.full(ladders, np.inf), np.full(ladders, np.inf)
    for i in range(ladders):
        at = tables.starts[i] + rungs[i]
        if at + 1 < tables.starts[i + 1]:
            dearer[i] = _rung(tables, at + 1, more[i])
            rise[i] = dearer[i] - _worth(prices, more[i])
        if rungs[i] > 0:
            cheaper[i] = -_rung(tables, at, less[i])
            fall[i] = cheaper[i] + _worth(prices, less[i])
    near = NEAR * (1.0 + abs(spent_on(tables, rungs) + current))
    least, up, down = -near, -1, -1
    for i in range(ladders):
        for k in range(ladders):
            # A bound, then a quick sum, leave out what cannot help before it is summed in turn.
            if k == i or rise[i] + fall[k] >= least + near:
                continue
            about = (
                dearer[i] + cheaper[k] + expected_penalty(tables, gap, less[k], more[i]) - current
            )
            if about >= least + near:
                continue
            at, left = tables.starts[i] + rungs[i], tables.starts[k] + rungs[k]
            change = _exchanged(tables, at, left, 1, gap)
            if change < least:
                least, up, down = change, i, k
    return up, down


@compiled
def _rung(tables: Tables, at: int, fills: FloatArray) -> float:
    """Write what the rung below a height executes; give its dollars."""
    for s in range(len(fills)):
        fills[s] = tables.filled[at, s] - tables.filled[at - 1, s]
    spent: float = tables.spent[at] - tables.spent[at - 1]
    return spent


@compiled
def _exchanged(tables: Tables, up: int, down: int, rungs: int, gap: FloatArray) -> float:
    """Change in cost where so many rungs are exchanged between two heights in the tables.

    Exchanges often tie, as takes at one price do, and then rounding decides: it is summed scenario
    by original scenario, so that it decides alike whichever scenarios have become one.
    """
    filled = tables.filled
    _, shortfall_penalty, excess_penalty = tables.penalties
    change: float = tables.spent[up + rungs] - tables.spent[up]
    change += tables.spent[down - rungs] - tables.spent[down]
    for original in range(len(tables.column_of)):
        s, likely = tables.column_of[original], tables.probabilities[original]
        more = filled[up + rungs, s] - filled[up, s]
        short = gap[s] - more + (filled[down, s] - filled[down - rungs, s])
        rise, fall = shortfall_penalty * likely, -excess_penalty * likely
        now = max(rise * gap[s], fall * gap[s])
        change += max(rise * short, fall * short) - now
    return change


@compiled
def _force(tables: Tables, cost: float, steps: int, rungs: IntArray) -> tuple[bool, int]:
    """Force one ladder a rung up or down and let all others answer; keep the first that gains.

    Tells whether one does, and the steps left, below 0 if it was cut short. So one whole rung can
    take the place of several odd ones, which no exchange of two brings about.
    """
    gap = gap_of(tables, rungs)
    extra, bound = extra_costs(tables, _prices(tables, gap))
    enough = cost - NEAR * (1.0 + abs(cost))
    tried, left = rungs.copy(), gap.copy()
    for i in range(len(rungs)):
        for step in (1, -1):
            at = tables.starts[i] + rungs[i] + step
            if not tables.starts[i] <= at < tables.starts[i + 1] or bound + extra[at] >= enough:
                continue
            steps -= len(rungs) * (2 * _ANSWERS + 1) * len(gap)
            if steps < 0:
                return False, steps
            copy_rungs(rungs, tried)
            for s in range(len(gap)):
                left[s] = gap[s]
            _move(tables, i, rungs[i] + step, left, tried)
            current = penalty_at(tables, left)
            for k in range(len(rungs)):
                if k != i:
                    current = _line_search(tables, k, _ANSWERS, current, left, tried)
            if spent_on(tables, tried) + current < enough:
                copy_rungs(tried, rungs)
                return True, steps
    return False, steps
