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
from sor_opt.backtest.core.state import ROUTED, SCHEDULED, TICK, Inputs, Run, clear, quotes_of
from sor_opt.backtest.replay import COMPLETION, ROUTE
from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import CROSSED, EMPTY, TRADABLE, WIDE, apply_quote, look
from sor_opt.policies.routers.base import NoParameters
from sor_opt.policies.routers.best_ask import split_best_ask
from sor_opt.policies.routers.sweep import split_sweep

OVER, ASK_SCHEDULE, ASK_ROUTER = range(3)
"""Why `advance` came back."""

_NEVER = np.iinfo(np.int64).max


@compiled
def advance(inputs: Inputs, run: Run, log: Log) -> int:
    """Step to the next moment at which a policy is asked, and execute what needs no asking.

    Returns
    -------
    int
        `OVER`: the order is filled, or its deadline has passed. `ASK_SCHEDULE`: ``scheduled`` is to
        be set. `ASK_ROUTER`: what to take and to post of the shares ``due`` is to be written to
        the venues, and `execute` to be called.
    """
    state, rules = inputs.states[run.order], inputs.rules
    while state.now <= state.deadline:
        tradable = True
        if state.phase == TICK:
            _follow_schedule(inputs, run)
            tradable = _look_and_count(inputs, run)
            state.phase = ROUTED
            if tradable and state.remaining > 0:
                if state.now >= state.horizon_end:
                    _complete(inputs, run, log, state.remaining)
                else:
                    state.phase = SCHEDULED
                    if rules.ask_schedule:
                        return ASK_SCHEDULE
        if state.phase == SCHEDULED:
            state.phase = ROUTED
            if _is_due(inputs, run, log):
                return ASK_ROUTER
        if tradable and state.remaining <= 0 and not is_open(run):
            if state.remaining < 0:
                sold = sell_excess(log, run, -state.remaining, state.now, rules.dust)
                state.remaining = settle(state.remaining, sold, rules.dust)
            if state.remaining == 0:
                return OVER
        _step(inputs, run, log)
        state.phase = TICK
    return OVER


@inlined
def execute(inputs: Inputs, run: Run, log: Log) -> None:
    """Take what the router takes, and rest what it posts."""
    state = inputs.states[run.order]
    if inputs.rules.posts:
        post(inputs, run)
    bought = buy(log, run, state.now, ROUTE)
    state.remaining = settle(state.remaining, -bought, inputs.rules.dust)


@inlined
def _follow_schedule(inputs: Inputs, run: Run) -> None:
    """Find the present slice, and what the schedule asks for."""
    steps, state, length = inputs.steps, inputs.states[run.order], inputs.rules.slice
    if state.now >= state.slice_end and state.now < state.horizon_end:
        start = state.horizon_end - inputs.rules.horizon
        state.scheduled_before = state.scheduled
        state.slice = (state.now - start) // length
        state.slice_start = start + state.slice * length
        state.slice_end = min(state.slice_start + length, state.horizon_end)
    while state.next_step <= state.last_step and steps[state.next_step].ts <= state.now:
        state.scheduled = steps[state.next_step].shares
        state.next_step += 1


@inlined
def _look_and_count(inputs: Inputs, run: Run) -> bool:
    """Look at the book, cancel bids that are over, and say whether there is trading."""
    state = inputs.states[run.order]
    if inputs.rules.posts and state.now >= state.bids_end:
        for k in range(len(run.venues)):
            run.venues[k].resting = 0.0
    bid, ask, condition = look(run.book, state.now, inputs.rules.book)
    state.snapshots += 1
    state.crossed += condition == CROSSED
    state.empty += condition == EMPTY
    state.wide += condition == WIDE
    tradable = condition == TRADABLE
    if tradable:
        state.best_bid, state.best_ask = bid, ask
        state.last_mid, state.last_ts = (bid + ask) / 2, state.now
        if state.arrival_ts < 0:
            state.arrival_mid, state.arrival_ts = state.last_mid, state.now
    return tradable


@compiled
def _complete(inputs: Inputs, run: Run, log: Log, shares: float) -> None:
    """Buy what a schedule or a slice has left, like the router that completes."""
    state, quotes, nothing = inputs.states[run.order], quotes_of(inputs, run), NoParameters(0)
    takes, posts = run.venues["take"], run.venues["post"]
    clear(run)
    if inputs.rules.sweeps:
        split_sweep(nothing, quotes, shares, takes, posts)
    else:
        split_best_ask(nothing, quotes, shares, takes, posts)
    bought = buy(log, run, state.now, COMPLETION)
    state.remaining = settle(state.remaining, -bought, inputs.rules.dust)


@inlined
def _is_due(inputs: Inputs, run: Run, log: Log) -> bool:
    """Set how many shares the router is to send, and say whether there are any.

    A router that posts is asked once per slice. Where that is the rule, what is overdue from
    earlier slices is completed first and is no part of what it is asked for.
    """
    state, rules = inputs.states[run.order], inputs.rules
    before, due = -np.inf, False
    if rules.completes_slices:
        before = state.scheduled_before
        overdue = before - (rules.size - state.remaining)
        if overdue > rules.dust:
            _complete(inputs, run, log, overdue)
    if not rules.posts or state.posted_slice != state.slice:
        state.posted_slice = state.slice
        state.due = state.scheduled - max(rules.size - state.remaining, before)
        due = state.due > rules.dust
    return due


@inlined
def _step(inputs: Inputs, run: Run, log: Log) -> None:
    """Go to the next moment: let prints meet our bids until then, and apply its rows."""
    feed, state = inputs.feed, inputs.states[run.order]
    now = state.slice_end if state.now < state.horizon_end else _NEVER
    if state.row < len(feed):
        now = min(feed[state.row].ts, now)
    if inputs.rules.posts and is_open(run):
        meet(inputs, run, log, min(now, state.deadline))
    while state.row < len(feed) and feed[state.row].ts == now:
        apply_quote(run.book, feed[state.row], inputs.rules.book)
        state.row += 1
    state.now = now
