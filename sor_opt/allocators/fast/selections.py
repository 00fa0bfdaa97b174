"""Selections of rungs on plain arrays: what the solvers of one scenario need to know of them.

A selection is the number of rungs chosen on each ladder, shape (I,).
"""

from __future__ import annotations

from typing import NamedTuple

from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import Status

NEAR = 1e-12
"""Two sums of dollars that differ by less, relative to 1 + their size, differ by rounding."""


class Penalties(NamedTuple):
    """The target in shares, and what a share below and above it costs, $/share."""

    target: float
    shortfall_penalty: float
    excess_penalty: float


class Proof(NamedTuple):
    """The best selection found, its cost, a lower bound of all costs, what the two say."""

    rungs: IntArray
    cost: float
    bound: float
    status: Status


@compiled
def penalty(executed: float, penalties: Penalties) -> float:
    """Dollars for shares short of the target, or beyond it."""
    gap = penalties.target - executed
    return penalties.shortfall_penalty * gap if gap > 0.0 else -penalties.excess_penalty * gap


@compiled
def sum_selection(
    offsets: IntArray, weights: FloatArray, costs: FloatArray, rungs: IntArray
) -> tuple[float, float]:
    """Weight and cost of the chosen rungs."""
    weight = spent = 0.0
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i] + rungs[i]):
            weight += weights[j]
            spent += costs[j]
    return weight, spent


@compiled
def select_each(
    offsets: IntArray, weights: FloatArray, costs: FloatArray, price: float, rungs: IntArray
) -> tuple[float, float]:
    """Choose each ladder's rungs up to its lowest, then first, minimum of cost - price x weight.

    Gives weight and cost of the selection.
    """
    weight = spent = 0.0
    for i in range(len(offsets) - 1):
        best = offsets[i]
        weight_ahead = spent_ahead = 0.0
        for j in range(offsets[i], offsets[i + 1]):
            weight_ahead += weights[j]
            spent_ahead += costs[j]
            worth = price * weight_ahead
            if spent_ahead - worth < -NEAR * (1.0 + abs(worth)):
                best = j + 1
                weight += weight_ahead
                spent += spent_ahead
                weight_ahead = spent_ahead = 0.0
        rungs[i] = best - offsets[i]
    return weight, spent


@compiled
def copy_rungs(source: IntArray, into: IntArray) -> None:
    """Write one selection over another, as far as both go: what the caller gave may be longer.

    A slice that is assigned takes a second to compile.
    """
    for i in range(min(len(source), len(into))):
        into[i] = source[i]
