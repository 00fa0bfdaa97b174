"""The kernel's executions: what is bought, what is given back, and the log of both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.backtest.base import EXCESS
from sor_opt.backtest.kernel.book import BookState, left_of
from sor_opt.compiled import compiled
from sor_opt.market.book import cheapest
from sor_opt.market.tape import FloatArray, IntArray


class Log(NamedTuple):
    """Executions: ``keys[i] = ts, order, venue, reason``, ``amounts[i] = price, shares``.

    ``total[0]`` of them happened; those beyond the room are counted and not kept.
    """

    keys: IntArray
    amounts: FloatArray
    total: IntArray


def make_room(executions: int) -> Log:
    """A log with room for so many."""
    return Log(
        np.empty((executions, 4), np.int64), np.empty((executions, 2)), np.zeros(1, np.int64)
    )


@compiled
def settle(remaining: float, change: float, dust: float) -> float:
    """Count shares; what rounding leaves of fractional lots is nothing."""
    remaining += change
    return 0.0 if abs(remaining) <= dust else remaining


@compiled
def buy(log: Log, book: BookState, sent: FloatArray, now: int, order: int, reason: int) -> float:
    """Execute what was sent, up to the display; return the shares bought."""
    bought, ask, left, taken = 0.0, book.ask, book.ask_left, book.ask_taken
    for k in range(len(sent)):
        shares = min(sent[k], left[k])
        if shares > 0:
            taken[k] += shares
            record(log, now, order, k, reason, ask[k], shares)
            bought += shares
    return bought


@compiled
def sell_excess(
    log: Log, book: BookState, taker: FloatArray, excess: float, now: int, order: int, dust: float
) -> float:
    """Give back at the best bids what was bought too much; return the shares sold."""
    sold = 0.0
    while excess - sold > dust:
        k = cheapest(-book.bid, book.bid_left, taker)
        if k < 0:
            break
        shares = min(excess - sold, book.bid_left[k])
        book.bid_taken[k] += shares
        book.bid_left[k] = left_of(book.bid_size[k], book.bid_taken[k])
        record(log, now, order, k, EXCESS, book.bid[k], -shares)
        sold += shares
    return sold


@compiled
def record(
    log: Log, now: int, order: int, venue: int, reason: int, price: float, shares: float
) -> None:
    """Append to the log; beyond its room only count."""
    i = log.total[0]
    log.total[0] += 1
    if i < len(log.keys):
        log.keys[i, 0], log.keys[i, 1] = now, order
        log.keys[i, 2], log.keys[i, 3] = venue, reason
        log.amounts[i, 0], log.amounts[i, 1] = price, shares
