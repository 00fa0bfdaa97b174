"""The kernel's splits: how the shares that are due are sent to venues."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.backtest.kernel.book import BookState
from sor_opt.backtest.kernel.changes import Ahead, Ladders, next_changes
from sor_opt.backtest.kernel.memory import look_up, store
from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import DUST, cheapest
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.static import count_rungs, write_rungs


class Rules(NamedTuple):
    """Fees per order and venue, $/share, and the replay's rules; times in ns, -1 for no limit."""

    taker: FloatArray
    rebate: FloatArray
    max_quote_age: int
    refill_all: bool
    slice: int


class Static(NamedTuple):
    """The static split, flat."""

    fraction: bool
    step: float
    strict: bool
    relative_to_mid: bool


class Asks(NamedTuple):
    """What the static split reads of an order's book; arrays of shape (K,) that the book renews.

    Attributes
    ----------
    price, left : float64 ndarray
        Asks, $/share, and the shares that are live there and not taken.
    taker, rebate : float64 ndarray
        $/share.
    """

    price: FloatArray
    left: FloatArray
    taker: FloatArray
    rebate: FloatArray


@compiled
def split_best_ask(book: BookState, taker: FloatArray, due: float, sent: FloatArray) -> None:
    """Everything to the venue with the lowest ask that still displays something."""
    sent[:] = 0.0
    venue = cheapest(book.ask, book.ask_left, taker)
    if venue >= 0:
        sent[venue] = due


@compiled
def split_by_size(book: BookState, taker: FloatArray, due: float, sent: FloatArray) -> None:
    """In proportion to display, whole shares; the rounding's rest at the lowest asks."""
    shown = 0.0
    for left in book.ask_left:
        shown += left
    if due >= shown:
        for k in range(len(sent)):
            sent[k] = book.ask_left[k]
        return
    rest = due
    unused = np.empty(len(sent))
    for k in range(len(sent)):
        sent[k] = math.floor(due * book.ask_left[k] / shown)
        unused[k] = book.ask_left[k] - sent[k]
        rest -= sent[k]
    while rest > DUST * due:
        k = cheapest(book.ask, unused, taker)
        if k < 0:
            return
        extra = min(rest, unused[k])
        sent[k] += extra
        unused[k] -= extra
        rest -= extra


@inlined
def split_static(
    asks: Asks,
    static: Static,
    mid: float,
    due: float,
    penalties: FloatArray,
    sent: FloatArray,
) -> None:
    """The static model's cheapest split (`sor_opt.models.static`).

    `penalties` are shortfall and excess in the policy's unit.
    """
    price, unit = _prices(asks, static, mid)
    shortfall, excess = penalties[0] * unit, penalties[1] * unit
    _, rungs = _solve(price, asks, static, due, shortfall, excess)
    for k in range(len(sent)):
        sent[k] = rungs[k] * static.step


@compiled
def split_ahead(
    asks: Asks,
    static: Static,
    mid: float,
    due: float,
    penalties: FloatArray,
    sent: FloatArray,
    ahead: Ahead,
) -> None:
    """`split_static`, from memory where it is known; note at which penalties it would change."""
    memory, found = ahead.memory, ahead.found
    price, unit = _prices(asks, static, mid)
    slot, known = look_up(memory, price, asks.left, due, unit, penalties)
    if not known:
        under, over = penalties[0] * unit, penalties[1] * unit
        ladders, rungs = _solve(price, asks, static, due, under, over)
        shortfall = excess = np.inf
        # Every strict split executes the target exactly: no penalty can change it.
        if not static.strict:
            shortfall, excess = next_changes(
                ladders, rungs, price, asks.left, unit, under, over, ahead
            )
        for k in range(len(sent)):
            memory.sent[slot, k] = rungs[k] * static.step
        store(memory, slot, penalties[0], shortfall, excess)
    for k in range(len(sent)):
        sent[k] = memory.sent[slot, k]
    found[0] = min(found[0], memory.holds[slot, 1])
    found[1] = min(found[1], memory.holds[slot, 2])


@compiled
def _prices(asks: Asks, static: Static, mid: float) -> tuple[FloatArray, float]:
    """Price of a share per venue, 0 where none is left, and the dollars of a penalty of 1."""
    reference = mid if static.relative_to_mid else 0.0
    ask, left, taker, _ = asks
    price = np.zeros(len(taker))
    for k in range(len(price)):
        if left[k] > 0:
            price[k] = ask[k] - reference + taker[k]
    return price, abs(mid) if static.fraction else 1.0


@inlined
def _solve(
    price: FloatArray,
    asks: Asks,
    static: Static,
    due: float,
    shortfall: float,
    excess: float,
) -> tuple[Ladders, IntArray]:
    """The ladders over what is left, and the rungs to climb, none where that is infeasible."""
    venues, left, rebate = len(price), asks.left, asks.rebate
    offsets, rungs = np.zeros(venues + 1, dtype=np.int64), np.zeros(venues, dtype=np.int64)
    for k in range(venues):
        # Without a rebate a rung pays only below the shortfall penalty; the free space leaves
        # out the venues that cannot pay, so that most snapshots end here.
        hopeless = not static.strict and price[k] >= shortfall and rebate[k] <= 0
        count = 0 if hopeless else count_rungs(left[k], static.step, static.strict)
        offsets[k + 1] = offsets[k] + count
    fills, costs = np.empty(offsets[venues]), np.empty(offsets[venues])
    ladders = Ladders(offsets, fills, costs, due)
    if offsets[venues] == 0:
        return ladders, rungs
    for k in range(venues):
        count = offsets[k + 1] - offsets[k]
        write_rungs(price[k], left[k], rebate[k], static.step, count, offsets[k], fills, costs)
    exact = FREE
    if static.strict:
        exact = count_rungs(due, static.step, True)
        if exact != count_rungs(due, static.step, False):
            return ladders, rungs
    solve_single(offsets, fills, costs, due, shortfall, excess, exact, rungs)
    return ladders, rungs
