"""The kernel's splits: how the shares that are due are sent to venues."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sor_opt.allocators.cores.knapsack import STEPS
from sor_opt.allocators.fast import FREE, climb
from sor_opt.backtest.kernel.book import BookState
from sor_opt.backtest.kernel.changes import Ahead, Ladders, next_excess, next_shortfall
from sor_opt.compiled import compiled
from sor_opt.market.book import DUST, cheapest
from sor_opt.market.tape import FloatArray
from sor_opt.model.static import count_rungs, write_rungs


class Rules(NamedTuple):
    """Fees per order and venue, $/share, and the replay's rules; times in ns, -1 for no limit."""

    taker: FloatArray
    rebate: FloatArray
    max_quote_age: int
    refill_all: bool
    slice: int


class Static(NamedTuple):
    """The static split, flat, and how far to look ahead in it, if at all."""

    fraction: bool
    step: float
    strict: bool
    relative_to_mid: bool


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


@compiled
def split_static(
    book: BookState,
    taker: FloatArray,
    rebate: FloatArray,
    static: Static,
    mid: float,
    due: float,
    penalties: FloatArray,
    sent: FloatArray,
    ahead: Ahead | None,
    order: int,
) -> None:
    """The static model's cheapest split (`sor_opt.model.static`).

    `penalties` are shortfall and excess in the policy's unit. With `ahead`, note at which others
    the split would change.
    """
    venues = len(sent)
    unit = abs(mid) if static.fraction else 1.0
    shortfall, excess = penalties[0] * unit, penalties[1] * unit
    reference = mid if static.relative_to_mid else 0.0
    price = np.empty(venues)
    offsets = np.zeros(venues + 1, dtype=np.int64)
    for k in range(venues):
        price[k] = book.ask[k] - reference + taker[k]
        # Without a rebate a rung pays only below the shortfall penalty; the free space leaves
        # out the venues that cannot pay, so that most snapshots end here.
        hopeless = not static.strict and price[k] >= shortfall and rebate[k] <= 0
        count = 0 if hopeless else count_rungs(book.ask_left[k], static.step, static.strict)
        offsets[k + 1] = offsets[k] + count
        if ahead is not None and hopeless and book.ask_left[k] > 0:
            ahead.found[order, 0] = min(ahead.found[order, 0], price[k] / unit)
        sent[k] = 0.0
    if offsets[venues] == 0:
        return
    fills, costs = np.empty(offsets[venues]), np.empty(offsets[venues])
    for k in range(venues):
        count = offsets[k + 1] - offsets[k]
        left = book.ask_left[k]
        write_rungs(price[k], left, rebate[k], static.step, count, offsets[k], fills, costs)
    exact = FREE
    if static.strict:
        exact = count_rungs(due, static.step, True)
        if exact != count_rungs(due, static.step, False):
            return
    rungs = np.zeros(venues, dtype=np.int64)
    if climb(offsets, fills, costs, due, shortfall, excess, exact, STEPS, rungs)[0] == np.inf:
        return
    for k in range(venues):
        sent[k] = rungs[k] * static.step
    if ahead is not None and not static.strict:
        # Every strict split executes the target exactly: no penalty can change it.
        # A change beyond one that was found before is of no interest.
        found = ahead.found[order]
        ceilings = min(found[0], ahead.shortfall) * unit, min(found[1], ahead.excess) * unit
        ladders = Ladders(offsets, fills, costs, due)
        under = next_shortfall(ladders, shortfall, excess, ceilings[0], rungs)
        over = next_excess(ladders, shortfall, excess, ceilings[1], rungs)
        found[0], found[1] = min(found[0], under / unit), min(found[1], over / unit)
