"""The fast engine: `engine.replay` with the fast allocator, compiled.

It keeps to `engine` execution by execution; tests hold the two equal. Read `engine` first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.base import ROUTE, SWEEP, Market, Replay
from sor_opt.backtest.history import History, past_flows
from sor_opt.backtest.kernel.book import BookState, apply_quotes, look, open_book
from sor_opt.backtest.kernel.changes import Ahead
from sor_opt.backtest.kernel.executions import Log, buy, make_room, sell_excess, settle
from sor_opt.backtest.kernel.memory import FUZZY
from sor_opt.backtest.kernel.placement import Plan, place, touch_of
from sor_opt.backtest.kernel.resting import Resting, is_open, meet, no_bids
from sor_opt.backtest.kernel.saves import Position, restore, save
from sor_opt.backtest.kernel.splits import (
    Asks,
    Rules,
    Static,
    split_ahead,
    split_best_ask,
    split_by_size,
    split_static,
)
from sor_opt.backtest.parallel import dealt, in_threads
from sor_opt.backtest.policies import Policy, Split
from sor_opt.compiled import compiled
from sor_opt.market.book import DUST, Feed
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.placement import check_target
from sor_opt.models.static import check_cells, check_depth

_BEST_ASK = int(Split.BEST_ASK)
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


class Inputs(NamedTuple):
    """What every replay reads."""

    feed: Feed
    orders: _Orders
    rules: Rules
    split: int
    paced: bool


def replay(market: Market, policy: Policy, jobs: int = 1) -> Replay:
    """Replay every order of `market`; what has a cost model is split by the fast allocator.

    `jobs` threads share the orders. Whatever their number, the replay is the same.

    Raises
    ------
    ConfigError
        If a display or an order makes too many chunks.
    DataError, ConfigError
        If the placement policy has too little to learn from (see `past_flows`).
    """
    risk = policy.risk
    excess = risk.lambda_over if policy.split == Split.PLACEMENT else risk.excess_penalty
    penalties = np.tile((risk.shortfall_penalty, excess), (len(market.orders), 1))
    orders, inputs = market.orders, inputs_of(market, policy, penalties)
    # What a policy does not need is None, and not compiled.
    how = static_of(market, policy), _plan(market, policy), None
    mids, counts = np.empty((len(orders), 2)), np.empty((len(orders), 3), dtype=np.int64)

    def play_some(which: IntArray) -> Log:
        """Replay some orders, once more where they make more executions than is usual."""
        log = make_room(_USUAL_EXECUTIONS * len(which))
        play(inputs, *how, which, mids, counts, log)
        if log.total[0] > len(log.keys):
            log = make_room(int(log.total[0]))
            play(inputs, *how, which, mids, counts, log)
        return log

    logs = in_threads(play_some, dealt(len(orders), jobs), jobs)
    keys = np.concatenate([log.keys[: log.total[0]] for log in logs])
    amounts = np.concatenate([log.amounts[: log.total[0]] for log in logs])
    by_order = np.argsort(keys[:, 1], kind="stable")
    return replay_of(keys[by_order], amounts[by_order], mids, counts)


def inputs_of(market: Market, policy: Policy, penalties: FloatArray) -> Inputs:
    """What a market and a policy give, at penalties of shape (orders, 2)."""
    orders, params = market.orders, market.params
    limit = _NO_LIMIT if params.max_quote_age is None else params.max_quote_age
    return Inputs(
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
        int(policy.split),
        policy.paced,
    )


def replay_of(keys: IntArray, amounts: FloatArray, mids: FloatArray, counts: IntArray) -> Replay:
    """What was played, by columns."""
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


def static_of(market: Market, policy: Policy) -> Static | None:
    """The static split, checked against the displays; None where the policy has another."""
    if policy.split != Split.STATIC:
        return None
    static = policy.static
    _check_displays(market, static.step)
    fraction = policy.risk.unit == "fraction"
    return Static(fraction, float(static.step), static.strict, static.relative_to_mid)


def _plan(market: Market, policy: Policy) -> Plan | None:
    if policy.split != Split.PLACEMENT:
        return None
    rules = policy.placement
    _check_displays(market, rules.model.step)
    check_target(market.orders.size, rules.model.step)
    history = past_flows(market, rules.windows)
    _check_cells(market, rules.model.step, history)
    return Plan(
        history,
        market.prints,
        policy.risk.theta_queue,
        policy.risk.unit == "fraction",
        float(rules.model.step),
        rules.model.infinite,
        rules.leftover == "sweep",
        rules.windows.through == "fill",
    )


def _check_displays(market: Market, step: float) -> None:
    deepest = int(np.argmax(market.feed.ask_size))
    venue = market.tape.venues[market.feed.venue[deepest]]
    check_depth(venue, market.feed.ask_size[deepest], step)


def _check_cells(market: Market, step: float, history: History) -> None:
    """Refuse what could become too large a problem at some decision."""
    shown = np.zeros(len(market.tape.venues))
    np.maximum.at(shown, market.feed.venue, market.feed.ask_size)
    posts = len(shown) * np.ceil(market.orders.size / step)
    rungs = int(posts + np.ceil(shown / step).sum())
    check_cells(rungs, int((history.last - history.first).max()))


@compiled
def play(
    inputs: Inputs,
    static: Static | None,
    plan: Plan | None,
    ahead: Ahead | None,
    which: IntArray,
    mids: FloatArray,
    counts: IntArray,
    log: Log,
) -> None:
    """Fill the log, and each order's arrival and last mid, and snapshots, crossed and empty."""
    feed, orders, rules, split, paced = inputs
    sent = np.zeros(orders.standing.shape[1])
    dust = DUST * orders.size
    for order in which:
        seen, tally = mids[order], counts[order]
        seen[:] = np.nan
        tally[:] = 0
        book, bids = open_book(feed, orders.standing[order]), no_bids(len(sent))
        taker, rebate = rules.taker[order], rules.rebate[order]
        asks = Asks(book.ask, book.ask_left, taker, rebate)
        remaining, deadline = orders.size, orders.deadlines[order]
        penalties = orders.penalties[order]
        row = orders.first_row[order]
        start = orders.starts[order]
        horizon_end = start + orders.horizon
        now = timer = start
        if ahead is not None and ahead.saves.depth[0] > 0:
            least = orders.penalties[order, 0] / (1 - FUZZY)
            now, timer, row, log.total[0], remaining = restore(
                ahead.saves, least, ahead.found, book, seen, tally
            )
        while now <= deadline:
            if now >= bids.times[0]:
                bids.left[:] = 0.0
            slice_end = min(timer + rules.slice, horizon_end)
            best_bid, mid = _look_and_count(book, now, rules.max_quote_age, seen, tally)
            if not math.isnan(mid):
                if remaining > 0 and now >= horizon_end:
                    split_best_ask(book, taker, remaining, sent)
                    bought = buy(log, book, sent, now, order, SWEEP)
                    remaining = settle(remaining, -bought, dust)
                elif remaining > 0:
                    due = remaining
                    if plan is not None:
                        remaining, due = _due_in_slice(
                            inputs, log, plan, book, bids, order, now, remaining, sent
                        )
                    elif paced:
                        number = (now - start) // rules.slice
                        due = _scheduled(orders, rules.slice, number) - (orders.size - due)
                    if due > dust:
                        if plan is not None:
                            touch = touch_of(book, taker, rebate, best_bid, mid)
                            place(touch, plan, bids, penalties, due, order, now, slice_end, sent)
                        elif static is None:
                            _split_plainly(split, book, taker, due, sent)
                        elif ahead is None:
                            split_static(asks, static, mid, due, penalties, sent)
                        else:
                            before = ahead.found[0], ahead.found[1]
                            split_ahead(asks, static, mid, due, penalties, sent, ahead)
                            if ahead.found[0] < before[0]:
                                here = Position(now, timer, row, log.total[0], remaining)
                                save(ahead.saves, ahead.found[0], before, here, book, seen, tally)
                        bought = buy(log, book, sent, now, order, ROUTE)
                        remaining = settle(remaining, -bought, dust)
                if remaining < 0 and not is_open(bids):
                    sold = sell_excess(log, book, taker, -remaining, now, order, dust)
                    remaining = settle(remaining, sold, dust)
                if remaining == 0 and not is_open(bids):
                    break
            upcoming = slice_end if timer < horizon_end else _NEVER
            now = min(feed.ts[row], upcoming) if row < len(feed.ts) else upcoming
            if plan is not None and is_open(bids):
                until = min(now, deadline)
                remaining = meet(
                    log, bids, plan.prints, plan.through, until, order, remaining, dust
                )
            row = apply_quotes(book, feed, row, now, rules.refill_all)
            if now == upcoming:
                timer = upcoming


