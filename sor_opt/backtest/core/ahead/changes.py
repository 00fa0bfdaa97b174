"""Where a static split would next change, as a penalty grows.

The optimum's cost is a concave, piecewise linear function of a penalty; its next kink beyond the
present value is found by intersecting lines (Eisner & Severance, "Mathematical techniques for
efficient record segmentation in large shared databases", JACM 23(4), 1976).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.backtest.core.ahead.memory import Memory
from sor_opt.backtest.core.ahead.saves import Saves
from sor_opt.compiled import compiled, inlined
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import TOLERANCE
from sor_opt.policies.routers.static import SingleProblem

_SAME = 1e-12
"""Two crossing points that differ by less, relatively, are one."""


class Ahead(NamedTuple):
    """How far to look ahead, and what was found; penalties in the policy's unit.

    ``found = shortfall, excess``: no split of the order changes while the shortfall penalty stays
    at or below the one, or the excess penalty below the other. A found value may turn out to
    change nothing; a change is missed only where the solver takes it for a tie. The memory holds
    splits that were found under the same ceilings; the saves are those of the last
    replay.
    """

    shortfall: float
    excess: float
    found: FloatArray
    memory: Memory
    saves: Saves


@inlined
def next_changes(
    problem: SingleProblem,
    rungs: IntArray,
    price: FloatArray,
    left: FloatArray,
    unit: float,
    shortfall_penalty: float,
    excess_penalty: float,
    ahead: Ahead,
) -> tuple[float, float]:
    """The next shortfall and excess penalty, in the policy's unit, at which `rungs` may change.

    The present ones, `price` and `unit` are in $/share; a venue that cannot pay has no rungs yet:
    it gets them when the penalty reaches its price.
    """
    first = np.inf
    for k in range(len(price)):
        if left[k] > 0 and problem.offsets[k] == problem.offsets[k + 1]:
            first = min(first, price[k] / unit)
    top = min(first, ahead.shortfall) * unit
    shortfall = next_shortfall(problem, shortfall_penalty, excess_penalty, top, rungs)
    top = ahead.excess * unit
    excess = next_excess(problem, shortfall_penalty, excess_penalty, top, rungs)
    return min(first, shortfall / unit), excess / unit


@compiled
def next_shortfall(
    problem: SingleProblem,
    shortfall_penalty: float,
    excess_penalty: float,
    ceiling: float,
    rungs: IntArray,
) -> float:
    """The next shortfall penalty beyond this one at which `rungs` may stop being the optimum.

    Infinite where there is none up to `ceiling`.
    """
    if ceiling <= shortfall_penalty or _filled(problem, rungs) >= problem.target:
        return np.inf
    slope = np.inf
    for i in range(len(problem.offsets) - 1):
        spent = filled = 0.0
        for j in range(problem.offsets[i] + rungs[i], problem.offsets[i + 1]):
            spent += problem.costs[j]
            filled += problem.fills[j]
            if filled > 0:
                slope = min(slope, spent / filled)
    # Where no ladder on its own gets another rung, none does until the least slope.
    if slope >= shortfall_penalty:
        return slope if slope <= ceiling else np.inf
    return _kink(problem, excess_penalty, ceiling, True, rungs)


@compiled
def next_excess(
    problem: SingleProblem,
    shortfall_penalty: float,
    excess_penalty: float,
    ceiling: float,
    rungs: IntArray,
) -> float:
    """The next excess penalty beyond this one at which `rungs` stops being the optimum.

    Infinite where there is none up to `ceiling`.
    """
    if ceiling <= excess_penalty or _filled(problem, rungs) <= problem.target:
        return np.inf
    return _kink(problem, shortfall_penalty, ceiling, False, rungs)


@compiled
def _kink(
    problem: SingleProblem,
    other: float,
    ceiling: float,
    of_shortfall: bool,
    rungs: IntArray,
) -> float:
    """Where the line of `rungs` meets the lower envelope of all lines again.

    A selection's line: its cost with the other penalty, plus the growing penalty times what it
    misses the target by.
    """
    offsets, fills, costs, target = problem
    best = np.empty_like(rungs)
    fixed, deviation = _line(problem, other, of_shortfall, rungs)
    top, kink = ceiling, np.inf
    while True:
        shortfall_penalty, excess_penalty = (top, other) if of_shortfall else (other, top)
        solve_single(offsets, fills, costs, target, shortfall_penalty, excess_penalty, FREE, best)
        lower, flatter = _line(problem, other, of_shortfall, best)
        if flatter >= deviation:
            return kink
        crossing = (lower - fixed) / (deviation - flatter)
        # A little beyond the crossing the solver still takes the two for a tie.
        tie = TOLERANCE * max(1.0, abs(lower + crossing * flatter))
        kink = crossing + tie / (deviation - flatter)
        if crossing >= top * (1 - _SAME):
            return kink
        top = crossing


@compiled
def _line(
    problem: SingleProblem,
    other: float,
    of_shortfall: bool,
    rungs: IntArray,
) -> tuple[float, float]:
    """Cost with the other penalty alone, and the deviation that the growing penalty multiplies."""
    spent = 0.0
    for i in range(len(problem.offsets) - 1):
        for j in range(problem.offsets[i], problem.offsets[i] + rungs[i]):
            spent += problem.costs[j]
    gap = problem.target - _filled(problem, rungs)
    short, long = max(gap, 0.0), max(-gap, 0.0)
    return (spent + other * long, short) if of_shortfall else (spent + other * short, long)


@compiled
def _filled(problem: SingleProblem, rungs: IntArray) -> float:
    filled = 0.0
    for i in range(len(problem.offsets) - 1):
        for j in range(problem.offsets[i], problem.offsets[i] + rungs[i]):
            filled += problem.fills[j]
    return filled
