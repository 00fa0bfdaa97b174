"""Executions: what is bought, what is given back, and the log of both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.backtest.core.impact import note_bought, raised_at
from sor_opt.backtest.core.state import Inputs, Run
from sor_opt.backtest.replay import EXCESS
from sor_opt.compiled import compiled
from sor_opt.market.book import take_ask, take_bid
from sor_opt.market.feed import Records, record_type
from sor_opt.market.tape import IntArray

EXECUTION = record_type(
    ("ts", np.int64),
    ("order", np.int64),
    ("venue", np.int64),
    ("reason", np.int64),
    ("price", np.float64),
    ("shares", np.float64),
)


class Log(NamedTuple):
    """Executions, of dtype `EXECUTION`.

    ``total[0]`` of them happened; those beyond the room are counted and not kept.
    """

    rows: Records
    total: IntArray


def make_room(executions: int) -> Log:
    """A log with room for so many."""
    return Log(np.empty(executions, EXECUTION), np.zeros(1, np.int64))


@compiled
def settle(shares: float, change: float, dust: float) -> float:
    """Add shares to others; what rounding leaves of fractional lots is nothing."""
    shares += change
    return 0.0 if abs(shares) <= dust else shares


@compiled
def buy(inputs: Inputs, run: Run, log: Log, reason: int) -> float:
    """Execute what is to be taken, up to what is left; give the shares bought."""
    now, bought = inputs.states[run.order].now, 0.0
    raised = raised_at(run.raised[0], now, inputs)
    for k in range(len(run.book)):
        venue = run.book[k]
        shares = min(run.venues[k].take, venue.ask_left)
        if shares > 0:
            take_ask(venue, shares, now)
            record(log, now, run.order, k, reason, venue.ask + raised, shares)
            run.venues[k].sent += shares
            bought += shares
            note_bought(inputs, run, shares, now)
    return bought


@compiled
def sell_excess(log: Log, run: Run, excess: float, now: int, dust: float) -> float:
    """Give back at the best bids what was bought too much; give the shares sold."""
    sold = 0.0
    while excess - sold > dust:
        k = dearest_bid(run)
        if k < 0:
            break
        venue = run.book[k]
        shares = min(excess - sold, venue.bid_left)
        take_bid(venue, shares, now)
        record(log, now, run.order, k, EXCESS, venue.bid, -shares)
        sold += shares
    return sold


@compiled
def dearest_bid(run: Run) -> int:
    """The venue with something left at the highest bid, then the lowest fee; -1 if none."""
    best = -1
    for k in range(len(run.book)):
        venue, fee = run.book[k], run.venues[k].taker
        if venue.bid_left > 0 and (
            best < 0
            or venue.bid > run.book[best].bid
            or (venue.bid == run.book[best].bid and fee < run.venues[best].taker)
        ):
            best = k
    return best


@compiled
def record(
    log: Log, ts: int, order: int, venue: int, reason: int, price: float, shares: float
) -> None:
    """Append to the log; beyond its room only count."""
    i = log.total[0]
    log.total[0] += 1
    if i < len(log.rows):
        row = log.rows[i]
        row.ts, row.order, row.venue, row.reason = ts, order, venue, reason
        row.price, row.shares = price, shares