@compiled
def _split_plainly(
    split: int, book: BookState, taker: FloatArray, due: float, sent: FloatArray
) -> None:
    """Split without a cost model."""
    if split == _BEST_ASK:
        split_best_ask(book, taker, due, sent)
    else:
        split_by_size(book, taker, due, sent)


@compiled
def _look_and_count(
    book: BookState, now: int, max_age: int, mids: FloatArray, counts: IntArray
) -> tuple[float, float]:
    """Look at an order's book and count the snapshot; give the best bid and the mid.

    The mid is NaN where there is no trading: a side is empty, or the best bid is above the ask.
    """
    best_bid, best_ask = look(book, now, max_age)
    counts[0] += 1
    counts[1] += best_bid > best_ask
    counts[2] += best_bid == -np.inf or best_ask == np.inf
    if not -np.inf < best_bid <= best_ask < np.inf:
        return best_bid, np.nan
    mid = (best_bid + best_ask) / 2
    mids[1] = mid
    if math.isnan(mids[0]):
        mids[0] = mid
    return best_bid, mid


@compiled
def _scheduled(orders: _Orders, slice_: int, number: int) -> float:
    """Shares that are to be bought by the end of a slice."""
    slices = -(-orders.horizon // slice_)
    if number + 1 >= slices:
        return orders.size
    return float(orders.size * (number + 1) // slices)


@compiled
def _due_in_slice(
    inputs: Inputs,
    log: Log,
    plan: Plan,
    book: BookState,
    bids: Resting,
    order: int,
    now: int,
    remaining: float,
    sent: FloatArray,
) -> tuple[float, float]:
    """Sweep what earlier slices left, if that is the rule; give what remains, and what is due.

    Nothing is due again in a slice whose orders were sent.
    """
    _, orders, rules, _, _ = inputs
    number, dust = (now - orders.starts[order]) // rules.slice, DUST * orders.size
    earlier = _scheduled(orders, rules.slice, number - 1) if plan.sweeps else -np.inf
    overdue = earlier - (orders.size - remaining)
    if overdue > dust:
        split_best_ask(book, rules.taker[order], overdue, sent)
        remaining = settle(remaining, -buy(log, book, sent, now, order, SWEEP), dust)
        look(book, now, rules.max_quote_age)
    if number == bids.times[2]:
        return remaining, 0.0
    bids.times[2] = number
    due = _scheduled(orders, rules.slice, number) - max(orders.size - remaining, earlier)
    return remaining, due
