"""The fast engine: `engine.replay` with the fast allocator, compiled.

It keeps to `engine` execution by execution; tests hold the two equal. Read `engine` first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.base import DUST, EXCESS, ROUTE, SWEEP, Market, Replay
from sor_opt.backtest.kernel.book import BookState, apply_quote, cheapest, look, open_book
from sor_opt.backtest.kernel.changes import Ahead
from sor_opt.backtest.kernel.splits import (
    Route,
    Rules,
    split_best_ask,
    split_by_size,
    split_static,
)
from sor_opt.backtest.policies import Policy, Split
from sor_opt.compiled import compiled
from sor_opt.market.book import Feed
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.model.static import check_depth

_BEST_ASK, _BY_SIZE = int(Split.BEST_ASK), int(Split.BY_SIZE)
_NEVER = np.iinfo(np.int64).max
_NO_LIMIT = -1
_USUAL_EXECUTIONS = 64
"""Room for the log, per order; a replay that needs more is run once more with enough."""


class _Orders(NamedTuple):
    """Parent orders; ``penalties[order] = shortfall, excess`` in the policy's unit."""

    size: float
    horizon: int
    starts: IntArray
    deadlines: IntArray
    first_row: IntArray
    standing: IntArray
    penalties: FloatArray


class _Log(NamedTuple):
    """Executions: ``keys[i] = ts, order, venue, reason``, ``amounts[i] = price, shares``.

    ``total[0]`` of them happened; those beyond the room are counted and not kept.
    """

    keys: IntArray
    amounts: FloatArray
    total: IntArray


def replay(market: Market, policy: Policy) -> Replay:
    """Replay every order of `market`; a static policy is split by the fast allocator.

    Raises
    ------
    ConfigError
        If a display makes too many chunks.
    """
    risk = policy.risk
    penalties = np.tile((risk.shortfall, risk.excess), (len(market.orders), 1))
    return _run(market, policy, penalties, None)


def replay_ahead(
    market: Market, policy: Policy, penalties: FloatArray, ceilings: tuple[float, float]
) -> tuple[Replay, FloatArray]:
    """Replay every order with penalties of its own, and tell how far they can grow without effect.

    Parameters
    ----------
    market : Market
    policy : Policy
        A static one; its `risk` gives the unit alone.
    penalties : float64 array, shape (orders, 2)
        Shortfall (lambda_under + theta_queue) and excess (lambda_over + theta_queue) penalties.
    ceilings : tuple of float
        How far to look ahead, for each.

    Returns
    -------
    Replay
    float64 array, shape (orders, 2)
        Up to where either penalty can grow, the other held, and the order's replay stay the same.
    """
    ahead = Ahead(*ceilings, np.full((len(market.orders), 2), np.inf))
    return _run(market, policy, penalties, ahead), ahead.found


def _run(market: Market, policy: Policy, penalties: FloatArray, ahead: Ahead | None) -> Replay:
    orders, params, static = market.orders, market.params, policy.static
    if policy.split == Split.STATIC:
        deepest = int(np.argmax(market.feed.ask_size))
        venue = market.tape.venues[market.feed.venue[deepest]]
        check_depth(venue, market.feed.ask_size[deepest], static.step)
    limit = _NO_LIMIT if params.max_quote_age is None else params.max_quote_age
    given = (
        market.feed,
        _Orders(
            float(orders.size),
            orders.horizon,
            orders.starts,
            orders.deadlines,
            market.first_row,
            market.standing,
            penalties,
        ),
        Rules(market.taker, market.rebate, limit, params.refill == "every-snapshot", params.slice),
        Route(
            int(policy.split),
            policy.paced,
            policy.risk.unit == "fraction",
            float(static.step),
            static.strict,
            static.relative_to_mid,
        ),
        ahead,
    )
    log = _room(_USUAL_EXECUTIONS * len(orders))
    mids, counts = _replay(*given, log)
    executions = int(log.total[0])
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
    return _Log(
        np.empty((executions, 4), np.int64), np.empty((executions, 2)), np.zeros(1, np.int64)
    )


