"""Stepping an order from one due decision to the next.

The clock ticks at an order's start, at every timestamp of the feed and at every slice's start. At
each tick the trades since the last one meet what we have resting, all rows of the timestamp are
applied, bids whose slice is over are cancelled, then one decision is taken, if the book can be
traded on. Before the horizon's end the router decides, from then on the completion.
"""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.executions import Log, buy, sell_excess, settle
from sor_opt.backtest.core.resting import is_open, meet, post
from sor_opt.backtest.core.state import ROUTED, SCHEDULED, TICK, Inputs, Run, quotes_of
from sor_opt.backtest.replay import COMPLETION, ROUTE
from sor_opt.compiled import compiled
from sor_opt.market.book import (
    CROSSED,
    DUST,
    EMPTY,
    TRADABLE,
    WIDE,
    apply_quotes,
    look,
)
from sor_opt.policies.routers.base import NoParameters
from sor_opt.policies.routers.best_ask import split_best_ask
from sor_opt.policies.routers.sweep import split_sweep

OVER, ASK_SCHEDULE, ASK_ROUTER = range(3)
"""Why `advance` came back."""

_NEVER = np.iinfo(np.int64).max
_SWEEP = 0


@compiled
def advance(inputs: Inputs, run: Run, log: Log) -> int:
    """Step to the next moment at which a policy is asked, and execute what needs no asking.

    Returns
    -------
    int
        `OVER`: the order is filled, or its deadline has passed. `ASK_SCHEDULE`: ``scheduled`` is to
        be set. `ASK_ROUTER`: ``takes`` and ``posts`` for the shares ``due`` are to be written, and
        `execute` to be called.
    """
    orders, state = inputs.orders, inputs.states[run.order]
    deadline = orders.deadlines[run.order]
    horizon_end = orders.starts[run.order] + orders.horizon
    while state.now <= deadline:
        tradable = True
        if state.phase == TICK:
            _follow_schedule(inputs, run)
            tradable = _look_and_count(inputs, run)
            state.phase = ROUTED
            if tradable and state.remaining > 0:
                if state.now >= horizon_end:
                    _complete(inputs, run, log, state.remaining)
                else:
                    state.phase = SCHEDULED
                    if inputs.rules.ask_schedule:
                        return ASK_SCHEDULE
        if state.phase == SCHEDULED:
            state.phase = ROUTED
            if _is_due(inputs, run, log):
                return ASK_ROUTER
        if tradable and state.remaining <= 0 and not is_open(run.bids):
            dust = DUST * orders.size
            if state.remaining < 0:
                sold = sell_excess(log, run, -state.remaining, state.now, dust)
                state.remaining = settle(state.remaining, sold, dust)
            if state.remaining == 0:
                return OVER
        _step(inputs, run, log)
        state.phase = TICK
    return OVER


@compiled
def execute(inputs: Inputs, run: Run, log: Log) -> None:
    """Take what the router takes, and rest what it posts."""
    state = inputs.states[run.order]
    if inputs.rules.posts:
        post(inputs, run)
    bought = buy(log, run, state.now, ROUTE)
    state.remaining = settle(state.remaining, -bought, DUST * inputs.orders.size)


@compiled
def _follow_schedule(inputs: Inputs, run: Run) -> None:
    """Find the present slice, and the step of the schedule."""
    orders, steps, state = inputs.orders, inputs.steps, inputs.states[run.order]
    start, now = orders.starts[run.order], state.now
    if now < start + orders.horizon:
        number = (now - start) // orders.slice
        if number != state.slice:
            state.scheduled_before = state.scheduled
            state.slice, state.slice_start = number, start + number * orders.slice
            state.slice_end = min(state.slice_start + orders.slice, start + orders.horizon)
    last = steps.first[run.order + 1] - 1
    while state.step < last and steps.times[state.step + 1] <= now:
        state.step += 1
        state.scheduled = steps.shares[state.step]


@compiled
def _look_and_count(inputs: Inputs, run: Run) -> bool:
    """Look at the book, cancel bids that are over, and say whether there is trading."""
    state = inputs.states[run.order]
    if state.now >= state.bids_end:
        run.bids.left[:] = 0.0
    bid, ask, condition = look(run.book, state.now, inputs.rules.book)
    state.snapshots += 1
    state.crossed += condition == CROSSED
    state.empty += condition == EMPTY
    state.wide += condition == WIDE
    if condition != TRADABLE:
        return False
    state.best_bid, state.best_ask = bid, ask
    state.last_mid, state.last_ts = (bid + ask) / 2, state.now
    if state.arrival_ts < 0:
        state.arrival_mid, state.arrival_ts = state.last_mid, state.now
    return True


@compiled
def _complete(inputs: Inputs, run: Run, log: Log, shares: float) -> None:
    """Buy what a schedule or a slice has left, like the router that completes."""
    state, quotes, nothing = inputs.states[run.order], quotes_of(inputs, run), NoParameters(0)
    if inputs.rules.completion == _SWEEP:
        split_sweep(nothing, quotes, shares, run.takes, run.posts)
    else:
        split_best_ask(nothing, quotes, shares, run.takes, run.posts)
    bought = buy(log, run, state.now, COMPLETION)
    state.remaining = settle(state.remaining, -bought, DUST * inputs.orders.size)


@compiled
def _is_due(inputs: Inputs, run: Run, log: Log) -> bool:
    """Set how many shares the router is to send, and say whether there are any.

    A router that posts is asked once per slice. Where that is the rule, what is overdue from
    earlier slices is completed first and is no part of what it is asked for.
    """
    state, size, rules = inputs.states[run.order], inputs.orders.size, inputs.rules
    dust = DUST * size
    before = -np.inf
    if rules.sweeps:
        before = state.scheduled_before
        overdue = before - (size - state.remaining)
        if overdue > dust:
            _complete(inputs, run, log, overdue)
    if rules.posts:
        if state.posted_slice == state.slice:
            return False
        state.posted_slice = state.slice
    state.due = state.scheduled - max(size - state.remaining, before)
    return bool(state.due > dust)


@compiled
def _step(inputs: Inputs, run: Run, log: Log) -> None:
    """Go to the next moment: let prints meet our bids until then, and apply its rows."""
    orders, feed, state = inputs.orders, inputs.feed, inputs.states[run.order]
    horizon_end = orders.starts[run.order] + orders.horizon
    upcoming = state.slice_end if state.now < horizon_end else _NEVER
    now = min(feed.ts[state.row], upcoming) if state.row < len(feed.ts) else upcoming
    if inputs.rules.posts and is_open(run.bids):
        meet(inputs, run, log, min(now, orders.deadlines[run.order]))
    state.row = apply_quotes(run.book, feed, state.row, now, inputs.rules.book)
    state.now = now
