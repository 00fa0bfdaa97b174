"""The fast engine: `engine.replay` with the fast allocator, compiled.

It keeps to `engine` execution by execution; tests hold the two equal. Read `engine` first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sor_opt.allocators.fast import solve_ladders
from sor_opt.backtest.base import EXCESS, ROUTE, SWEEP, Market, Replay
from sor_opt.backtest.policies import Policy, Split
from sor_opt.market.book import Feed
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.model.static import count_rungs, write_rungs

_BEST_ASK, _BY_SIZE = int(Split.BEST_ASK), int(Split.BY_SIZE)
_NEVER = np.iinfo(np.int64).max
_NO_LIMIT = -1
_USUAL_EXECUTIONS = 64
"""Room for the log, per order; a replay that needs more is run once more with enough."""


class _Orders(NamedTuple):
    size: float
    horizon: int
    starts: IntArray
    deadlines: IntArray
    first_row: IntArray
    standing: IntArray


class _Rules(NamedTuple):
    taker: FloatArray
    rebate: FloatArray
    max_quote_age: int
    refill_all: bool
    slice: int


class _Route(NamedTuple):
    split: int
    paced: bool
    shortfall: float
    excess: float
    fraction: bool
    step: float
    strict: bool
    relative_to_mid: bool


class _Book(NamedTuple):
    """Last quotes per venue; `left` is what is live and not taken, as of the last look."""

    quoted_at: IntArray
    bid: FloatArray
    bid_size: FloatArray
    ask: FloatArray
    ask_size: FloatArray
    bid_taken: FloatArray
    ask_taken: FloatArray
    bid_left: FloatArray
    ask_left: FloatArray


class _Log(NamedTuple):
    """Executions: ``keys[i] = ts, order, venue, reason``, ``amounts[i] = price, shares``.

    ``count[0]`` of them happened; those beyond the room are counted and not kept.
    """

    keys: IntArray
    amounts: FloatArray
    count: IntArray


def replay(market: Market, policy: Policy) -> Replay:
    """Replay every order of `market`; a static policy is split by the fast allocator."""
    orders, params = market.orders, market.params
    limit = _NO_LIMIT if params.max_quote_age is None else params.max_quote_age
    static, risk = policy.static, policy.risk
    given = (
        market.feed,
        _Orders(
            float(orders.size),
            orders.horizon,
            orders.starts,
            orders.deadlines,
            market.first_row,
            market.standing,
        ),
        _Rules(market.taker, market.rebate, limit, params.refill == "every-snapshot", params.slice),
        _Route(
            int(policy.split),
            policy.paced,
            risk.shortfall,
            risk.excess,
            risk.unit == "fraction",
            float(static.step),
            static.strict,
            static.relative_to_mid,
        ),
    )
    log = _room(_USUAL_EXECUTIONS * len(orders))
    mids, counts = _replay(*given, log)
    executions = int(log.count[0])
    if executions > len(log.keys):
        log = _room(executions)
        mids, counts = _replay(*given, log)
    keys, amounts = log.keys[:executions], log.amounts[:executions]
    return Replay(
        ts=keys[:, 0],
        order=keys[:, 1],
        venue=keys[:, 2],
        reason=keys[:, 3],
        price=amounts[:, 0],
        shares=amounts[:, 1],
        arrival=mids[:, 0],
        last_mid=mids[:, 1],
        snapshots=counts[:, 0],
        crossed=counts[:, 1],
        empty=counts[:, 2],
    )


def _room(executions: int) -> _Log:
    return _Log(np.empty((executions, 4), np.int64), np.empty((executions, 2)), np.zeros(1, np.int64))


@njit(cache=True)
def _replay(
    feed: Feed, orders: _Orders, rules: _Rules, route: _Route, log: _Log
) -> tuple[FloatArray, IntArray]:  # pragma: no cover
    """Fill the log; return arrival and last mids, and counts of snapshots, crossed and empty."""
    n = len(orders.starts)
    mids = np.full((n, 2), np.nan)
    counts = np.zeros((n, 3), dtype=np.int64)
    sent = np.zeros(len(rules.taker))
    for order in range(n):
        book = _open_book(feed, orders.standing[order])
        remaining = orders.size
        row = orders.first_row[order]
        start = orders.starts[order]
        horizon_end = start + orders.horizon
        now = timer = start
        while now <= orders.deadlines[order]:
            best_bid, best_ask = _look(book, now, rules.max_quote_age)
            counts[order, 0] += 1
            counts[order, 1] += best_bid > best_ask
            counts[order, 2] += best_ask == np.inf
            if best_bid <= best_ask < np.inf:
                mid = (best_bid + best_ask) / 2
                mids[order, 1] = mid
                if math.isnan(mids[order, 0]):
                    mids[order, 0] = mid
                if remaining > 0 and now >= horizon_end:
                    _split_best_ask(book, rules.taker, remaining, sent)
                    remaining -= _buy(log, book, sent, now, order, SWEEP)
                elif remaining > 0:
                    due = _due(orders, rules.slice, route.paced, now - start, remaining)
                    if due > 0:
                        if route.split == _BEST_ASK:
                            _split_best_ask(book, rules.taker, due, sent)
                        elif route.split == _BY_SIZE:
                            _split_by_size(book, rules.taker, due, sent)
                        else:
                            _split_static(book, rules, route, mid, due, sent)
                        remaining -= _buy(log, book, sent, now, order, ROUTE)
                if remaining < 0:
                    remaining += _sell_excess(log, book, rules.taker, -remaining, now, order)
                if remaining == 0:
                    break
            upcoming = min(timer + rules.slice, horizon_end) if timer < horizon_end else _NEVER
            now = min(feed.ts[row], upcoming) if row < len(feed.ts) else upcoming
            while row < len(feed.ts) and feed.ts[row] == now:
                _apply(book, feed, row, rules.refill_all)
                row += 1
            if now == upcoming:
                timer = upcoming
    return mids, counts


@njit(cache=True)
def _open_book(feed: Feed, standing: IntArray) -> _Book:  # pragma: no cover
    """The book of the quotes that stand when an order starts."""
    venues = len(standing)
    book = _Book(
        np.zeros(venues, dtype=np.int64),
        np.full(venues, np.nan),
        np.zeros(venues),
        np.full(venues, np.nan),
        np.zeros(venues),
        np.zeros(venues),
        np.zeros(venues),
        np.zeros(venues),
        np.zeros(venues),
    )
    for row in standing:
        if row >= 0:
            _apply(book, feed, row, False)
    return book


@njit(cache=True)
def _apply(book: _Book, feed: Feed, row: int, refill_all: bool) -> None:  # pragma: no cover
    venue = feed.venue[row]
    book.quoted_at[venue] = feed.ts[row]
    book.bid[venue], book.bid_size[venue] = feed.bid[row], feed.bid_size[row]
    book.ask[venue], book.ask_size[venue] = feed.ask[row], feed.ask_size[row]
    if refill_all:
        book.bid_taken[:] = 0.0
        book.ask_taken[:] = 0.0
    else:
        book.bid_taken[venue] = book.ask_taken[venue] = 0.0


@njit(cache=True)
def _look(book: _Book, now: int, max_age: int) -> tuple[float, float]:  # pragma: no cover
    """Write what is left at each venue; return the best bid and ask (-inf and inf if none)."""
    best_bid, best_ask = -np.inf, np.inf
    for k in range(len(book.ask)):
        live = book.ask_size[k] > 0 and (max_age < 0 or now - book.quoted_at[k] <= max_age)
        book.bid_left[k] = book.bid_size[k] - book.bid_taken[k] if live else 0.0
        book.ask_left[k] = book.ask_size[k] - book.ask_taken[k] if live else 0.0
        if live:
            best_bid, best_ask = max(best_bid, book.bid[k]), min(best_ask, book.ask[k])
    return best_bid, best_ask


@njit(cache=True)
def _due(
    orders: _Orders, slice_: int, paced: bool, elapsed: int, remaining: float
) -> float:  # pragma: no cover
    """Shares that should have been bought by now and are not."""
    if not paced:
        return remaining
    slices = -(-orders.horizon // slice_)
    released = elapsed // slice_ + 1
    scheduled = orders.size
    if released < slices:
        scheduled = orders.size * released // slices
    return scheduled - (orders.size - remaining)


@njit(cache=True)
def _split_best_ask(
    book: _Book, taker: FloatArray, due: float, sent: FloatArray
) -> None:  # pragma: no cover
    """Everything to the venue with the lowest ask that still displays something."""
    sent[:] = 0.0
    venue = _cheapest(book.ask, book.ask_left, taker)
    if venue >= 0:
        sent[venue] = due


@njit(cache=True)
def _split_by_size(
    book: _Book, taker: FloatArray, due: float, sent: FloatArray
) -> None:  # pragma: no cover
    """In proportion to display, whole shares; the rounding's rest at the lowest asks."""
    shown = 0.0
    for left in book.ask_left:
        shown += left
    if due >= shown:
        sent[:] = book.ask_left
        return
    rest = due
    unused = np.empty(len(sent))
    for k in range(len(sent)):
        sent[k] = math.floor(due * book.ask_left[k] / shown)
        unused[k] = book.ask_left[k] - sent[k]
        rest -= sent[k]
    while rest > 0:
        k = _cheapest(book.ask, unused, taker)
        if k < 0:
            return
        extra = min(rest, unused[k])
        sent[k] += extra
        unused[k] -= extra
        rest -= extra