@compiled
def _replay(
    feed: Feed, orders: _Orders, rules: Rules, route: Route, ahead: Ahead | None, log: _Log
) -> tuple[FloatArray, IntArray]:
    """Fill the log; return arrival and last mids, and counts of snapshots, crossed and empty."""
    n = len(orders.starts)
    mids = np.full((n, 2), np.nan)
    counts = np.zeros((n, 3), dtype=np.int64)
    sent = np.zeros(orders.standing.shape[1])
    dust = DUST * orders.size
    for order in range(n):
        book = open_book(feed, orders.standing[order])
        taker, rebate = rules.taker[order], rules.rebate[order]
        remaining = orders.size
        row = orders.first_row[order]
        start = orders.starts[order]
        horizon_end = start + orders.horizon
        now = timer = start
        while now <= orders.deadlines[order]:
            best_bid, best_ask = look(book, now, rules.max_quote_age)
            counts[order, 0] += 1
            counts[order, 1] += best_bid > best_ask
            counts[order, 2] += best_ask == np.inf
            if best_bid <= best_ask < np.inf:
                mid = (best_bid + best_ask) / 2
                mids[order, 1] = mid
                if math.isnan(mids[order, 0]):
                    mids[order, 0] = mid
                if remaining > 0 and now >= horizon_end:
                    split_best_ask(book, taker, remaining, sent)
                    remaining -= _buy(log, book, sent, now, order, SWEEP)
                elif remaining > 0:
                    due = _due(orders, rules.slice, route.paced, now - start, remaining)
                    if due > dust:
                        if route.split == _BEST_ASK:
                            split_best_ask(book, taker, due, sent)
                        elif route.split == _BY_SIZE:
                            split_by_size(book, taker, due, sent)
                        else:
                            penalties = orders.penalties[order]
                            split_static(
                                book, taker, rebate, route, mid, due, penalties, sent, ahead, order
                            )
                        remaining -= _buy(log, book, sent, now, order, ROUTE)
                if abs(remaining) <= dust:
                    remaining = 0.0
                if remaining < 0:
                    remaining += _sell_excess(log, book, taker, -remaining, now, order)
                if abs(remaining) <= dust:
                    break
            upcoming = min(timer + rules.slice, horizon_end) if timer < horizon_end else _NEVER
            now = min(feed.ts[row], upcoming) if row < len(feed.ts) else upcoming
            while row < len(feed.ts) and feed.ts[row] == now:
                apply_quote(book, feed, row, rules.refill_all)
                row += 1
            if now == upcoming:
                timer = upcoming
    return mids, counts


@compiled
def _due(orders: _Orders, slice_: int, paced: bool, elapsed: int, remaining: float) -> float:
    """Shares that should have been bought by now and are not."""
    if not paced:
        return remaining
    slices = -(-orders.horizon // slice_)
    released = elapsed // slice_ + 1
    scheduled = orders.size
    if released < slices:
        scheduled = orders.size * released // slices
    return scheduled - (orders.size - remaining)


@compiled
def _buy(log: _Log, book: BookState, sent: FloatArray, now: int, order: int, reason: int) -> float:
    """Execute what was sent, up to the display; return the shares bought."""
    bought = 0.0
    for k in range(len(sent)):
        shares = min(sent[k], book.ask_left[k])
        if shares > 0:
            book.ask_taken[k] += shares
            _record(log, now, order, k, reason, book.ask[k], shares)
            bought += shares
    return bought


@compiled
def _sell_excess(
    log: _Log, book: BookState, taker: FloatArray, excess: float, now: int, order: int
) -> float:
    """Give back at the best bids what was bought too much; return the shares sold."""
    sold = 0.0
    while sold < excess:
        k = cheapest(-book.bid, book.bid_left, taker)
        if k < 0:
            break
        shares = min(excess - sold, book.bid_left[k])
        book.bid_taken[k] += shares
        book.bid_left[k] -= shares
        _record(log, now, order, k, EXCESS, book.bid[k], -shares)
        sold += shares
    return sold


@compiled
def _record(
    log: _Log, now: int, order: int, venue: int, reason: int, price: float, shares: float
) -> None:
    i = log.total[0]
    log.total[0] += 1
    if i < len(log.keys):
        log.keys[i, 0], log.keys[i, 1] = now, order
        log.keys[i, 2], log.keys[i, 3] = venue, reason
        log.amounts[i, 0], log.amounts[i, 1] = price, shares
