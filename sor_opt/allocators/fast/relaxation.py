"""The Lagrangian relaxation of a ladder problem of one scenario: prices, and a first selection."""

from __future__ import annotations

import numpy as np

from sor_opt.allocators.fast.selections import (
    NEAR,
    Penalties,
    copy_rungs,
    penalty,
    select_each,
    sum_selection,
)
from sor_opt.compiled import compiled, inlined
from sor_opt.market.tape import FloatArray, IntArray

_PRICE_STEPS = 20
"""Bisections of an exact-total problem's share price; only the bound's tightness hangs on it."""


@compiled
def bracket(
    offsets: IntArray,
    weights: FloatArray,
    costs: FloatArray,
    goal: float,
    low: IntArray,
    high: IntArray,
) -> float:
    """Tighten `low` and `high` to the two selections of one price whose weights enclose the goal.

    Gives that price: the slope of the lower convex hull of (weight, cost) over the goal.
    """
    middle = np.empty(len(low), np.int64)
    low_weight, low_spent = sum_selection(offsets, weights, costs, low)
    high_weight, high_spent = sum_selection(offsets, weights, costs, high)
    price = 0.0
    while high_weight > low_weight:
        price = (high_spent - low_spent) / (high_weight - low_weight)
        weight, spent = select_each(offsets, weights, costs, price, middle)
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


@inlined
def price_exact(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    penalties: Penalties,
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
    floor, ceiling = -penalties.excess_penalty, penalties.shortfall_penalty
    price = rung_price = 0.0
    for _ in range(_PRICE_STEPS):
        price = 0.5 * (floor + ceiling)
        for j in range(size):
            ones[j], reduced[j] = 1.0, costs[j] - price * fills[j]
        for i in range(len(low)):
            low[i], high[i] = 0, offsets[i + 1] - offsets[i]
        rung_price = bracket(offsets, ones, reduced, exact, low, high)
        best_between(offsets, fills, costs, penalties, exact, low, high, rungs)
        if sum_selection(offsets, fills, costs, rungs)[0] < penalties.target:
            floor = price
        else:
            ceiling = price
    for j in range(size):
        reduced[j] = costs[j] - rung_price
    return price, reduced


@compiled
def best_between(
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
    penalties: Penalties,
    exact: int,
    low: IntArray,
    high: IntArray,
    rungs: IntArray,
) -> None:
    """Raise `low` to `high`, rung by rung; keep the cheapest admissible selection in `rungs`."""
    executed, spent = sum_selection(offsets, fills, costs, low)
    chosen = 0
    for i in range(len(low)):
        chosen += low[i]
    best = np.inf
    for i in range(len(low)):
        while True:
            cost = spent + penalty(executed, penalties)
            if cost < best and (exact < 0 or chosen == exact):
                best = cost
                copy_rungs(low, rungs)
            if low[i] >= high[i]:
                break
            executed += fills[offsets[i] + low[i]]
            spent += costs[offsets[i] + low[i]]
            chosen += 1
            low[i] += 1
