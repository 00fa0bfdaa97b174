"""What single-scenario solvers ask of a climb, on plain arrays."""

from __future__ import annotations

from typing import NamedTuple

from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray

NEAR = 1e-12
"""Two sums of dollars that differ by less, relative to 1 + their size, differ by rounding."""


class Miss(NamedTuple):
    """The target in shares, and what a share below and above it costs in dollars."""

    target: float
    under: float
    over: float


@compiled
def penalty(executed: float, miss: Miss) -> float:
    """Dollars for missing the target."""
    gap = miss.target - executed
    return miss.under * gap if gap > 0.0 else -miss.over * gap


@compiled
def climb_sums(
    offsets: IntArray, weights: FloatArray, costs: FloatArray, rungs: IntArray
) -> tuple[float, float]:
    """Weight and cost of the climbed rungs."""
    weight = spent = 0.0
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i] + rungs[i]):
            weight += weights[j]
            spent += costs[j]
    return weight, spent


@compiled
def climb_each(
    offsets: IntArray, weights: FloatArray, costs: FloatArray, price: float, rungs: IntArray
) -> tuple[float, float]:
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
            if spent_ahead - worth < -NEAR * (1.0 + abs(worth)):
                best = j + 1
                weight += weight_ahead
                spent += spent_ahead
                weight_ahead = spent_ahead = 0.0
        rungs[i] = best - offsets[i]
    return weight, spent


@compiled
def copy_rungs(source: IntArray, into: IntArray) -> None:
    """Write one climb over another, as far as both go: what the caller gave may be longer.

    A slice that is assigned takes a second to compile.
    """
    for i in range(min(len(source), len(into))):
        into[i] = source[i]
