"""Stepping an order from one due decision to the next.

The clock ticks at an order's start, at every timestamp of the feed and at every slice's start. At
each tick the trades since the last one meet what we have resting, all rows of the timestamp are
applied, bids whose slice is over are cancelled, then one decision is taken, if the book can be
traded on. Before the horizon's end the router decides, from then on the completion. Where orders
or quotes take time, the clock ticks when the router sees rows, and what it sends travels.

What runs at each tick is given records, and not tuples of several arrays: these are counted at
each hand-over, which would take most of the time.
"""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.clock import step, step_delayed
from sor_opt.backtest.core.executions import Log, buy, sell_excess, settle
from sor_opt.backtest.core.impact import quotes_of
from sor_opt.backtest.core.resting import end_bids, is_open, meet_until, post
from sor_opt.backtest.core.state import (
    NEVER,
    ROUTED,
    SCHEDULED,
    TICK,
    Inputs,
    Rules,
    Run,
    clear,
    set_mid,
)
from sor_opt.backtest.core.transit import hide_in_flight, send_cancels, send_excess, send_takes
from sor_opt.backtest.replay import COMPLETION, ROUTE
from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import CROSSED, EMPTY, TRADABLE, WIDE, Book, look
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
            state.phase = ROUTED
            _follow_schedule(state, inputs.steps, rules)
            if rules.posts and state.now >= state.bids_end:
                _cancel(inputs, run, log)
            tradable = _look_and_count(state, run.book, rules)
            if rules.delayed:
                hide_in_flight(run)
            if tradable and state.remaining > 0:
                if state.now >= state.horizon_end:
                    _complete(inputs, run, log, state.remaining - state.in_flight)
                else:
                    state.phase = SCHEDULED
                    if rules.ask_schedule:
                        return ASK_SCHEDULE
        if state.phase == SCHEDULED:
            state.phase = ROUTED
            if rules.completes_slices:
                _complete(inputs, run, log, state.scheduled_before - _committed(state, rules))
            if (not rules.posts or _may_post(run, state)) and _is_due(state, rules):
                return ASK_ROUTER
        if tradable and state.remaining <= 0 and not _awaits(run, state):
            if state.remaining < 0:
                _give_back(inputs, run, log)
            if state.remaining == 0:
                return OVER
        if rules.delayed:
            step_delayed(inputs, run, log)
        else:
            if rules.posts:
                meet_until(inputs, run, log)
            step(state, inputs.feed, run.book, rules.book)
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
        bought = buy(inputs, run, log, reason)
        state.remaining = settle(state.remaining, -bought, inputs.rules.dust)


@compiled
def _give_back(inputs: Inputs, run: Run, log: Log) -> None:
    """Sell what was bought too much."""
    state, dust = inputs.states[run.order], inputs.rules.dust
    if inputs.rules.delayed:
        send_excess(inputs, run, log)
    else:
        sold = sell_excess(log, run, -state.remaining, state.now, dust)
        state.remaining = settle(state.remaining, sold, dust)


@compiled
def _cancel(inputs: Inputs, run: Run, log: Log) -> None:
    """Cancel the bids whose slice is over."""
    if inputs.rules.delayed:
        send_cancels(inputs, run, log)
    else:
        end_bids(run)


@inlined
def _follow_schedule(state: Records, steps: Records, rules: Rules) -> None:
    """Find the present slice, and what the schedule asks for."""
    if state.now >= state.slice_end and state.now < state.horizon_end:
        start = state.horizon_end - rules.horizon
        state.scheduled_before = state.scheduled
        state.slice = (state.now - start) // rules.slice
        state.slice_start = start + state.slice * rules.slice
        state.slice_end = min(state.slice_start + rules.slice, state.horizon_end)
    while state.next_step <= state.last_step and steps[state.next_step].ts <= state.now:
        state.scheduled = steps[state.next_step].shares
        state.next_step += 1


@inlined
def _look_and_count(state: Records, book: Book, rules: Rules) -> bool:
    """Look at the book, and say whether there is trading."""
    bid, ask, condition = look(book, state.now, rules.book)
    state.snapshots += 1
    state.crossed += condition == CROSSED
    state.empty += condition == EMPTY
    state.wide += condition == WIDE
    if condition == TRADABLE:
        state.best_bid, state.best_ask = bid, ask
        if not rules.delayed:
            set_mid(state, (bid + ask) / 2, state.now)
    return bool(condition == TRADABLE)


@compiled
def _complete(inputs: Inputs, run: Run, log: Log, shares: float) -> None:
    """Buy what a schedule or a slice has left, if anything, like the router that completes."""
    if shares <= inputs.rules.dust:
        return
    quotes, nothing = quotes_of(inputs, run), NoParameters(0)
    takes, posts = run.venues["take"], run.venues["post"]
    clear(run)
    if inputs.rules.sweeps:
        split_sweep(nothing, quotes, shares, takes, posts)
    else:
        split_best_ask(nothing, quotes, shares, takes, posts)
    _take(inputs, run, log, COMPLETION)


@inlined
def _committed(state: Records, rules: Rules) -> float:
    """Shares that are bought, and that may be."""
    return float(rules.size - state.remaining + state.in_flight)


@compiled
def _may_post(run: Run, state: Records) -> bool:
    """Whether a router that posts is asked: once per slice, when its earlier bids are over."""
    if state.posted_slice == state.slice or (state.bids_end == NEVER and is_open(run)):
        return False
    state.posted_slice = state.slice
    return True


@inlined
def _is_due(state: Records, rules: Rules) -> bool:
    """Set how many shares the router is to send, and say whether there are any.

    Where earlier slices are completed, what they left is no part of it.
    """
    before = state.scheduled_before if rules.completes_slices else -np.inf
    state.due = state.scheduled - max(_committed(state, rules), before)
    return bool(state.due > rules.dust)


@compiled
def _awaits(run: Run, state: Records) -> bool:
    """Whether bids of ours rest, or the router has still to hear of something."""
    return is_open(run) or state.awaited > 0
