"""Stepping an order from one due decision to the next.

The clock ticks at an order's start, at every timestamp of the feed and at every slice's start. At
each tick the trades since the last one meet what we have resting, all rows of the timestamp are
applied, bids whose slice is over are cancelled, then one decision is taken, if the book can be
traded on. Before the horizon's end the router decides, from then on the completion.
"""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.clock import step
from sor_opt.backtest.core.executions import Log, buy, sell_excess, settle
from sor_opt.backtest.core.resting import is_open, post
from sor_opt.backtest.core.state import (
    NEVER,
    ROUTED,
    SCHEDULED,
    TICK,
    Inputs,
    Run,
    clear,
    quotes_of,
    set_mid,
)
from sor_opt.backtest.core.transit import hide_flying, send_cancels, send_excess, send_takes
from sor_opt.backtest.replay import COMPLETION, ROUTE
from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import CROSSED, EMPTY, TRADABLE, WIDE, look
from sor_opt.market.feed import Records
from sor_opt.policies.routers.base import NoParameters
from sor_opt.policies.routers.best_ask import split_best_ask
from sor_opt.policies.routers.sweep import split_sweep

OVER, ASK_SCHEDULE, ASK_ROUTER = range(3)
"""Why `advance` came back."""


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
            tradable = _look_and_count(inputs, run, log)
            state.phase = ROUTED
            if tradable and state.remaining > 0:
                if state.now >= state.horizon_end:
                    missing = state.remaining - state.flying
                    if missing > rules.dust:
                        _complete(inputs, run, log, missing)
                else:
                    state.phase = SCHEDULED
                    if rules.ask_schedule:
                        return ASK_SCHEDULE
        if state.phase == SCHEDULED:
            state.phase = ROUTED
            if _is_due(inputs, run, log):
                return ASK_ROUTER
        if tradable and state.remaining <= 0 and not _awaits(inputs, run):
            if state.remaining < 0:
                _give_back(inputs, run, log)
            if state.remaining == 0:
                return OVER
        step(inputs, run, log)
        state.phase = TICK
    return OVER


@inlined
def execute(inputs: Inputs, run: Run, log: Log) -> None:
    """Take what the router takes, and rest what it posts."""
    if inputs.rules.posts:
        post(inputs, run)
    _take(inputs, run, log, ROUTE)


@compiled
def _take(inputs: Inputs, run: Run, log: Log, reason: int) -> None:
    """Take what is written to the venues, up to what is left there."""
    state = inputs.states[run.order]
    if inputs.rules.delayed:
        send_takes(inputs, run, log, reason)
    else:
        bought = buy(log, run, state.now, reason)
        state.remaining = settle(state.remaining, -bought, inputs.rules.dust)


@inlined
def _give_back(inputs: Inputs, run: Run, log: Log) -> None:
    """Sell what was bought too much."""
    state, dust = inputs.states[run.order], inputs.rules.dust
    if inputs.rules.delayed:
        send_excess(inputs, run, log)
    else:
        sold = sell_excess(log, run, -state.remaining, state.now, dust)
        state.remaining = settle(state.remaining, sold, dust)


@inlined
def _awaits(inputs: Inputs, run: Run) -> bool:
    """Whether bids of ours rest, or the router has still to hear of something."""
    state = inputs.states[run.order]
    return is_open(run) or state.first_child < state.end_child


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
def _look_and_count(inputs: Inputs, run: Run, log: Log) -> bool:
    """Look at the book, cancel bids that are over, and say whether there is trading."""
    state, delayed = inputs.states[run.order], inputs.rules.delayed
    if inputs.rules.posts and state.now >= state.bids_end:
        if delayed:
            send_cancels(inputs, run, log)
        else:
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
        if delayed:
            for k in range(len(run.book)):
                hide_flying(run.book[k], run.venues[k].flying)
        else:
            set_mid(state, (bid + ask) / 2, state.now)
    return tradable


@compiled
def _complete(inputs: Inputs, run: Run, log: Log, shares: float) -> None:
    """Buy what a schedule or a slice has left, like the router that completes."""
    quotes, nothing = quotes_of(inputs, run), NoParameters(0)
    takes, posts = run.venues["take"], run.venues["post"]
    clear(run)
    if inputs.rules.sweeps:
        split_sweep(nothing, quotes, shares, takes, posts)
    else:
        split_best_ask(nothing, quotes, shares, takes, posts)
    _take(inputs, run, log, COMPLETION)


@inlined
def _is_due(inputs: Inputs, run: Run, log: Log) -> bool:
    """Set how many shares the router is to send, and say whether there are any.

    A router that posts is asked once per slice, when its earlier bids are known to be over. Where
    that is the rule, what is overdue from earlier slices is completed first and is no part of what
    it is asked for.
    """
    state, rules = inputs.states[run.order], inputs.rules
    before, due = -np.inf, False
    if rules.completes_slices:
        before = state.scheduled_before
        overdue = before - (rules.size - state.remaining + state.flying)
        if overdue > rules.dust:
            _complete(inputs, run, log, overdue)
    if not rules.posts or (state.posted_slice != state.slice and not _has_old_bids(run, state)):
        state.posted_slice = state.slice
        state.due = state.scheduled - max(rules.size - state.remaining + state.flying, before)
        due = state.due > rules.dust
    return due


@inlined
def _has_old_bids(run: Run, state: Records) -> bool:
    """Whether the router has still to hear that its cancelled bids are over."""
    return state.bids_end == NEVER and is_open(run)