@njit(cache=True)
def _cheapest(
    price: FloatArray, left: FloatArray, taker: FloatArray
) -> int:  # pragma: no cover
    """The venue with something left at the lowest price, then fee, then index; -1 if none."""
    best = -1
    for k in range(len(price)):
        if left[k] > 0 and (
            best < 0
            or price[k] < price[best]
            or (price[k] == price[best] and taker[k] < taker[best])
        ):
            best = k
    return best


@njit(cache=True)
def _split_static(
    book: _Book, rules: _Rules, route: _Route, mid: float, due: float, sent: FloatArray
) -> None:  # pragma: no cover
    """The static model's cheapest split (`sor_opt.model.static`)."""
    venues = len(sent)
    unit = abs(mid) if route.fraction else 1.0
    shortfall, excess = route.shortfall * unit, route.excess * unit
    reference = mid if route.relative_to_mid else 0.0
    price = book.ask - reference + rules.taker
    offsets = np.zeros(venues + 1, dtype=np.int64)
    for k in range(venues):
        # Without a rebate a rung pays only below the shortfall penalty; the free space leaves
        # out the venues that cannot pay, so that most snapshots end here.
        hopeless = not route.strict and price[k] >= shortfall and rules.rebate[k] <= 0
        count = 0 if hopeless else count_rungs(book.ask_left[k], route.step, route.strict)
        offsets[k + 1] = offsets[k] + count
    sent[:] = 0.0
    if offsets[venues] == 0:
        return
    fills, costs = np.empty(offsets[venues]), np.empty(offsets[venues])
    for k in range(venues):
        count = offsets[k + 1] - offsets[k]
        left, rebate = book.ask_left[k], rules.rebate[k]
        write_rungs(price[k], left, rebate, route.step, count, offsets[k], fills, costs)
    exact = -1
    if route.strict:
        exact = int(due // route.step)
        if exact * route.step != due:
            return
    rungs = np.zeros(venues, dtype=np.int64)
    if solve_ladders(offsets, fills, costs, due, shortfall, excess, exact, rungs):
        sent[:] = rungs * route.step


@njit(cache=True)
def _buy(
    log: _Log, book: _Book, sent: FloatArray, now: int, order: int, reason: int
) -> float:  # pragma: no cover
    """Execute what was sent, up to the display; return the shares bought."""
    bought = 0.0
    for k in range(len(sent)):
        shares = min(sent[k], book.ask_left[k])
        if shares > 0:
            book.ask_taken[k] += shares
            _record(log, now, order, k, reason, book.ask[k], shares)
            bought += shares
    return bought


@njit(cache=True)
def _sell_excess(
    log: _Log, book: _Book, taker: FloatArray, excess: float, now: int, order: int
) -> float:  # pragma: no cover
    """Give back at the best bids what was bought too much; return the shares sold."""
    sold = 0.0
    while sold < excess:
        k = _cheapest(-book.bid, book.bid_left, taker)
        if k < 0:
            break
        shares = min(excess - sold, book.bid_left[k])
        book.bid_taken[k] += shares
        book.bid_left[k] -= shares
        _record(log, now, order, k, EXCESS, book.bid[k], -shares)
        sold += shares
    return sold


@njit(cache=True)
def _record(
    log: _Log, now: int, order: int, venue: int, reason: int, price: float, shares: float
) -> None:  # pragma: no cover
    i = log.count[0]
    log.count[0] += 1
    if i < len(log.keys):
        log.keys[i, 0], log.keys[i, 1] = now, order
        log.keys[i, 2], log.keys[i, 3] = venue, reason
        log.amounts[i, 0], log.amounts[i, 1] = price, shares
